"""What one scan finds on some lines of a log, as columns: it can be cut, joined and sent to another process."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Messages", "Part", "joined"]

_COLUMNS = (np.uint64, np.int8, np.int16, np.int8, np.int32, np.int32, np.uint32)  # of Part, in its order


class Messages:
    """The messages of lines `start` to `end`. The bytes begin with that of line `first`, cut when first asked."""

    def __init__(self, start: int, end: int, data: bytes, first: int, breaks: array[int]) -> None:
        self.start, self.end = start, end
        self._data, self._first, self._breaks = data, first, breaks

    def lines(self, start: int, end: int) -> bytes | None:
        """The messages of lines start..end with newlines between them, None where it has not all."""
        if end > self.end:
            return None
        if not self._breaks:
            self._breaks.append(-1)
            self._breaks.frombytes(np.flatnonzero(np.frombuffer(self._data, np.uint8) == 10).tobytes())
        return self._data[self._breaks[start - self._first] + 1 : self._breaks[end - self._first]]

    def moved(self, by: int, start: int, end: int) -> Messages:
        """The same lines, counted from another one, as far as they lie between two."""
        first, last = max(self.start + by, start), min(self.end + by, end)
        return Messages(first, last, self._data, self._first + by, self._breaks)

    def __len__(self) -> int:
        return len(self._data) if self.start < self.end else 0


@dataclass(frozen=True, eq=False)
class Part:
    """What is found on some lines of a log, counted from the first of them.

    Columns have an entry a line: `shapes` uint64; `levels` int8; `reason_of` int16, index into the reasons of noise or
    -1; `ignored` int8, the specificity (0 to 100) below which rules do not count there. `numbers` (int32, of patterns)
    and `lines` (int32) are the hits of all but noise and ignores, each pair once, sorted by line, then pattern;
    `names` is what the patterns of sections and outcomes name there, one hit's after the other's: the texts of its
    groups, each ended by a newline; nothing where the line is too long to look. `sizes` (uint32): the bytes of each.
    """

    shapes: NDArray[np.uint64]
    levels: NDArray[np.int8]
    reason_of: NDArray[np.int16]
    ignored: NDArray[np.int8]
    numbers: NDArray[np.int32]
    lines: NDArray[np.int32]
    sizes: NDArray[np.uint32]
    names: bytes | bytearray
    messages: tuple[Messages, ...] = ()

    def __len__(self) -> int:
        return len(self.shapes)

    def cut(self, start: int, end: int) -> Part:
        """Lines start..end of it."""
        a, b = np.searchsorted(self.lines, (start, end))
        first = int(self.sizes[:a].sum())
        return Part(
            self.shapes[start:end],
            self.levels[start:end],
            self.reason_of[start:end],
            self.ignored[start:end],
            self.numbers[a:b],
            self.lines[a:b] - np.int32(start),
            self.sizes[a:b],
            self.names[first : first + int(self.sizes[a:b].sum())],
            tuple(filter(len, (m.moved(-start, 0, end - start) for m in self.messages))),
        )

    @property
    def nbytes(self) -> int:
        """Bytes it takes."""
        columns = (self.shapes, self.levels, self.reason_of, self.ignored, self.numbers, self.lines, self.sizes)
        return sum(column.nbytes for column in columns) + len(self.names) + sum(map(len, self.messages))

    def below(self, count: int) -> Part:
        """The same below `count` lines of which nothing is known; they take next to no memory."""

        def below(column: NDArray[Any]) -> NDArray[Any]:
            made = np.zeros(count + len(column), column.dtype)
            made[count:] = column
            return made

        reason_of = below(self.reason_of)
        reason_of[:count] = -1
        return replace(
            self,
            shapes=below(self.shapes),
            levels=below(self.levels),
            reason_of=reason_of,
            ignored=below(self.ignored),
            lines=self.lines + np.int32(count),
            messages=tuple(m.moved(count, count, count + len(self)) for m in self.messages),
        )

    def without_messages(self) -> Part:
        """The same, to be sent elsewhere."""
        return replace(self, messages=())


def joined(parts: Iterable[Part]) -> Part:
    """Parts that follow each other, as one. Of a long log they would take as much again: none is kept."""
    columns = tuple(bytearray() for _ in _COLUMNS)
    names = bytearray()
    messages: list[Messages] = []
    count = 0
    for part in parts:
        lines = part.lines + np.int32(count)
        of_part: tuple[NDArray[Any], ...] = (
            part.shapes,
            part.levels,
            part.reason_of,
            part.ignored,
            part.numbers,
            lines,
            part.sizes,
        )
        for column, values in zip(columns, of_part, strict=True):
            column += values.data
        names += part.names
        messages += (m.moved(count, 0, count + len(part)) for m in part.messages)
        count += len(part)
    made: list[Any] = [np.frombuffer(column, kind) for column, kind in zip(columns, _COLUMNS, strict=True)]
    made += names, tuple(messages)
    return Part(*made)
