"""All knowledge of the client's coordinates: its units of columns, what ends its lines, the way to and from LogText's.

LSP counts a lone carriage return (CR) as a line end, and columns in UTF-8, UTF-16 or UTF-32 units; LogText neither.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from logsieve.core.analysis import Analysis
    from logsieve.text import LogText

__all__ = ["Client", "Coordinates", "Encoding", "Span", "parts_of", "path_of"]

Encoding = Literal["utf-8", "utf-16", "utf-32"]
# First line, first column, last line, last column (exclusive): the client's own numbers.
Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Client:
    """How a client counts: the units of its columns, and whether a lone CR ends a line for it.

    `numbers`: the text of views has the numbers of the log's lines, because the client does not show them beside it.
    `refreshes`: it reads views again when told to, so that they may show what is known so far.
    """

    encoding: Encoding = "utf-16"
    cr_ends_line: bool = True
    numbers: bool = True
    refreshes: bool = False

    @classmethod
    def of(cls, name: str | None, encoding: str | None, numbers: bool = True, refreshes: bool = False) -> Client:
        """What is known of a client by its name: Neovim keeps a lone CR within its line, others follow the protocol."""
        known: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}
        return cls(known.get(encoding or "", "utf-16"), name != "Neovim", numbers, refreshes)

    def units(self, text: str) -> int:
        """The length of a text in the client's units."""
        if self.encoding == "utf-32" or text.isascii():
            return len(text)
        if self.encoding == "utf-8":
            return len(text.encode("utf-8", "replace"))
        return len(text) + sum(c > "\uffff" for c in text)

    def index(self, text: str, units: int) -> int:
        """The index of the character at a column of a line; within one means before it, past the end the end."""
        if self.encoding == "utf-32" or text.isascii():
            return min(units, len(text))
        if self.encoding == "utf-8":
            return len(text.encode("utf-8")[:units].decode("utf-8", "ignore"))
        return len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))

    def count_ends(self, data: bytes) -> int:
        """How many line ends the client sees in whole lines of UTF-8."""
        import numpy as np

        ends = int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n")))  # a third of the time of `count`
        if self.cr_ends_line and b"\r" in data:
            ends += data.count(b"\r") - data.count(b"\r\n")
        return ends

    def next_line(self, data: bytes, at: int) -> tuple[int, int]:
        """Where the line that begins at a byte offset ends, without and with its line end."""
        end = data.find(b"\n", at)
        after = len(data) if end < 0 else end + 1
        end = len(data) if end < 0 else end
        if not self.cr_ends_line:
            return end, after
        first = data.find(b"\r", at, end)
        if first < 0:
            return end, after
        return (first, after) if first == end - 1 and after > end else (first, first + 1)

    def offset(self, data: bytes, line: int, column: int) -> int:
        """The byte offset of a position in UTF-8 text; beyond the line means its end, beyond the text its end."""
        at = 0
        for _ in range(line):
            end, after = self.next_line(data, at)
            if end == after:
                return len(data)
            at = after
        end, _ = self.next_line(data, at)
        raw = data[at:end]
        if raw.isascii():
            return at + min(column, len(raw))
        text = raw.decode("utf-8")
        return at + len(text[: self.index(text, column)].encode("utf-8"))


class Coordinates:
    """The client's positions in one text. What comes in is LogText's: 0-based, columns of `LogText.text(line)`.

    The text may be the end of a document: `before` counts the client's lines that precede it there. `packed`: no editor
    can show the text itself, for it is unpacked here.
    """

    def __init__(self, text: LogText, client: Client, before: int = 0, packed: bool = False) -> None:
        self.text = text
        self.client = client
        self.packed = packed
        self._before = before

    @cached_property
    def _firsts(self) -> NDArray[np.int64] | None:
        """int64 [lines]: the client's line on which each line begins; None where both count alike."""
        return self._counted(lambda: None)

    def prepare(self, look: Callable[[], object], ends: int | None = None) -> None:
        """Count lines now, and not when the first position is asked for; not at all where it is known that the client
        sees as many line `ends` as there are. `look` is called now and then.
        """
        last = self.text.data[-1:] not in (b"", b"\n")  # the last line has no end
        self._firsts = None if ends == len(self.text) - last else self._counted(look)

    def _counted(self, look: Callable[[], object]) -> NDArray[np.int64] | None:
        if not self.client.cr_ends_line:
            return None
        import numpy as np

        found = [np.zeros(0, np.int64)]
        for start, end in self.text.chunks():
            look()
            data = self.text.raw_bytes(start, end)
            if b"\r" in data:
                view = np.frombuffer(data, np.uint8)
                returns = np.flatnonzero(view == 13)
                places = returns + self.text.starts[start]
                # The newline after the very last byte is none of the text's.
                found.append(places[(view[returns + 1] != 10) | (places + 1 == len(self.text.data))])
        look()
        lone = np.concatenate(found)
        if not len(lone):
            return None
        starts = self.text.starts[:-1]
        firsts: NDArray[np.int64] = np.arange(len(starts)) + np.searchsorted(lone, starts)
        return firsts

    def first(self, line: int) -> int:
        """The client's line on which a line begins."""
        return self._before + (line if self._firsts is None else int(self._firsts[line]))

    def last(self, line: int) -> int:
        """The client's line on which a line ends."""
        return self.first(line) + (0 if self._firsts is None else self.text.text(line).count("\r"))

    def number(self, line: int) -> int:
        """The number (1-based) that the client shows before a line."""
        return self.first(line) + 1

    def line(self, line: int) -> int:
        """The line that holds a line of the client; the last one for lines past the end, -1 in an empty text."""
        line -= self._before
        if self._firsts is None:
            return min(line, len(self.text) - 1)
        import numpy as np

        return int(np.searchsorted(self._firsts, line, side="right")) - 1

    def position(self, line: int, column: int) -> tuple[int, int]:
        """The client's line and column of a character."""
        before = self.text.text(line)[:column]
        at = self.first(line)
        if self._firsts is not None:
            at += before.count("\r")
            before = before[before.rfind("\r") + 1 :]
        return at, self.client.units(before)

    def message(self, analysis: Analysis, line: int) -> Span:
        """Where a line's message (its text without envelope and escapes) stands in the client's document."""
        view = analysis.line(line)
        shown = view.text.rstrip()
        message = view.message.strip()
        start = shown.rfind(message) if message else 0
        first = self.position(line, self.text.raw_column(line, max(start, 0)))
        if not shown:
            return (*first, *first)
        return (*first, *self.position(line, self.text.raw_column(line, len(shown) - 1) + 1))

    def within(self, analysis: Analysis, line: int, start: int, end: int) -> Span | None:
        """Where the characters start..end of a line's message stand; None where they are not shown."""
        from logsieve.text import LONGEST

        view = analysis.line(line)
        before = min(len(view.text), LONGEST) - len(view.message)
        start, end = before + start, before + min(end, len(view.message))
        last = self.text.raw_column(line, end - 1) + 1
        return (*self.position(line, self.text.raw_column(line, start)), *self.position(line, last))

    def lines(self, start: int, end: int) -> Span:
        """Whole lines start..end (half-open, at least one), from the first one's first column to the last one's end."""
        last = max(start, end - 1)
        return (self.first(start), 0, *self.position(last, len(self.text.text(last))))


def parts_of(uri: str) -> SplitResult:
    """The parts of a URI; of what is none all is its path."""
    try:
        return urlsplit(uri)
    except ValueError:
        return SplitResult("", "", uri, "", "")


def path_of(uri: str) -> str | None:
    """The path a `file:` URI names on this machine; None for any other scheme, for another host's files, and where no
    file can have that name.
    """
    parts = parts_of(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    from urllib.request import url2pathname

    path = url2pathname(parts.path)
    try:
        return None if b"\0" in os.fsencode(path) else path
    except UnicodeEncodeError:  # half a character
        return None


def location(uri: str, span: Span) -> Any:
    """The protocol's Location of a span."""
    from lsprotocol import types

    return types.Location(uri, range_of(span))


def range_of(span: Span) -> Any:
    """The protocol's Range of a span."""
    from lsprotocol import types

    return types.Range(types.Position(span[0], span[1]), types.Position(span[2], span[3]))
