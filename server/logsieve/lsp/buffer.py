"""An open document's text as the worker keeps it: UTF-8 in chunks of whole lines, so that edits stay cheap."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Client, Coordinates, Span

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis

__all__ = ["Buffer", "Chunks", "cut", "encoded", "pieces", "unquoted", "whole"]

CHUNK = 1 << 16  # bytes; an edit in a 10 MB text copies and counts this much
_LINE_END = re.compile(rb"[^\\]\\n")  # in JSON; behind a backslash it may be none


class Chunks:
    """Bytes in chunks, sliced as if they were one piece: a text of 100 MB is not copied to be analysed."""

    __slots__ = ("_chunks", "_starts")

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = tuple(chunks)
        self._starts = [0, *accumulate(map(len, self._chunks))]

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, key: slice) -> bytes:
        start, end, _ = key.indices(len(self))
        if start >= end:
            return b""
        i, j = bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)
        first = self._chunks[i][start - self._starts[i] : end - self._starts[i]]
        return (
            first
            if j == i + 1
            else b"".join((first, *self._chunks[i + 1 : j - 1], self._chunks[j - 1][: end - self._starts[j - 1]]))
        )


class Buffer:
    """A text (UTF-8) and the edits to it. Every chunk but the last, which may be empty, ends with a line feed."""

    def __init__(self, chunks: list[bytes], client: Client) -> None:
        self._client = client
        self._chunks = chunks
        self._ends = [client.count_ends(c) for c in self._chunks]

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def count(self) -> int:
        """How many line ends the client sees."""
        return sum(self._ends)

    def add(self, chunks: list[bytes]) -> int:
        """The text, which ends with a line feed, goes on; the offset in bytes from which it does."""
        size = len(self)
        self._chunks[-1:] = chunks
        self._ends[-1:] = [self._client.count_ends(c) for c in chunks]
        return size

    def end(self, at: int) -> tuple[bytes, int]:
        """The text from the line on in which a byte is, and how many of the client's lines are before it."""
        number = 0
        while number + 1 < len(self._chunks) and at >= len(self._chunks[number]):
            at -= len(self._chunks[number])
            number += 1
        first = self._chunks[number]
        start = first.rfind(b"\n", 0, at) + 1
        before = sum(self._ends[:number]) + self._client.count_ends(first[:start])
        return b"".join((first[start:], *self._chunks[number + 1 :])), before

    def data(self) -> Chunks:
        """The whole text as it is now; later edits do not change it."""
        return Chunks(self._chunks)

    def edit(self, span: Span | None, text: bytes) -> int:
        """Put a text in the place of another, or without a span of all; the offset in bytes of what has changed."""
        if span is not None:
            return self.replace(span[:2], span[2:], text)
        self._chunks = cut(text)
        self._ends = [self._client.count_ends(c) for c in self._chunks]
        return 0

    def replace(self, start: tuple[int, int], end: tuple[int, int], text: bytes) -> int:
        """Put a text between two positions (line, column, in the client's units); the offset in bytes of the first."""
        i, a = self._find(*start)
        j, b = self._find(*end)
        if (j, b) < (i, a):  # a client's mistake: the protocol wants start <= end
            (i, a), (j, b) = (j, b), (i, a)
        new = self._chunks[i][:a] + text + self._chunks[j][b:]
        # No position lies behind the line feed that ends a chunk (that is the next one's start), so this one stays.
        chunks = cut(new) if j + 1 == len(self._chunks) else cut(new)[:-1]
        self._chunks[i : j + 1] = chunks
        self._ends[i : j + 1] = [self._client.count_ends(c) for c in chunks]
        return sum(map(len, self._chunks[:i])) + a

    def _find(self, line: int, column: int) -> tuple[int, int]:
        """The chunk and the byte offset in it of a position."""
        for i, ends in enumerate(self._ends):
            if line < ends:
                return i, self._client.offset(self._chunks[i], line, column)
            line -= ends
        last = len(self._chunks) - 1
        # What follows the last line end is a line too; the lines before it are counted off.
        return last, self._client.offset(self._chunks[last], self._ends[last] + line, column)


def whole(analysis: Analysis, _at: Coordinates) -> bytes:
    """The whole text of a document that was put together here."""
    return analysis.text.data[:]


def encoded(text: str) -> bytes:
    """A text as UTF-8: as a `str`, one character that is not of ASCII makes all of it up to four times as long."""
    return text.encode("utf-8", "replace")  # half a surrogate pair becomes "?": as many units as before


def pieces(quoted: memoryview, size: int) -> Iterator[memoryview]:
    """A text as it stands between the quotes of JSON, in pieces of about `size` bytes: whole lines, and the rest."""
    at = 0
    while end := _LINE_END.search(quoted, at + size):
        yield quoted[at : end.end()]
        at = end.end()
    yield quoted[at:]


def unquoted(quoted: memoryview) -> list[bytes]:
    """The chunks of such a text. All of it at once would be a `str` of up to four times its size, and take as much
    longer.
    """
    *lines, last = map(_said, pieces(quoted, CHUNK))
    return lines + cut(last)


def _said(quoted: memoryview) -> bytes:
    try:
        return encoded(json.loads(f'"{str(quoted, "utf-8", "replace")}"', strict=False))
    except ValueError:  # no JSON
        return bytes(quoted).replace(b"\\n", b"\n")


def cut(data: bytes) -> list[bytes]:
    """Chunks of whole lines; the last one, which may be empty, holds what follows the last cut."""
    chunks = []
    at = 0
    while (end := data.find(b"\n", at + CHUNK)) >= 0:
        chunks.append(data[at : end + 1])
        at = end + 1
    if data.endswith(b"\n") and at < len(data):
        chunks.append(data[at:])
        at = len(data)
    chunks.append(data[at:])
    return chunks
