"""Where else a log names what the cursor is on."""

from __future__ import annotations

from typing import Any

import pytest

from engine import analysed
from logsieve.lsp.convert import Client as Counting
from logsieve.lsp.convert import Coordinates
from logsieve.lsp.features import references
from lsp.client import Client, span

URI = "untitled:Untitled-1"
LOG = (
    "request 9f8c-1a2b begins\n"
    "😀 \x1b[31m9f8c-1a2b\x1b[0m says 9f8c-1a2bc and x9f8c-1a2b\n"
    "error: 9f8c-1a2b failed\rerror: 9f8c-1a2b failed again\n"
    "ok 12\n"
)


def at(text: str, counting: Counting | None = None) -> tuple[Any, Coordinates]:
    analysis = analysed(text)
    return analysis, Coordinates(analysis.text, counting or Counting())


def test_a_word_is_found_as_a_whole_wherever_it_stands() -> None:
    analysis, here = at(LOG)
    wanted = [(0, 8, 0, 17), (1, 8, 1, 17), (2, 7, 2, 16), (3, 7, 3, 16)]  # an emoji is two units, a CR ends a line
    for line, column in ((0, 8), (0, 17), (1, 12), (3, 10)):
        found = references.references(analysis, here, URI, True, line, column)
        assert found == [(URI, span) for span in wanted]
        assert references.highlights(analysis, here, line, column) == wanted


@pytest.mark.parametrize(("line", "column"), [(4, 4), (4, 0), (0, 7 + 11), (9, 0), (0, 999)])
def test_short_words_and_nothing_are_not_looked_for(line: int, column: int) -> None:
    text = LOG.replace("begins", "")
    analysis, here = at(text)
    assert references.references(analysis, here, URI, True, line, column) == []
    assert references.references(*at(""), URI, True, 0, 0) == []


def test_a_time_is_one_word() -> None:
    """The part of it that all lines of an hour have would light up the whole log."""
    time = "2026-11-21T00:11:50.0702325Z"
    analysis, here = at(f"{time} begins\n2026-11-21T00:11:51.1Z goes on\n{time} says 2026-11-21T00\n")
    for column in (0, 15, 28):
        assert references.highlights(analysis, here, 0, column) == [(0, 0, 0, 28), (2, 0, 2, 28)]


def test_there_are_no_more_places_than_anyone_reads() -> None:
    analysis, here = at("abc-1 " * 200 + "\n" + "abc-1\n" * 3000)
    found = references.references(analysis, here, URI, True, 0, 1)
    assert len(found) == references.MOST
    assert sum(place[1][0] == 0 for place in found) == references.OF_ONE_LINE
    assert max(span[0] for span in references.highlights(analysis, here, 500, 1)) <= 500 + references.AROUND


async def test_over_the_wire_in_logs_and_in_views(server: Client) -> None:
    server.open(URI, LOG)
    await server.settled(URI)
    here = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 9}}
    found = await server.request("textDocument/references", {**here, "context": {"includeDeclaration": True}})
    assert [f["range"] for f in found][:2] == [span(0, 8, 0, 17), span(1, 8, 1, 17)]
    assert {f["uri"] for f in found} == {URI}
    assert len(await server.request("textDocument/documentHighlight", here)) == 4
    view = (await server.request("logsieve/reducedView", {"uri": URI}))["uri"]
    rows = (await server.request("workspace/textDocumentContent", {"uri": view}))["text"].split("\n")
    here = {"textDocument": {"uri": view}, "position": {"line": 0, "character": rows[0].index("9f8c")}}
    found = await server.request("textDocument/references", {**here, "context": {"includeDeclaration": True}})
    assert [(f["uri"], f["range"]["start"]["line"]) for f in found] == [(view, n) for n in range(3)]
    assert [h["range"]["start"]["line"] for h in await server.request("textDocument/documentHighlight", here)] == [
        0,
        1,
        2,
    ]
