"""Whatever a text is made of, what is said about it lies within it, in order and nested, as the client counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import analysed
from logsieve.codebase import Codebase, names
from logsieve.core.analysis import Analysis
from logsieve.lsp import views
from logsieve.lsp.convert import Client, Coordinates, Span
from logsieve.lsp.features import (
    actions,
    diagnostics,
    findings,
    folding,
    hints,
    hover,
    noise,
    status,
    symbols,
    tokens,
    view,
)
from lsp.test_convert import ENCODINGS, units

CONTROLS = [
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\r\r\n",
    "\x1b[31m",
    "\x1b[0m",
    "\x1b[1G",
    "\x08",
    "\x00",
    "\x0c",
    "\u2028",
    "\ufeff",
    "\t",
]
WORDS = ["😀", "e\u0301", "`", "x" * 300, "=" * 20, "2024-05-01T10:00:00Z "]
LINES = [
    "##[group]Run x",
    "##[endgroup]",
    "##[error]y 😀",
    "::error file=a.c,line=3::z",
    "error: boom",
    "warning: old",
    "Traceback (most recent call last):",
    '  File "a.py", line 3, in f',
    "ValueError: no",
    "\n".join(["Downloading a-1.0.whl (3 kB)"] * 6),
    "make: *** [a.o] Error 1",
    "  at f (a.js:1:2)",
]
PIECES = [*CONTROLS, *WORDS, *(f"{line}\n" for line in LINES)]
texts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
LOG = "file:///a/b.log"
clients = st.builds(Client, st.sampled_from(ENCODINGS), st.booleans())


@settings(deadline=None, max_examples=150)
@given(clients, texts)
def test_what_is_said_lies_within_the_text(client: Client, text: str) -> None:
    analysis = analysed(text)
    at = Coordinates(analysis.text, client)
    lines = re.split("\r\n|\n|\r" if client.cr_ends_line else "\n", text)
    widths = [units(line, client.encoding) for line in lines]

    def check(span: Span) -> None:
        assert (0, 0) <= span[:2] <= span[2:]
        assert span[2] < len(widths)
        assert span[1] <= widths[span[0]]
        assert span[3] <= widths[span[2]]

    for problem in diagnostics.problems(analysis, at, LOG, True, 200, "info"):
        check(problem.span)
        for uri, span, _ in problem.related:
            assert uri == LOG
            check(span)
    for item in findings.items(analysis, at, LOG, True, 200, lambda _: None):
        for place in (item, *item["places"]):
            assert place["location"][0] == LOG
            check(place["location"][1])
            assert at.line(place["location"][1][0]) == place["line"]
    check_symbols(symbols.symbols(analysis, at, 200, "info"), check)
    check_tokens(tokens.tokens(analysis, at, 0, len(lines)), widths)
    for row, column, _, _ in hints.hints(analysis, at, 0, len(lines)):
        check((row, column, row, column))
    check_folds(folding.folds(analysis, at, 5000), len(lines))
    for run in noise.runs(analysis, at):
        assert 0 <= run["start"] <= run["end"] < len(lines)
    for line in range(len(lines) + 2):
        if found := hover.hover_at(analysis, at, Codebase(()), line, 0, markdown=True):
            check(found[1])
            assert line >= len(lines) or found[1][0] <= line <= found[1][2]
        actions.finding_at(analysis, at, line, line + 1)
    for line in range(len(analysis.text)):
        for reference in names(analysis, line):
            if named := at.within(analysis, line, reference.start, reference.end):
                check(named)
    assert status.summary(analysis, at, 4000).lines == len(analysis.text)


@settings(deadline=None, max_examples=150)
@given(clients, texts, st.booleans(), st.integers(0, 90))
def test_what_is_said_in_a_view_lies_within_it(client: Client, text: str, reduced: bool, start: int) -> None:
    analysis = analysed(text)
    at = Coordinates(analysis.text, client)
    with mock.patch.multiple(views, LINES=8, STEP=4, LARGE=0):
        shown = (views.Reduced(LOG, 60) if reduced else views.Window(LOG, start)).view(analysis, at)
        check_view(analysis, at, shown)


def check_view(analysis: Analysis, at: Coordinates, shown: views.View) -> None:
    rows = shown.content().split("\n")

    def check(span: Span) -> None:
        assert (0, 0) <= span[:2] <= span[2:]
        assert span[2] < len(rows)
        assert span[1] <= units(rows[span[0]], at.client.encoding)
        assert span[3] <= units(rows[span[2]], at.client.encoding)

    for problem in diagnostics.problems(analysis, shown, LOG, False, 200, "info"):
        check(problem.span)
    check_tokens(tokens.tokens(analysis, shown, 0, len(rows)), [units(row, at.client.encoding) for row in rows])
    for row, column, _, _ in hints.hints(analysis, shown, 0, len(rows)):
        check((row, column, row, column))
    for row, content in enumerate(rows):
        number = re.match(r" *(\d+) \|", content)
        assert shown.shown_on(row) == (int(number[1]) - 1 if number else None)
        for is_open in (True, False):
            if found := view.behind(analysis, shown, LOG, row, is_open):
                check_place(analysis, at, shown.beyond.get(row, shown.line(row)), is_open, *found)
        if found := hover.hover_at(analysis, shown, Codebase(()), row, 0, markdown=True):
            check(found[1])
            assert found[1][0] <= row <= found[1][2]
        actions.finding_at(analysis, shown, row, row + 1)
        line = shown.line(row)
        for reference in names(analysis, line) if number else ():
            if named := shown.within(analysis, line, reference.start, reference.end):
                check(named)
                assert named[0] == named[2] == row
        for step in (-1, 0, 1):
            if analysis.findings:
                told = findings.failure(analysis, shown, LOG, False, row, step)
                line = analysis.findings[told["index"]].anchor
                if told["location"][0] == shown.uri:
                    check(told["location"][1])
                    assert shown.shown_on(told["location"][1][0]) == line
                else:
                    check_place(analysis, at, line, False, *told["location"])


def check_place(analysis: Analysis, at: Coordinates, line: int, is_open: bool, uri: str, span: Span) -> None:
    """A place in the log itself, or in a window."""
    if is_open:
        assert uri == LOG
        assert at.line(span[0]) == line
        return
    window = views.parse(uri)
    assert isinstance(window, views.Window)
    shown = window.view(analysis, at)
    assert shown.uri == uri
    assert shown.shown_on(span[0]) == line


def check_symbols(found: Sequence[symbols.Symbol], check: object, within: Span | None = None) -> None:
    for symbol in found:
        check(symbol.span)  # type: ignore[operator]  # the function above
        assert symbol.name.strip()
        assert symbol.span[:2] <= symbol.head[:2] <= symbol.head[2:] <= symbol.span[2:]
        assert within is None or within[:2] <= symbol.span[:2] <= symbol.span[2:] <= within[2:]
        check_symbols(symbol.children, check, symbol.span)


def check_tokens(data: Sequence[int], widths: Sequence[int]) -> None:
    """Five numbers each, relative to the token before, of which each lies behind the last one and in its line."""
    row = start = end = 0
    for down, along, length, kind, modifiers in zip(*[iter(data)] * 5, strict=True):
        assert down >= 0
        assert length > 0
        row, start, end = row + down, along if down else start + along, 0 if down else end
        assert start >= end
        end = start + length
        assert end <= widths[row]
        assert kind < len(tokens.LEGEND)
        assert modifiers < 1 << len(tokens.MODIFIERS)


def check_folds(found: Sequence[folding.Fold], lines: int) -> None:
    assert len({f.start for f in found}) == len(found)
    open_until: list[int] = []
    for fold in sorted(found, key=lambda f: f.start):
        assert 0 <= fold.start < fold.end < lines
        while open_until and open_until[-1] < fold.start:
            open_until.pop()
        assert not open_until or fold.end <= open_until[-1]
        open_until.append(fold.end)
