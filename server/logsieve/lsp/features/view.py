"""Views: the text of the reduced log and of windows, where their lines lead, and what was left out and is shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from logsieve.lsp import archives
from logsieve.lsp.convert import Coordinates, Span, location
from logsieve.lsp.messages import RefusedError
from logsieve.lsp.views import Reduced, Runs, View, log_of, parse, place

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import (
        ExpandParams,
        ExpandResult,
        LocateParams,
        LocateResult,
        ReducedViewParams,
        ReducedViewResult,
        ViewParams,
        ViewResult,
    )


def text(analysis: Analysis, at: View) -> tuple[bool, str]:
    """Whether all of the log is known for a view, and the view's text."""
    return not analysis.since, at.content()


def text_and_lines(analysis: Analysis, at: View) -> tuple[bool, str, list[int]]:
    """The same, and the line of the log that each of its rows shows."""
    return not analysis.since, at.content(), at.rows()


def toggled(_analysis: Analysis, at: View, row: int, opened: Runs) -> tuple[Runs, int] | None:
    """As `View.toggled`."""
    return at.toggled(row, opened)


def cause(analysis: Analysis, at: View) -> int:
    """The row of the root cause; the first one where there is none."""
    return at.first(analysis.findings[0].anchor) if analysis.findings else 0


def place_of_line(analysis: Analysis, at: Coordinates, log: str, line: int, is_open: bool) -> tuple[str, Span]:
    """Where a line of the log is shown; the last one for lines past the end."""
    if not len(analysis.text):
        raise RefusedError("the log is empty")
    return place(analysis, at, log, min(max(line, 0), len(analysis.text) - 1), is_open)


def behind(analysis: Analysis, at: View, log: str, row: int, is_open: bool) -> tuple[str, Span] | None:
    """Where a row of a view leads; None where it stands for lines left out, and where it already shows the log."""
    line = at.beyond.get(row, at.shown_on(row))
    found = place(analysis, at.log, log, line, is_open) if line is not None else None
    return None if found and found[0] == at.uri else found


async def reduced_view(front: Front, params: ReducedViewParams) -> ReducedViewResult:
    """`logsieve/reducedView`."""
    from logsieve.lsp.protocol import ReducedViewResult

    asked = log_of(params.uri)
    logs = [] if front.is_open(asked) else await asyncio.to_thread(archives.logs, asked)
    with front.reading.waiting(asked, params.workDoneToken):
        if logs:
            logs = await front.watcher.together(logs, lambda share: front.reading.told(asked, share, 0))
        uri = Reduced(logs[0] if logs else asked, front.budget(params.budget)).uri
        return ReducedViewResult(uri, await front.session.ask(uri, f"{__name__}:cause"), logs)


async def content(front: Front, params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
    """`workspace/textDocumentContent`."""
    from lsprotocol import types

    if not parse(params.uri):
        raise front.refusal(f"no such document: {params.uri}")
    await front.watcher.opened(params.uri)
    known: bool
    known, shown = await front.session.ask(params.uri, f"{__name__}:text")
    front.watcher.read(params.uri, known)
    return types.TextDocumentContentResult(shown)


async def whole(front: Front, params: ViewParams) -> ViewResult:
    """`logsieve/view`."""
    from logsieve.lsp.protocol import ViewResult

    if not parse(params.uri):
        raise front.refusal(f"no such document: {params.uri}")
    await front.watcher.opened(params.uri)
    known, *shown = await front.session.ask(params.uri, f"{__name__}:text_and_lines")
    front.watcher.read(params.uri, known)
    return ViewResult(*shown)


async def expand(front: Front, params: ExpandParams) -> ExpandResult:
    """`logsieve/expand`."""
    from logsieve.lsp.protocol import ExpandResult

    shown = parse(params.uri)
    if not isinstance(shown, Reduced):
        raise front.refusal(f"not a reduced log: {params.uri}")
    opened = front.session.opened
    found: tuple[Runs, int] | None = await front.session.ask(
        params.uri, f"{__name__}:toggled", params.line, opened.get(shown, ())
    )
    if found:
        opened[shown] = found[0]
    return ExpandResult(found[1] if found else None)


async def definition(front: Front, params: types.DefinitionParams) -> types.Location | None:
    """`textDocument/definition` in a view: the line of the original, or the window beyond."""
    uri = params.text_document.uri
    if not (shown := parse(uri)):
        return None
    found: tuple[str, Span] | None = await front.session.ask(
        uri, f"{__name__}:behind", shown.log, params.position.line, front.is_open(shown.log)
    )
    return location(*found) if found else None


async def locate(front: Front, params: LocateParams) -> LocateResult:
    """`logsieve/locate`."""
    from logsieve.lsp.protocol import LocateResult

    log = log_of(params.uri)
    found: tuple[str, Span] = await front.session.ask(
        log, f"{__name__}:place_of_line", log, params.line, front.is_open(log)
    )
    return LocateResult(location(*found))
