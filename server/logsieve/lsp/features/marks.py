"""What a log says of the code, shown there: failures on the lines that failed, and how many each test has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from logsieve.lsp.convert import Coordinates, Span, location, path_of, range_of
from logsieve.lsp.features.diagnostics import message_of, severity_of
from logsieve.lsp.views import name_of, place
from logsieve.model import Category, Level

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.codebase import Codebase, Place
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.model import Finding

_NAMES = re.compile(r"\w+")
_ODD = re.compile(r"([][{}*?])")  # what means something in a glob


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding on a line of code, and where the log tells it. `stale`: the code is another one by now."""

    uri: str
    span: Span
    severity: Level
    rule: str
    message: str
    stale: bool
    log: tuple[str, Span]
    number: int  # of the log's line, as the client shows it


@dataclass(frozen=True, slots=True)
class Test:
    """A test (its first line in its file) that failed so often, and where the log tells it."""

    uri: str
    line: int
    count: int
    log_line: int  # 1-based


def marks(
    analysis: Analysis, at: Coordinates, code: Codebase, log: str, is_open: bool, most: int, minimum: str
) -> tuple[list[Mark], list[Test]]:
    """The findings, of at least a severity, that lead to a line of the workspace's code for sure, and the tests that
    failed.
    """
    found: list[Mark] = []
    tests: dict[tuple[str, int], Test] = {}
    for f in [f for f in analysis.findings if f.severity >= Level.of(minimum)][:most]:
        frames = [frame for frame in code.frames(analysis, f) if frame[2].path != path_of(log)]
        if not frames:
            continue
        line, _, where = frames[0]
        number, stale = code.now(analysis, line, where)
        found.append(
            Mark(
                Path(where.path).as_uri(),
                _span(at, code, where, number),
                f.severity,
                f.rule,
                message_of(f),
                stale,
                place(analysis, at, log, f.anchor, is_open),
                at.number(f.anchor),
            )
        )
        if f.category is Category.TEST and (test := _test(code, f, [frame[2] for frame in frames])):
            known = tests.get(test)
            count = f.count + (known.count if known else 0)
            tests[test] = Test(Path(test[0]).as_uri(), test[1], count, known.log_line if known else f.anchor + 1)
    return found, list(tests.values())


def _span(at: Coordinates, code: Codebase, where: Place, number: int) -> Span:
    """From a place's column, or the first letter of its line, to the line's end."""
    lines = code.file(where.path).lines
    text = lines[number - 1] if number <= len(lines) else ""
    column = where.column - 1 if 0 < where.column <= len(text) and number == where.line else _indent(text)
    units = at.client.units
    return number - 1, units(text[:column]), number - 1, units(text)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _test(code: Codebase, finding: Finding, places: list[Place]) -> tuple[str, int] | None:
    """The file and the first line (0-based) of the test that a finding is about, if one of its frames is in it."""
    names = set(_NAMES.findall(f"{finding.subject} {finding.title}"))
    for where in places:
        test, _, _ = code.file(where.path).around(where.line, 1)
        if test and (test.kind == "test" or test.names[-1] in names):
            return where.path, code.line_of(where.path, test) - 1
    return None


class Marks:
    """What is shown in code files now, by the log that tells it. Nothing of a log is left when it is closed."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._marks: dict[str, list[Mark]] = {}
        self._tests: dict[str, list[Test]] = {}
        self._told: list[Test] = []  # those whose lenses the client knows
        self._registered = ""

    async def publish(self, log: str) -> None:
        """Work out what a log says of the code, and show it there."""
        front, settings = self._front, self._front.settings
        marks: list[Mark] = []
        tests: list[Test] = []
        if front.workspace.folders and (settings.source.diagnostics or settings.source.codeLens):
            asked = log, front.is_open(log), settings.diagnostics.max, settings.diagnostics.minimum
            found: tuple[list[Mark], list[Test]] | None = await front.session.ask(
                log, f"{__name__}:marks", *asked, unasked=True, code=True
            )
            marks, tests = found or ([], [])
        self._show(log, marks if settings.source.diagnostics else [])
        self._tests[log] = tests if settings.source.codeLens else []
        await self._register()

    async def closed(self, log: str) -> None:
        """Take back what a log said."""
        self._show(log, [])
        self._marks.pop(log, None)
        if self._tests.pop(log, None):
            await self._register()

    def naming(self, uri: str) -> list[str]:
        """The logs that say something of a file."""
        return [log for log, marks in self._marks.items() if any(mark.uri == uri for mark in marks)]

    def of(self, uri: str) -> list[types.Diagnostic]:
        """What logs say of a file."""
        shown = [(name_of(log), mark) for log, each in self._marks.items() for mark in each if mark.uri == uri]
        return [_diagnostic(name, mark) for name, mark in shown]

    def _show(self, log: str, marks: list[Mark]) -> None:
        before = {mark.uri for mark in self._marks.get(log, ())}
        self._marks[log] = marks
        for uri in before | {mark.uri for mark in marks}:
            self._front.reports.marked(uri)

    # How many failures a test has

    def lenses(self, uri: str) -> list[types.CodeLens]:
        """What is said above the tests of a file."""
        from lsprotocol import types

        from logsieve.lsp import protocol

        found, path = [], path_of(uri)  # clients quote URIs in their own ways
        for log, tests in self._tests.items():
            for test in tests:
                if path_of(test.uri) == path:
                    words = f"{test.count} failure{'' if test.count == 1 else 's'} in {name_of(log)}"
                    command = types.Command(words, protocol.SHOW_LINE, arguments=[log, test.log_line])
                    found.append(types.CodeLens(range_of((test.line, 0, test.line, 0)), command))
        return found

    async def _register(self) -> None:
        """Have the client ask for the lenses of the files that have some, and of no others; anew when they changed."""
        from lsprotocol import types

        from logsieve.lsp import protocol

        front, tests = self._front, [test for tests in self._tests.values() for test in tests]
        can = front.can("text_document.code_lens.dynamic_registration") and protocol.SHOW_LINE in front.commands
        if not can or tests == self._told:
            return
        self._told = tests
        method = types.TEXT_DOCUMENT_CODE_LENS
        if self._registered:
            gone = types.Unregistration(self._registered, method)
            self._registered = ""
            await front.client_unregister_capability_async(types.UnregistrationParams([gone]))
        paths = sorted({path for test in tests if (path := path_of(test.uri))})
        if paths:
            self._registered = str(uuid4())
            selector = [types.TextDocumentFilterPattern(_ODD.sub(r"[\1]", path), scheme="file") for path in paths]
            options = types.CodeLensRegistrationOptions(selector)
            new = types.Registration(self._registered, method, options)
            await front.client_register_capability_async(types.RegistrationParams([new]))


def _diagnostic(log: str, mark: Mark) -> types.Diagnostic:
    from lsprotocol import types

    where = f"{'failed ' if mark.severity is Level.ERROR else ''}in {log}:{mark.number}"
    changed = "; the code has changed since" if mark.stale else ""
    return types.Diagnostic(
        range_of(mark.span),
        f"{mark.message}\n{where}{changed}",
        severity=types.DiagnosticSeverity.Hint if mark.stale else severity_of(mark.severity),
        code=mark.rule,
        source="logsieve",
        tags=[types.DiagnosticTag.Unnecessary] if mark.stale else None,
        related_information=[types.DiagnosticRelatedInformation(location(*mark.log), where)],
    )


async def code_lens(front: Front, params: types.CodeLensParams) -> list[types.CodeLens]:
    """`textDocument/codeLens`."""
    return front.marks.lenses(params.text_document.uri)
