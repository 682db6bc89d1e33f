"""What stands around a line, as numbers: what its neighbours say, how often it is said, where in the run it is said."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "features"]

DULL = -3.0  # what a blank line says at most
NOWHERE = -5000  # lines to the best finding where there is none

Floats = NDArray[np.float32]


class Columns(NamedTuple):
    """What is known of consecutive lines beside their text; of shape [lines], one entry a line.

    `outcomes` says how its section ended: 1 failed, -1 passed, 0 unknown; `ends` is its section's end. `findings` and
    `blocks` are what packs know of it: the score of its finding, the specificity of its block, 0 where there is none.
    `ended` is the line that says how the run ended.
    """

    occurrences: NDArray[np.int64]
    levels: NDArray[np.int8]
    outcomes: NDArray[np.int8]
    ends: NDArray[np.int64]
    findings: Floats
    blocks: Floats
    noise: NDArray[np.bool_]
    ended: int


def features(said: Floats, messages: list[bytes], columns: Columns, packs: bool) -> Floats:
    """float32 of shape [lines, features], of what the lines say by themselves (float32 of shape [lines]) and of what is
    known of them; without what packs know on request.
    """
    count = len(said)
    number = np.arange(count)
    blank = np.array([not message.strip() for message in messages], bool)
    said = np.where(blank, np.minimum(said, DULL), said)
    near = _mean(said, 5)
    after = columns.ended - number
    found = [
        *(said, _moved(said, 1), _moved(said, -1), _most(said, 2), _mean(said, 2), near, _most(said, 10)),
        *(_mean(said, 20), said - said.max(), said - np.quantile(said, 0.95), near - near.max()),
        *(np.log1p(columns.occurrences), np.log1p(count - 1 - number), number / count, np.full(count, np.log(count))),
        *(np.sign(after) * np.log1p(np.abs(after)), columns.outcomes, np.log1p(np.maximum(0, columns.ends - number))),
        *(columns.levels, np.array([min(20, len(m) - len(m.lstrip())) for m in messages]) / 8),
        *(np.log1p([len(m) for m in messages]), _moved(blank, 1), _moved(blank, -1)),
    ]
    if packs:
        found += [columns.findings / 50, columns.blocks / 50, columns.noise]
        found += [_most(columns.blocks, 3) / 50, _mean(columns.findings, 3) / 50, *_beside(columns.findings)]
    return np.stack(found, 1).astype(np.float32)


def _beside(findings: Floats) -> list[NDArray[np.generic]]:
    """How each line's finding stands beside the log's others, and where the line stands beside the best of them."""
    number = np.arange(len(findings))
    best = findings.max(initial=0)
    scores, rank = np.unique(-findings, return_inverse=True)
    lines = np.flatnonzero(findings == best) if best else number[:0]
    is_best = (findings == best) & (best > 0)
    apart = np.full(len(findings), NOWHERE)
    if len(lines):
        apart = np.maximum(0, number - lines[-1]) - np.maximum(0, lines[0] - number)
    return [
        *(is_best, np.sign(apart) * np.log1p(np.abs(apart)), np.where(findings > 0, np.minimum(rank, 20), 30)),
        *(np.full(len(findings), best / 50), (findings - best) / 50, np.full(len(findings), float(len(scores)))),
        *(_most(findings, 3) / 50, _most(findings, 10) / 50, _mean(is_best.astype(np.float32), 10)),
        np.full(len(findings), np.log1p(len(lines))),
    ]


def _moved(column: NDArray[np.generic], by: int) -> NDArray[np.generic]:
    """Of each line the entry of the line before it (1) or behind it (-1), 0 where there is none."""
    out = np.zeros_like(column)
    if by > 0:
        out[by:] = column[:-by]
    else:
        out[:by] = column[-by:]
    return out


def _mean(column: Floats, beside: int) -> Floats:
    """The mean of each entry and so many on either side."""
    sums = np.cumsum(np.concatenate([[0.0], np.pad(column, beside, mode="edge")]))
    width = 2 * beside + 1
    means: Floats = ((sums[width:] - sums[:-width]) / width).astype(np.float32)
    return means


def _most(column: Floats, beside: int) -> Floats:
    """The largest of each entry and so many on either side."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(column, beside, mode="edge"), 2 * beside + 1)
    largest: Floats = windows.max(1)
    return largest
