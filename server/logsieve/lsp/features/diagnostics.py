"""Findings as diagnostics, the root cause first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates, Span, location, range_of
from logsieve.model import Level

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front

RELATED = 20  # other places shown for one finding; an editor lists them all


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding as shown: where its message stands, and the other places that belong to it."""

    index: int
    span: Span
    severity: Level
    rule: str
    message: str
    related: tuple[tuple[Span, str], ...]


def problems(analysis: Analysis, at: Coordinates, most: int, minimum: str) -> list[Problem]:
    """The `most` most important findings of at least the severity `minimum` ("error", "warning" or "info")."""
    least = Level.of(minimum)
    shown = [(i, f) for i, f in enumerate(analysis.findings) if f.severity >= least][:most]
    return [
        Problem(
            i,
            at.message(analysis, f.anchor),
            f.severity,
            f.rule,
            _message(f.title, f.message, f.count),
            tuple((at.message(analysis, r.line), r.why) for r in f.related[:RELATED]),
        )
        for i, f in shown
    ]


def _message(title: str, message: str, count: int) -> str:
    text = title if not message or message in title else message if title in message else f"{title}\n{message}"
    return f"{text} (and {count - 1} more)" if count > 1 else text


async def publish(front: Front, uri: str, version: int | None, *, end: bool = False) -> None:
    """Work out a document's diagnostics and send them; with `end` those of the end of a long one, if it has any."""
    from lsprotocol import types

    shown = front.settings.diagnostics
    found: list[Problem] | None = await front.session.ask(
        uri, f"{__name__}:problems", shown.max, shown.minimum, unasked=True, end=end
    )
    if end and not found:
        return
    related = bool(front.can("text_document.publish_diagnostics.related_information"))
    items = [_diagnostic(uri, p, related, numbered=not end) for p in found or ()]
    front.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, items, version))


def _diagnostic(uri: str, problem: Problem, related: bool, numbered: bool) -> types.Diagnostic:
    from lsprotocol import types

    severities = {Level.ERROR: types.DiagnosticSeverity.Error, Level.WARNING: types.DiagnosticSeverity.Warning}
    return types.Diagnostic(
        range_of(problem.span),
        problem.message,
        severity=severities.get(problem.severity, types.DiagnosticSeverity.Information),
        code=problem.rule,
        source="logsieve",
        related_information=[
            types.DiagnosticRelatedInformation(location(uri, span), why) for span, why in problem.related
        ]
        if related
        else None,
        data={"index": problem.index} if numbered else None,  # the whole log's findings are numbered otherwise
    )
