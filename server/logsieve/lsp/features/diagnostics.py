"""Findings as diagnostics, the root cause first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates, Span, location, range_of
from logsieve.lsp.views import View, log_of, place
from logsieve.model import Level

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.model import Finding

RELATED = 20  # other places shown for one finding; an editor lists them all


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding as shown: where its message stands, and the other places that belong to it."""

    index: int
    span: Span
    severity: Level
    rule: str
    message: str
    related: tuple[tuple[str, Span, str], ...]  # URI, place and why


def problems(analysis: Analysis, at: Coordinates, log: str, is_open: bool, most: int, minimum: str) -> list[Problem]:
    """The `most` most important findings of at least the severity `minimum` ("error", "warning" or "info").

    In a view those on lines that it shows.
    """
    least = Level.of(minimum)
    shown = [
        (i, f)
        for i, f in enumerate(analysis.findings)
        if f.severity >= least and (not isinstance(at, View) or at.shows(f.anchor))
    ][:most]
    return [
        Problem(
            i,
            at.message(analysis, f.anchor),
            f.severity,
            f.rule,
            message_of(f),
            tuple((*place(analysis, at, log, r.line, is_open), r.why) for r in f.related[:RELATED]),
        )
        for i, f in shown
    ]


def message_of(f: Finding) -> str:
    """What is said of a finding."""
    both = f"{f.title}\n{f.message}"
    text = f.title if not f.message or f.message in f.title else f.message if f.title in f.message else both
    return f"{text} (and {f.count - 1} more)" if f.count > 1 else text


def severity_of(level: Level) -> types.DiagnosticSeverity:
    """The protocol's word for a severity."""
    from lsprotocol import types

    severities = {Level.ERROR: types.DiagnosticSeverity.Error, Level.WARNING: types.DiagnosticSeverity.Warning}
    return severities.get(level, types.DiagnosticSeverity.Information)


async def of(front: Front, uri: str) -> list[types.Diagnostic]:
    """The diagnostics of a document, or of a view."""
    found: list[Problem] | None = await front.session.ask(
        uri, f"{__name__}:problems", *_asked(front, uri), unasked=True
    )
    return [_diagnostic(p, numbered=True) for p in found or ()]


async def of_end(front: Front, uri: str, before: Sequence[types.Diagnostic]) -> list[types.Diagnostic] | None:
    """What the end of a long text says, while the whole is worked out; above it stays what was there `before`. None
    where it says nothing.
    """
    found: tuple[int, list[Problem]] | None = await front.session.ask(
        uri, f"{__name__}:problems_of_end", *_asked(front, uri), unasked=True, end=True
    )
    if not found or not found[1]:
        return None
    first, problems = found
    above = [d for d in before if d.range.end.line < first]
    return above + [_diagnostic(p, numbered=False) for p in problems]


async def diagnostic(
    front: Front, params: types.DocumentDiagnosticParams
) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
    """`textDocument/diagnostic`, of clients that were offered it."""
    if not front.reports.pulled:
        from pygls.exceptions import JsonRpcMethodNotFound

        raise JsonRpcMethodNotFound.of("textDocument/diagnostic")
    return await front.reports.pull(params.text_document.uri, params.previous_result_id)


def _asked(front: Front, uri: str) -> tuple[str, bool, int, str]:
    log, shown = log_of(uri), front.settings.diagnostics
    return log, front.is_open(log), shown.max, shown.minimum


def problems_of_end(
    analysis: Analysis, at: Coordinates, log: str, is_open: bool, most: int, minimum: str
) -> tuple[int, list[Problem]]:
    """The client's first line of the end of a text, and what was found from there on."""
    return at.first(0), problems(analysis, at, log, is_open, most, minimum)


def _diagnostic(problem: Problem, numbered: bool) -> types.Diagnostic:
    from lsprotocol import types

    return types.Diagnostic(
        range_of(problem.span),
        problem.message,
        severity=severity_of(problem.severity),
        code=problem.rule,
        source="logsieve",
        related_information=[
            types.DiagnosticRelatedInformation(location(uri, span), why) for uri, span, why in problem.related
        ],
        data={"index": problem.index} if numbered else None,  # the whole log's findings are numbered otherwise
    )
