"""Code actions: copy the reduced log or one failure, open the reduced view, explain. The client runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.views import Reduced, log_of, parse

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front


def finding_at(analysis: Analysis, at: Coordinates, first: int, last: int) -> tuple[int | None, bool]:
    """The best finding that touches the client's lines first..last (inclusive), and whether the log has any."""
    start, end = at.line(first), at.line(last)
    touching = (i for i, f in enumerate(analysis.findings) if f.start <= end and f.end > start)
    return next(touching, None), bool(analysis.findings)


async def code_action(front: Front, params: types.CodeActionParams) -> list[types.CodeAction]:
    """`textDocument/codeAction`: only what the client said it can run."""
    from lsprotocol import types

    from logsieve.lsp import protocol

    kind = types.CodeActionKind.QuickFix
    only = params.context.only
    if only is not None and not any(o == "" or kind == o or kind.startswith(f"{o}.") for o in only):
        return []
    uri = params.text_document.uri
    log = log_of(uri)
    asked = (params.range.start.line, params.range.end.line)
    found: tuple[int | None, bool] | None = await front.session.ask(
        uri, f"{__name__}:finding_at", *asked, unasked=True, ready=True
    )
    if found is None:
        return []
    index, _ = found
    offers: list[tuple[str, str, int | None]] = []
    if index is None and found[1]:
        offers = [("Explain the root cause", protocol.EXPLAIN, None)]
    if index is not None:
        offers += [
            ("Explain this failure", protocol.EXPLAIN, index),
            ("Copy this failure", protocol.COPY_FINDING, index),
        ]
    offers.append(("Copy the reduced log", protocol.COPY_REDUCED, None))
    if not isinstance(parse(uri), Reduced):
        offers.append(("Open the reduced log", protocol.OPEN_REDUCED, None))
    return [
        types.CodeAction(
            f"LogSieve: {title}",
            kind=kind,
            diagnostics=_about(params.context.diagnostics, about) if about is not None else None,
            command=types.Command(title, command, arguments=[log] if about is None else [log, about]),
        )
        for title, command, about in offers
        if command in front.commands
    ]


def _about(diagnostics: Sequence[types.Diagnostic], index: int) -> list[types.Diagnostic]:
    """The diagnostics at the cursor that are about a finding."""
    return [d for d in diagnostics if d.source == "logsieve" and d.data == {"index": index}]
