"""The outline: sections with their outcome, and the failures inside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates, Span, location, range_of
from logsieve.lsp.views import name_of, parse, place
from logsieve.model import Finding, Level, Outcome, Section, duration_text

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front

MOST = 5000  # symbols; outlines beyond that are slow in every editor, and nobody reads them


@dataclass(slots=True)
class Symbol:
    """An entry of the outline; `head` lies within `span`."""

    name: str
    detail: str
    failure: bool
    span: Span
    head: Span
    children: list[Symbol] = field(default_factory=list)


def symbols(analysis: Analysis, at: Coordinates, most: int, minimum: str) -> list[Symbol]:
    """The outline, in the order of the log. `most` and `minimum` choose the failures, as for diagnostics."""
    least = Level.of(minimum)
    shown = sorted((f for f in analysis.findings if f.severity >= least), key=lambda f: -f.score)[:most]
    sections = {i: _section(at, s) for i, s in enumerate(analysis.sections[: MOST - len(shown)])}
    parents = analysis.sections.parents
    roots = [(sections[i].span[0], sections[i]) for i in sections if parents[i] not in sections]
    for i, symbol in sections.items():
        if (parent := parents[i]) in sections:
            sections[parent].children.append(symbol)
    for f in sorted(shown, key=lambda f: f.anchor):
        symbol = _failure(analysis, at, f, analysis.sections[f.section] if f.section in sections else None)
        if f.section in sections:
            sections[f.section].children.append(symbol)
        else:
            roots.append((symbol.span[0], symbol))
    for symbol in sections.values():
        symbol.children.sort(key=lambda s: s.span[:2])
    return [symbol for _, symbol in sorted(roots, key=lambda r: r[0])]


def _section(at: Coordinates, section: Section) -> Symbol:
    detail = "" if section.outcome is Outcome.UNKNOWN else section.outcome.value
    if section.exit_code:
        detail = f"{detail}, exit code {section.exit_code}".lstrip(", ")
    detail = f"{detail}, {duration_text(section.seconds)}".strip(", ")
    span = at.lines(section.start, section.end)
    return Symbol(section.title or section.kind, detail, False, span, at.lines(section.start, section.start + 1))


def _failure(analysis: Analysis, at: Coordinates, finding: Finding, within: Section | None) -> Symbol:
    start = max(finding.start, within.start) if within else finding.start
    end = min(finding.end, within.end) if within else finding.end
    detail = finding.category.value + (f" ({finding.count} times)" if finding.count > 1 else "")
    span = at.lines(start, max(end, start + 1))
    head = at.message(analysis, finding.anchor)
    inside = span[:2] <= head[:2] and head[2:] <= span[2:]
    return Symbol(finding.title or finding.rule, detail, True, span, head if inside else span)


async def document_symbol(
    front: Front, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
    """`textDocument/documentSymbol`: a tree, or a flat list for clients that know no tree."""
    uri = params.text_document.uri
    if parse(uri):  # the log has an outline, views of it have none
        return []
    shown = front.settings.diagnostics
    found: list[Symbol] = (
        await front.session.ask(uri, f"{__name__}:symbols", shown.max, shown.minimum, unasked=True) or []
    )
    kind = _kind(front, "text_document.document_symbol")
    if front.can("text_document.document_symbol.hierarchical_document_symbol_support"):
        return [_nested(s, kind) for s in found]
    return [flat for s in found for flat in _flat(uri, s, None, kind)]


def _kind(front: Front, feature: str) -> types.SymbolKind:
    """What failures are: events; of clients that know only the kinds that the protocol began with, strings."""
    from lsprotocol import types

    known = front.can(f"{feature}.symbol_kind.value_set") or ()
    return types.SymbolKind.Event if types.SymbolKind.Event in known else types.SymbolKind.String


def _nested(symbol: Symbol, kind: types.SymbolKind) -> types.DocumentSymbol:
    from lsprotocol import types

    return types.DocumentSymbol(
        symbol.name,
        kind if symbol.failure else types.SymbolKind.Namespace,
        range_of(symbol.span),
        range_of(symbol.head),
        detail=symbol.detail or None,
        children=[_nested(child, kind) for child in symbol.children],
    )


def _flat(uri: str, symbol: Symbol, container: str | None, kind: types.SymbolKind) -> list[types.SymbolInformation]:
    from lsprotocol import types

    shown = kind if symbol.failure else types.SymbolKind.Namespace
    own = types.SymbolInformation(location(uri, symbol.span), symbol.name, shown, container_name=container)
    return [own, *(flat for child in symbol.children for flat in _flat(uri, child, symbol.name, kind))]


@dataclass(frozen=True, slots=True)
class Failure:
    """A finding of a log, and where that is shown: in the log itself, or in a window of it."""

    title: str
    rule: str
    uri: str
    span: Span


def failures(
    analysis: Analysis, at: Coordinates, log: str, is_open: bool, most: int, minimum: str, words: list[str]
) -> list[Failure]:
    """The failures that some words name, best first. `most` and `minimum` choose them, as for diagnostics."""
    least = Level.of(minimum)
    shown = [f for f in analysis.findings if f.severity >= least][:most]
    return [
        Failure(f.title or f.rule, f.rule, *place(analysis, at, log, f.anchor, is_open))
        for f in shown
        if _name(words, f.title, f.rule)
    ]


def _name(words: list[str], title: str, rule: str) -> bool:
    """Whether all of some words (in lower case) are in a failure's title or in the name of its rule."""
    return all(word in f"{title} {rule}".lower() for word in words)


async def failures_of(front: Front, log: str, words: list[str], ready: bool = False) -> list[Failure] | None:
    """The failures of a log; None where it is none and, if they must be `ready`, while it is being analysed."""
    shown = front.settings.diagnostics
    asked = (log, front.is_open(log), shown.max, shown.minimum, words)
    found: list[Failure] | None = await front.session.ask(
        log, f"{__name__}:failures", *asked, unasked=True, ready=ready
    )
    return found


async def workspace_symbol(front: Front, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
    """`workspace/symbol`: the failures of all logs that are open or shown in views. Who takes them log by log waits for
    those, too, that are being analysed: they come last.
    """
    from lsprotocol import types

    words, token, shown = params.query.lower().split(), params.partial_result_token, front.watcher.failures
    kind = _kind(front, "workspace.symbol")

    async def of(log: str, ready: bool) -> list[types.SymbolInformation] | None:
        found: list[Failure] | None = None
        if ready and not front.is_open(log):
            found = [f for f in shown[log] if _name(words, f.title, f.rule)] if log in shown else None
        else:
            with front.failures(f"looking for failures in {log}"):  # it may have been closed by now
                found = await failures_of(front, log, words, ready)
        name = name_of(log)
        if found is None:
            return None
        return [types.SymbolInformation(location(f.uri, f.span), f.title, kind, container_name=name) for f in found]

    logs = dict.fromkeys((*front.session.documents, *front.watcher.logs()))
    known = {log: await of(log, ready=True) for log in logs}
    if token is None:
        return [symbol for symbols in known.values() for symbol in symbols or ()]
    for log in sorted(known, key=lambda log: known[log] is None):
        if symbols := known[log] or await of(log, ready=False):
            front.progress(types.ProgressParams(token, symbols))
    return []
