"""Code actions: copy the reduced log or one failure, open the reduced view, explain, find similar lines, which the
client runs; and rules for lines like the one asked for, which the server writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.views import Reduced, log_of, parse
from logsieve.model import Level

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front


@dataclass(frozen=True, slots=True)
class Here:
    """The best finding that touches some lines, whether it is an error, whether the log has any, and whether the first
    of the lines says nothing.
    """

    finding: int | None
    is_error: bool
    has_findings: bool
    is_blank: bool


def finding_at(analysis: Analysis, at: Coordinates, first: int, last: int) -> Here:
    """What code actions about the client's lines first..last (inclusive) are about."""
    start, end = at.line(first), at.line(last)
    touching = (i for i, f in enumerate(analysis.findings) if f.start <= end and f.end > start)
    found = next(touching, None)
    is_error = found is not None and analysis.findings[found].severity is Level.ERROR
    is_blank = start < 0 or not analysis.line(start).message.strip()
    return Here(found, is_error, bool(analysis.findings), is_blank)


async def code_action(front: Front, params: types.CodeActionParams) -> list[types.CodeAction] | list[types.Command]:
    """`textDocument/codeAction`: what the client said it can run, and what the server runs; as plain commands for a
    client that knows no more.
    """
    from lsprotocol import types

    from logsieve.lsp import protocol

    kind = types.CodeActionKind.QuickFix
    only = params.context.only
    if only is not None and not any(o == "" or kind == o or kind.startswith(f"{o}.") for o in only):
        return []
    uri = params.text_document.uri
    log = log_of(uri)
    asked = (params.range.start.line, params.range.end.line)
    here: Here | None = await front.session.ask(uri, f"{__name__}:finding_at", *asked, unasked=True, ready=True)
    if here is None:
        return []
    index = here.finding
    about, place = [log] if index is None else [log, index], [uri, asked[0]]
    offers: list[tuple[str, str, list[Any]]] = []
    if index is None and here.has_findings:
        offers = [("Explain the root cause", protocol.EXPLAIN, about)]
    if index is not None:
        offers += [
            ("Explain this failure", protocol.EXPLAIN, about),
            ("Copy this failure", protocol.COPY_FINDING, about),
            ("Not an error", protocol.NOT_AN_ERROR, place),
        ]
    offers.append(("Copy the reduced log", protocol.COPY_REDUCED, [log]))
    if not isinstance(parse(uri), Reduced):
        offers.append(("Open the reduced log", protocol.OPEN_REDUCED, [log]))
    if not here.is_error and not here.is_blank:
        offers.append(("Always an error", protocol.ALWAYS_AN_ERROR, place))
    if not here.is_blank:
        offers.append(("Find lines like this", protocol.FIND_SIMILAR, place))
    if index is None and not here.is_blank:
        offers.append(("Hide lines like this", protocol.HIDE_LINES, place))
    able = front.commands | set(protocol.SERVER_COMMANDS)
    commands = [
        types.Command(f"LogSieve: {t}", command, arguments=with_) for t, command, with_ in offers if command in able
    ]
    if not front.can("text_document.code_action.code_action_literal_support"):
        return commands
    shown = _about(params.context.diagnostics, index) if index is not None else []
    mending = (protocol.EXPLAIN, protocol.COPY_FINDING, protocol.NOT_AN_ERROR)
    return [
        types.CodeAction(c.title, kind=kind, diagnostics=shown if c.command in mending else None, command=c)
        for c in commands
    ]


def _about(diagnostics: Sequence[types.Diagnostic], index: int) -> list[types.Diagnostic]:
    """The diagnostics at the cursor that are about a finding."""
    return [d for d in diagnostics if d.source == "logsieve" and d.data == {"index": index}]
