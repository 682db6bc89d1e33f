"""Shapes: the message without digits, hashed. Equal shapes are the same event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import xxhash
from numpy.typing import NDArray

__all__ = ["repeated", "shapes"]

MANY = 1 << 16  # lines whose shapes are not counted all at once
_DIGITS = b"0123456789"


def shapes(messages: bytes) -> NDArray[np.uint64]:
    """The shape of each line of `messages` (each ended by a newline): uint64 of shape [lines], 0 where blank."""
    digest = xxhash.xxh3_64_intdigest
    lines = messages.translate(None, _DIGITS).split(b"\n")[:-1]
    return np.fromiter((digest(line) if line.strip() else 0 for line in lines), np.uint64, len(lines))


def repeated(
    column: NDArray[np.uint64], lines: NDArray[np.int64], least: int, watched: Callable[[range, int], Iterable[int]]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """How often the shapes of some `lines` occur in a log whose shapes are the `column`: int32 of shape [lines]; and on
    which of all its lines, but blank ones, there are shapes that do so at least `least` times. `watched` may stop the
    work.
    """
    blank = column == 0
    counted = np.full(len(lines), np.count_nonzero(blank), np.int32)
    often = np.zeros(len(column), bool)
    # What takes several times the memory of its lines looks at a sixteenth of them at a time, where they are many.
    groups = 16 if len(column) > MANY else 1
    kinds = column.view(np.uint8)[::8] & (groups - 1)
    kinds[blank] = groups
    asked = kinds[lines]
    for kind in watched(range(groups), 1):
        at = np.flatnonzero(kinds == kind)
        _, inverse, counts = np.unique(column[at], return_inverse=True, return_counts=True)
        often[at] = (counts >= least)[inverse]
        here = np.flatnonzero(asked == kind)
        counted[here] = counts[inverse[np.searchsorted(at, lines[here])]]
    return counted, often
