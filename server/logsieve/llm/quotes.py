"""Where a quote stands: in the log, and in the code that went along, both as they were sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from logsieve.core.render import Log, render, visible
from logsieve.llm.prompt import inert
from logsieve.model import Excerpt, Piece
from logsieve.text import LogText

__all__ = ["BELOW", "NOWHERE", "PLACEHOLDER", "WORD", "Code", "Lookup", "Source", "pieces_of"]

LONGEST = 2000  # characters of a quote, and of the log line around it, that are compared
BELOW = 3  # lines below the one a quote begins on that it may go on to
ANCHOR = 8  # words of a quote that are searched for; where they stand, all of it is compared
PLACES = 2000  # lines where those words stand that are compared
FEW = 50  # lines that are compared without a search
ALIKE = 80  # percent of likeness from which a wrong quote is said to differ from the line it cites
NOWHERE = -1

PLACEHOLDER = re.compile(r"<(secret|email|ip|user):\d+>")
_ELLIPSIS = re.compile(r"\[\.\.\.[^\]]*\]|\.\.\.|…")
_GAP = "\0"
_DROPPED = re.compile(r"[\"'`“”‘’\\]")  # models change quotes, and escape
WORD = re.compile(r"\w+")


class Code(NamedTuple):
    """Lines of a file that went along: its path in the workspace, its URI (empty where none is to be linked), the
    number of the first line (1-based), and the lines as they were sent.
    """

    path: str
    uri: str
    first: int
    lines: Sequence[str]


class Source:
    """Finds quotes in code."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self._rows = [_plain(line) for line in code.lines]
        name = re.escape(code.path.rpartition("/")[2])
        self._named = re.compile(
            rf"(?<![\w.-]){name}[\"'`)]{{0,3}}(?::|#L|,?\s(?:(?:at|on|in)\s)?[Ll]ines?\s)(\d{{1,7}})(?:\s?[-–]\s?L?(\d{{1,7}}))?"
        )
        self._before = re.compile(rf"\s*(?:[^\s:]*[/\\])?{name}:\d{{1,7}}(?::\d{{1,7}})?[\s:|>-]*")

    def named(self, text: str) -> list[tuple[int, int]]:
        """The lines of the file that a text names: the first and the last one of each place."""
        return [(int(m[1]), int(m[2] or m[1])) for m in self._named.finditer(text)]

    def find(self, quote: str) -> Iterator[int]:
        """The lines (1-based) where a quote begins, which may have its place before it."""
        pieces = pieces_of(self._before.sub("", quote, count=1) if self._before.match(quote) else quote)
        if any(pieces):
            for number in range(len(self._rows)):
                if any(_stands(pieces, self._rows[number : number + 1 + below]) for below in (0, BELOW)):
                    yield self.code.first + number


class Lookup:
    """Finds quotes in the log."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def find(self, pieces: Sequence[str], start: int, end: int) -> int:
        """The line among start..end where the pieces stand one after the other, or -1."""
        if not any(pieces):
            return start
        places = self._places(pieces, start, end)
        found = (line for below in (0, BELOW) for line in places if self._begins(pieces, line, below))
        return next(found, NOWHERE)

    def is_like(self, quote: str, start: int, end: int) -> bool:
        """Whether lines start..end are nearly what is quoted."""
        from rapidfuzz import fuzz

        said, there = _plain(quote), " ".join(row[:LONGEST] for row in self._sent(start, end, {}))
        return len(said) <= 2 * len(there) and fuzz.partial_ratio(said, there, score_cutoff=ALIKE) > 0

    def _places(self, pieces: Sequence[str], start: int, end: int) -> Sequence[int]:
        """The lines among start..end that are worth a look."""
        if end - start <= FEW:
            return range(start, end)
        words = max((WORD.findall(piece)[:ANCHOR] for piece in pieces), key=lambda found: sum(map(len, found)))
        hits = islice(_candidates(self._log.text, words, start, end), PLACES) if words else ()
        return list(dict.fromkeys(n for hit in hits for n in range(max(start, hit - BELOW), hit + 1)))

    def _begins(self, pieces: Sequence[str], line: int, below: int) -> bool:
        """Whether the pieces stand one after the other in a line, and so many below it."""
        end = min(len(self._log.text), line + 1 + below)
        cut: dict[int, tuple[int, int]] = {}
        shown: list[str] = []
        for number in range(line, end):
            there = self._log.text.clean(number)
            if len(there) > 2 * LONGEST:
                cut[number] = _window(there, pieces)
            shown.append(_plain(there[slice(*cut.get(number, (None, None)))]))
        # What only stands there when its secrets are seen is no evidence: the model has not seen them.
        return _stands(pieces, shown) and _stands(pieces, self._sent(line, end, cut))

    def _sent(self, start: int, end: int, cut: Mapping[int, tuple[int, int]]) -> list[str]:
        """Lines start..end as the model got them."""
        excerpt = Excerpt((Piece(start, end, "", dict(cut)),), (), 0, 0)
        rows = render(excerpt, self._log).text.removesuffix("\n").split("\n")
        return list(map(_plain, rows))


def pieces_of(quote: str) -> list[str]:
    """What stands between the ellipses and placeholders of a quote, as it is compared; empty at an end that is open."""
    whole = _ELLIPSIS.sub(_GAP, PLACEHOLDER.sub(_GAP, quote[:LONGEST]))
    pieces = [_plain(piece) for piece in whole.split(_GAP)]
    return [piece for index, piece in enumerate(pieces) if piece or index in (0, len(pieces) - 1)]


def _plain(text: str) -> str:
    return " ".join(_DROPPED.sub("", inert(visible(text))).split())


def _stands(pieces: Sequence[str], rows: Sequence[str]) -> bool:
    """Whether the first piece begins in the first row, and the others stand behind it, there or below."""
    row, column = 0, 0
    for index, piece in enumerate(pieces):
        if not piece:
            continue
        edges = index == 0, index == len(pieces) - 1  # those that are the quote's own: no number goes on there
        first = not any(pieces[:index])
        found = _place(piece, rows, range(row, row + 1 if first else len(rows)), column, edges)
        if found is None:
            return False
        row, column = found
    return True


def _place(
    piece: str, rows: Sequence[str], among: Sequence[int], column: int, edges: tuple[bool, bool]
) -> tuple[int, int] | None:
    """Where a piece ends (row, column) that begins in one of some rows; it may go on in the next that is not empty."""
    for row in among:
        text = rows[row]
        column = column if row == among[0] else 0
        at = text.find(piece, column)
        while at >= 0:
            if _is_whole(text, at, at + len(piece), edges):
                return row, at + len(piece)
            at = text.find(piece, at + 1)
        below = next((n for n in range(row + 1, len(rows)) if rows[n]), None)
        if below is None:
            continue
        for match in re.finditer(" ", piece):
            space = match.start()
            start = len(text) - space
            if start >= column and text.endswith(piece[:space]) and _is_whole(text, start, len(text), edges):
                found = _place(piece[space + 1 :], rows, (below,), 0, (False, edges[1]))
                if found:
                    return found
    return None


def _is_whole(text: str, start: int, end: int, edges: tuple[bool, bool]) -> bool:
    """Whether no number goes on at an edge: `exit code 1` is not in `exit code 137`, nor `3 passed` in `13 passed`."""
    left = edges[0] and text[start].isdigit() and re.search(r"\d[.,]?$", text[max(0, start - 2) : start])
    return not left and not (edges[1] and text[end - 1].isdigit() and re.match(r"[.,]?\d", text[end : end + 2]))


def _window(line: str, pieces: Sequence[str]) -> tuple[int, int]:
    """What of a long line is compared: around the words with which the first piece begins."""
    words = next((words for piece in pieces if (words := WORD.findall(piece)[:ANCHOR])), [])
    found = re.search(r"\W+".join(map(re.escape, words)), line)
    at = found.start() if found else 0
    return max(0, at - LONGEST), min(len(line), at + LONGEST)


def _candidates(log: LogText, words: Sequence[str], start: int, end: int) -> Iterator[int]:
    """The lines among start..end where these words stand one after the other, whatever is between."""
    look = re.compile(rb"[^0-9A-Za-z_]+".join(re.escape(word.encode()) for word in words))
    for first, last in log.chunks(start, end):
        data = log.clean_bytes(first, last)
        line, at = first, 0
        for match in look.finditer(data):
            line += data.count(b"\n", at, match.start())
            at = match.start()
            yield line
