"""Where else a log names what the cursor is on: an id, a path, a test; and the same among the lines around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates, Span, location, range_of
from logsieve.lsp.views import View, log_of, place

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.text import LogText

MOST = 1000  # places that are told
OF_ONE_LINE = 50
SHORTEST, LONGEST = 3, 200  # characters of what is looked for
AROUND = 2000  # lines before and after the cursor that are highlighted in: more than an editor shows

# A time is one word: its first half is that of all lines of an hour.
_WORD = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]{0,12}+Z?+|[\w-]{1,1000}+")
_ESCAPE = re.compile(r"\x1b\[[0-9;]{0,24}[A-Za-z]")  # ends with a letter, which is none of the word after it
_ESCAPED = re.compile(rb"\x1b\[[0-9;]{0,24}[A-Za-z]\Z")
_EDGE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") | frozenset(range(128, 256))


def word_at(at: Coordinates, line: int, column: int) -> str:
    """The word at a position of the client's, empty where none is there that could be looked for."""
    if isinstance(at, View):
        shown, margin = at.row(line) if 0 <= line < at.height else ("", 0)
        if at.client.index(shown, column) < margin:
            return ""
    else:
        number = at.line(line)
        if number < 0:
            return ""
        whole = at.text.text(number)
        frames = whole.split("\r") if at.client.cr_ends_line else [whole]
        shown = frames[line - at.first(number)] if 0 <= line - at.first(number) < len(frames) else ""
    here = at.client.index(shown, column)
    if "\x1b" in shown:
        shown = _ESCAPE.sub(lambda escape: " " * len(escape[0]), shown)
    before = max(0, here - LONGEST)
    words = (w for w in _WORD.finditer(shown, before, here + LONGEST) if w.start() <= here <= w.end())
    found = next(words, None)
    return found[0] if found and SHORTEST <= len(found[0].strip("-")) <= LONGEST else ""


def references(
    analysis: Analysis, at: Coordinates, log: str, is_open: bool, line: int, column: int
) -> list[tuple[str, Span]]:
    """URI and span of each place of the log that holds the word at a position; those of views are whole messages."""
    word = word_at(at, line, column)
    if not word:
        return []
    found = _places(analysis.text, word, 0, len(analysis.text))
    if isinstance(at, View) or not is_open:
        lines = dict.fromkeys(number for number, _, _ in found)
        return [place(analysis, at, log, number, is_open) for number in lines]
    return [(log, (*at.position(number, start), *at.position(number, end))) for number, start, end in found]


def highlights(analysis: Analysis, at: Coordinates, line: int, column: int) -> list[Span]:
    """The spans of the word at a position in the lines around it."""
    word = word_at(at, line, column)
    if not word:
        return []
    if isinstance(at, View):
        return list(_in_view(at, word))[:MOST]
    number = at.line(line)
    start, end = max(0, number - AROUND), min(len(analysis.text), number + AROUND)
    return [(*at.position(n, a), *at.position(n, b)) for n, a, b in _places(analysis.text, word, start, end)]


def _places(text: LogText, word: str, start: int, end: int) -> list[tuple[int, int, int]]:
    """Line, first and last column (exclusive) of each place of a word as a whole in lines start..end."""
    import numpy as np

    wanted = word.encode("utf-8", "replace")
    places: list[tuple[int, int, int]] = []
    for first, last in text.chunks(start, end):
        data = text.raw_bytes(first, last)
        base = int(text.starts[first])
        line, of_line = -1, 0
        for offset in _offsets(data, wanted):
            number = int(np.searchsorted(text.starts, base + offset, side="right")) - 1
            line, of_line = number, of_line + 1 if number == line else 1
            if of_line <= OF_ONE_LINE:
                before = data[int(text.starts[number]) - base : offset].decode("utf-8", "replace")
                places.append((number, len(before), len(before) + len(word)))
                if len(places) == MOST:
                    return places
    return places


def _offsets(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        begins = at == 0 or data[at - 1] not in _EDGE or _ESCAPED.search(data, max(0, at - 28), at)
        if begins and (end == len(data) or data[end] not in _EDGE):
            yield at
        at = data.find(wanted, end)


def _in_view(at: View, word: str) -> Iterator[Span]:
    units = at.client.units
    for row in range(at.height):
        shown, margin = at.row(row)
        if at.shown_on(row) is not None:
            for found in _WORD.finditer(shown, margin):
                if found[0] == word:
                    yield row, units(shown[: found.start()]), row, units(shown[: found.end()])


async def references_of(front: Front, params: types.ReferenceParams) -> list[types.Location]:
    """`textDocument/references`."""
    uri, here = params.text_document.uri, params.position
    log = log_of(uri)
    asked = (log, front.is_open(log), here.line, here.character)
    found = await front.session.ask(uri, f"{__name__}:references", *asked, unasked=True)
    return [location(*place) for place in found or ()]


async def document_highlight(front: Front, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    """`textDocument/documentHighlight`."""
    from lsprotocol import types

    here = params.position
    asked = (here.line, here.character)
    found = await front.session.ask(
        params.text_document.uri, f"{__name__}:highlights", *asked, unasked=True, ready=True
    )
    return [types.DocumentHighlight(range_of(span), types.DocumentHighlightKind.Text) for span in found or ()]
