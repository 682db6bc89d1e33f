"""Noise: runs of lines that say nothing new, with the reason why. If unsure, keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logsieve.core.outline import Sections
from logsieve.model import Level, Noise, Outcome

__all__ = ["REPEATS", "find"]

REPEATS = 8  # occurrences in the log from which a shape counts as repetition
LONGEST_TITLE = 40  # characters of a section's title in a reason
REPETITION = "repeats"
_LEVELS = tuple(Level)


def find(
    shapes: NDArray[np.uint64],
    often: NDArray[np.bool_],
    reasons: Sequence[str],
    reason_of: NDArray[np.int16],
    kept: NDArray[np.bool_],
    sections: Sections,
    levels: NDArray[np.int8],
    minimum: int,
    watched: Callable[[Iterable[Any]], Iterable[Any]],
) -> list[Noise]:
    """Runs of at least `minimum` lines that are noise by rule, by repetition, or as a section in which nothing failed.

    `often` marks lines whose shape occurs in the log at least REPEATS times; `reason_of` holds per line the index of
    its noise rule's reason or -1; `kept` marks lines that must stay in sight. `watched` may stop the work.
    """
    count = len(shapes)
    if not count:
        return []
    blank = shapes == 0
    names = [*reasons, REPETITION]
    few = len(names) + len(sections) <= np.iinfo(np.int16).max
    # Without a sign -1, which is no label, is the greatest: not the least of a run. The last entry is no line's.
    label: NDArray[np.signedinteger[Any]] = np.full(count + 1, -1, np.int16 if few else np.int32)
    label[:-1] = reason_of
    label[:-1][often & (reason_of < 0)] = len(reasons)
    in_sight = np.flatnonzero(kept)
    starts, ends = np.asarray(sections.starts) + 1, np.asarray(sections.ends)
    quiet = np.searchsorted(in_sight, starts) == np.searchsorted(in_sight, ends)
    quiet &= ~sections.ended(Outcome.FAILED)
    for number in watched(np.flatnonzero(quiet).tolist()):
        label[starts[number] : ends[number]] = len(names) + number
    noisy = (label[:-1] >= 0) & ~kept & (levels < Level.ERROR)
    label[:-1][~noisy] = -1
    starts, ends = _runs(noisy | (blank & ~kept), blank, minimum)
    bounds = np.stack((starts, ends), axis=1).ravel()
    worst = np.maximum.reduceat(np.append(levels, np.int8(0)), bounds)[::2]
    first = np.minimum.reduceat(label.view(np.uint16 if few else np.uint32), bounds)[::2]
    last = np.maximum.reduceat(label, bounds)[::2]
    found = []
    columns = (column.tolist() for column in (starts, ends, worst, first, last))
    for start, end, level, one, other in watched(zip(*columns, strict=True)):
        labels = [one]
        if one != other:
            inside = slice(start, end)
            labels = [n for n, _ in Counter(label[inside][noisy[inside]].tolist()).most_common(2)]
        said = (names[n] if n < len(names) else _quiet(sections.title(n - len(names))) for n in labels)
        found.append(Noise(start, end, " and ".join(dict.fromkeys(said)), _LEVELS[level]))
    return found


def _quiet(title: str) -> str:
    short = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    return f"in “{short}”, where nothing failed"


def _runs(
    mask: NDArray[np.bool_], blank: NDArray[np.bool_], minimum: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The starts and ends of the runs of at least `minimum` marked lines, without blank lines at either end."""
    starts, ends = _edges(mask)
    first, last = _edges(blank)
    if len(first):
        starts = np.where(blank[starts], last[np.searchsorted(first, starts, side="right") - 1], starts)
        ends = np.where(blank[ends - 1], first[np.searchsorted(first, ends, side="left") - 1], ends)
    long = ends - starts >= minimum
    return starts[long], ends[long]


def _edges(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The starts and ends of all runs of marked lines."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges[::2], edges[1::2]
