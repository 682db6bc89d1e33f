"""What is found in each distinct message, found once: of the lines of a log, most are there again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Distinct", "Found"]

SLOTS = 1 << 19  # places in which messages are looked up; one that falls on the place of another takes it
MOST = 1 << 18  # messages known at a time: then all are forgotten


@dataclass(frozen=True, eq=False)
class Found:
    """What is found in some messages.

    Columns have an entry a message: `shapes` uint64; `noise` int32, the pattern that calls it noise, or -1. `numbers`
    (int32, of patterns) and `lines` (int64) are the other hits, each pair once, sorted by line, then pattern; `names`
    (bytes, as objects) is what each names.
    """

    shapes: NDArray[np.uint64]
    noise: NDArray[np.int32]
    numbers: NDArray[np.int32]
    lines: NDArray[np.int64]
    names: NDArray[np.object_]


class _Column:
    """An array that grows."""

    def __init__(self, dtype: Any) -> None:
        self._data: NDArray[Any] = np.zeros(1 << 10, dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, more: NDArray[Any]) -> None:
        end = self._length + len(more)
        if end > len(self._data):
            data = np.zeros(max(end, 2 * len(self._data)), self._data.dtype)
            data[: self._length] = self._data[: self._length]
            self._data = data
        self._data[self._length : end] = more
        self._length = end

    @property
    def all(self) -> NDArray[Any]:
        return self._data[: self._length]


class Distinct:
    """The messages seen lately, each a row, and what was found in them.

    They are told apart by Python's own hash of 64 bits, whose key each process draws anew: no log can make two of its
    lines look the same.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._hashes = np.zeros(SLOTS, np.int64)
        self._rows = np.zeros(SLOTS, np.int32)  # counted from 1: 0 is none
        self._shapes, self._noise, self._ignored = _Column(np.uint64), _Column(np.int32), _Column(np.int8)
        self._firsts, self._counts = _Column(np.int32), _Column(np.int32)  # of the hits of each row
        self._numbers, self._names = _Column(np.int32), _Column(object)

    def rows(self, messages: list[bytes], find: Callable[[list[bytes]], Found]) -> NDArray[np.int64]:
        """The row of each of some messages, until the next call. `find` looks at those that are new, each once."""
        if len(self._shapes) > MOST:
            self._forget()
        hashes = np.fromiter(map(hash, messages), np.int64, len(messages))
        places = hashes & (len(self._rows) - 1)
        rows = np.where(self._hashes[places] == hashes, self._rows[places], 0).astype(np.int64) - 1
        new = np.flatnonzero(rows < 0)
        if len(new):
            _, first, which = np.unique(hashes[new], return_index=True, return_inverse=True)
            order = np.argsort(first)  # as in the log
            number = np.empty(len(order), np.int64)
            number[order] = np.arange(len(order)) + len(self._shapes)
            rows[new] = number[which]
            fresh = new[first[order]]
            self._add(find([messages[line] for line in fresh.tolist()]))
            self._hashes[places[fresh]], self._rows[places[fresh]] = hashes[fresh], rows[fresh] + 1
        return rows

    def _add(self, found: Found) -> None:
        counts = np.bincount(found.lines, minlength=len(found.shapes))
        self._firsts.add(len(self._numbers) + np.cumsum(counts) - counts)
        self._counts.add(counts)
        self._shapes.add(found.shapes)
        self._noise.add(found.noise)
        self._ignored.add(np.full(len(found.shapes), -1, np.int8))
        self._numbers.add(found.numbers)
        self._names.add(found.names)

    def found(self, rows: NDArray[np.int64]) -> Found:
        """What was found in the messages of these rows."""
        counts = self._counts.all[rows]
        lines = np.repeat(np.arange(len(rows)), counts)
        at = np.repeat(self._firsts.all[rows] - (np.cumsum(counts) - counts), counts) + np.arange(len(lines))
        return Found(self._shapes.all[rows], self._noise.all[rows], self._numbers.all[at], lines, self._names.all[at])

    def ignored(
        self,
        rows: NDArray[np.int64],
        lines: NDArray[np.int64],
        messages: list[bytes],
        look: Callable[[list[bytes]], NDArray[np.int8]],
    ) -> NDArray[np.int8]:
        """By how much rules do not count on some lines of these messages; `look` says it of those not asked for yet."""
        column = self._ignored.all
        asked, first = np.unique(rows[lines], return_index=True)
        unknown = column[asked] < 0
        if unknown.any():
            column[asked[unknown]] = look([messages[line] for line in lines[first[unknown]].tolist()])
        return column[rows[lines]]
