"""Where the sections of a log lie: columns, and the quick way from a line to the section that holds it."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import isnan, nan
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from logsieve.model import Outcome, Section

__all__ = ["Sections"]

_OUTCOMES = tuple(Outcome)
_UNKNOWN = _OUTCOMES.index(Outcome.UNKNOWN)


class Sections(Sequence[Section]):
    """The sections of a log in order of their start, each made when it is asked for: a log may have a million.

    Columns have an entry a section: `starts`, `ends`, `headers` and `parents` (int32) as in Section.
    """

    def __init__(self) -> None:
        self.starts, self.ends, self.headers, self.parents = (array("i") for _ in range(4))
        self._outcomes = array("b")
        self._codes: dict[int, int] = {}  # few have one
        self._seconds = array("d")  # NaN where the log does not tell
        self._kinds = array("H")
        self._words: dict[str, int] = {}  # the kinds, numbered
        self._named: list[str] = []
        self._titles = bytearray()
        self._titled = array("q")  # where each title ends
        self._last: tuple[int, Section | None] = (-1, None)

    # How they are made

    def begin(self, title: str, kind: str, start: int, end: int, parent: int) -> int:
        """Add a section after all others; its index."""
        self.starts.append(start)
        self.ends.append(end)
        self.headers.append(start + 1)
        self.parents.append(parent)
        self._outcomes.append(_UNKNOWN)
        self._seconds.append(nan)
        number = self._words.setdefault(kind, len(self._named))
        if number == len(self._named):
            self._named.append(kind)
        self._kinds.append(number)
        self._titles += title.encode("utf-8", "replace")
        self._titled.append(len(self._titles))
        return len(self.starts) - 1

    def end(self, index: int, outcome: Outcome) -> None:
        """How a section ended."""
        self._outcomes[index] = _OUTCOMES.index(outcome)

    def code(self, index: int, exit_code: int | None) -> None:
        """With which code it did."""
        self._codes.pop(index, None)
        if exit_code is not None:
            self._codes[index] = exit_code

    def took(self, index: int, seconds: float | None) -> None:
        """How long a section took."""
        if seconds is not None:
            self._seconds[index] = seconds

    # What is asked of them

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Section: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Section, ...]: ...
    def __getitem__(self, index: int | slice) -> Section | tuple[Section, ...]:
        if isinstance(index, slice):
            return tuple(map(self._made, range(*index.indices(len(self)))))
        number = range(len(self))[index]
        if self._last[0] != number:  # what is asked of one is asked of it again
            self._last = number, self._made(number)
        assert self._last[1] is not None
        return self._last[1]

    def __iter__(self) -> Iterator[Section]:
        return map(self._made, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(tuple(self))

    def title(self, index: int) -> str:
        """The title of a section."""
        start = self._titled[index - 1] if index else 0
        return self._titles[start : self._titled[index]].decode()

    def kind(self, index: int) -> str:
        """The kind of a section."""
        return self._named[self._kinds[index]]

    def outcome(self, index: int) -> Outcome:
        """How a section ended."""
        return _OUTCOMES[self._outcomes[index]]

    def ended(self, outcome: Outcome) -> NDArray[np.bool_]:
        """Which ended so."""
        which: NDArray[np.bool_] = np.asarray(self._outcomes) == _OUTCOMES.index(outcome)
        return which

    def timeless(self) -> NDArray[np.int64]:
        """The indices of those of which is not known how long they took."""
        return np.flatnonzero(np.isnan(np.asarray(self._seconds)))

    def at(self, line: int) -> int:
        """Index of the innermost section that holds `line`, or -1."""
        index = bisect_right(self.starts, line) - 1
        while index >= 0 and self.ends[index] <= line:
            index = self.parents[index]
        return index

    def outermost(self, line: int) -> int:
        """Index of the outermost section that holds the line, or -1."""
        index = self.at(line)
        return self.chain(index)[-1] if index >= 0 else -1

    def chain(self, index: int) -> list[int]:
        """The section and all it is in, innermost first."""
        found: list[int] = []
        while index >= 0:
            found.append(index)
            index = self.parents[index]
        return found

    @property
    def nbytes(self) -> int:
        """Bytes they take."""
        columns: tuple[array[Any], ...] = (
            *(self.starts, self.ends, self.headers, self.parents),
            *(self._outcomes, self._seconds, self._kinds, self._titled),
        )
        return sum(len(column) * column.itemsize for column in columns) + len(self._titles)

    def _made(self, index: int) -> Section:
        seconds = self._seconds[index]
        return Section(
            self.title(index),
            self.kind(index),
            self.starts[index],
            self.ends[index],
            self.outcome(index),
            self.parents[index],
            self._codes.get(index),
            self.headers[index],
            None if isnan(seconds) else seconds,
        )
