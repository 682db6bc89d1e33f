"""Shapes: the message without digits, hashed. Equal shapes are the same event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import xxhash
from numpy.typing import NDArray

__all__ = ["occurrences", "shapes"]

MANY = 1 << 16  # lines whose shapes are not counted all at once
_DIGITS = b"0123456789"


def shapes(messages: bytes) -> NDArray[np.uint64]:
    """The shape of each line of `messages` (each ended by a newline): uint64 of shape [lines], 0 where blank."""
    digest = xxhash.xxh3_64_intdigest
    lines = messages.translate(None, _DIGITS).split(b"\n")[:-1]
    return np.fromiter((digest(line) if line.strip() else 0 for line in lines), np.uint64, len(lines))


def occurrences(column: NDArray[np.uint64], watched: Callable[[range, int], Iterable[int]]) -> NDArray[np.int32]:
    """How often the shape of each line occurs in the log: int32 of shape [lines]. `watched` may stop the work."""
    found = np.empty(len(column), np.int32)
    blank = column == 0
    found[blank] = np.count_nonzero(blank)
    # What takes several times the memory of its lines looks at a sixteenth of them at a time, where they are many.
    groups = 16 if len(column) > MANY else 1
    kinds = column.view(np.uint8)[::8] & (groups - 1)
    kinds[blank] = groups
    for kind in watched(range(groups), 1):
        lines = np.flatnonzero(kinds == kind)
        _, inverse, counts = np.unique(column[lines], return_inverse=True, return_counts=True)
        found[lines] = counts[inverse]
    return found
