"""The reduced log: as text to copy, and as a document whose lines lead back to the original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from logsieve.lsp.convert import Coordinates, range_of
from logsieve.lsp.messages import RefusedError

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.core.render import Rendered
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import ReducedViewParams, ReducedViewResult, ReduceParams, ReduceResult


def reduced(analysis: Analysis, at: Coordinates, budget: int, finding: int | None) -> dict[str, Any]:
    """The fields of the result as the protocol names them. Raises RefusedError where there is no such finding."""
    from logsieve.core.reduce import reduce
    from logsieve.core.render import render

    check_finding(analysis, finding)
    excerpt = reduce(analysis, budget, finding)
    shown = render(excerpt, analysis)
    return {
        "text": shown.text,
        "tokens": shown.tokens,
        "lines": [[at.first(p.start), at.last(p.end - 1)] for p in excerpt.pieces],
        "omitted": [
            {"start": at.first(g.start), "end": at.last(g.end - 1), "lines": g.end - g.start, "what": g.what}
            for g in excerpt.gaps
        ],
        "redacted": len(shown.redactions),
    }


def check_finding(analysis: Analysis, finding: int | None) -> None:
    """Raise RefusedError where there is no such finding (any more)."""
    if finding is not None and not 0 <= finding < len(analysis.findings):
        raise RefusedError(f"the log has no finding {finding} (any more): it has {len(analysis.findings)}")


def view(analysis: Analysis, _at: Coordinates, budget: int) -> str:
    """The reduced log with the original's line numbers (1-based) in the margin."""
    return _view(analysis, budget).text


def origin(analysis: Analysis, at: Coordinates, budget: int, line: int) -> tuple[int, int] | None:
    """The client's position in the original of a line of the view; None for lines that come from nowhere (gaps)."""
    lines = _view(analysis, budget).lines
    number = lines[line] if line < len(lines) else None
    return None if number is None else at.position(number, at.text.raw_column(number, 0))


def _view(analysis: Analysis, budget: int) -> Rendered:
    from logsieve.core import render
    from logsieve.core.reduce import reduce

    return render.view(reduce(analysis, budget), analysis)


def uri_of_view(uri: str, budget: int) -> str:
    """The URI of the view of a document.

    The original is quoted twice: VS Code unquotes a query when it reads a URI, and quotes all of it when it writes one.
    """
    name = unquote(urlsplit(uri).path).rstrip("/").rpartition("/")[2] or "log"
    return f"logsieve:/{quote(name)}.reduced.log?uri={quote(quote(uri, safe=''), safe='')}&budget={budget}"


def original_of_view(uri: str) -> tuple[str, int] | None:
    """The original and the budget of a view; None where a URI is none of a view."""
    parts = urlsplit(uri)
    query = parse_qs(unquote(parts.query))
    original, budget = query.get("uri", [""])[0], query.get("budget", [""])[0]
    if parts.scheme != "logsieve" or not original or not budget.isascii() or not budget.isdigit():
        return None
    return original, int(budget)


async def reduce_log(front: Front, params: ReduceParams) -> ReduceResult:
    """`logsieve/reduce`."""
    from logsieve.lsp.protocol import Omitted, ReduceResult

    budget = front.budget(params.budget)
    found = await front.session.ask(params.uri, f"{__name__}:reduced", budget, params.finding)
    return ReduceResult(**{**found, "omitted": [Omitted(**gap) for gap in found["omitted"]]})


async def reduced_view(front: Front, params: ReducedViewParams) -> ReducedViewResult:
    """`logsieve/reducedView`."""
    from logsieve.lsp.protocol import ReducedViewResult

    return ReducedViewResult(uri_of_view(params.uri, front.budget(params.budget)))


async def content(front: Front, params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
    """`workspace/textDocumentContent`."""
    from lsprotocol import types

    found = original_of_view(params.uri)
    if found is None:
        raise front.refusal(f"no such document: {params.uri}")
    front.views.add(params.uri)
    text: str = await front.session.ask(found[0], f"{__name__}:view", front.budget(found[1]))
    return types.TextDocumentContentResult(text)


async def definition(front: Front, params: types.DefinitionParams) -> types.Location | None:
    """`textDocument/definition` in a view: the line of the original."""
    from lsprotocol import types

    found = original_of_view(params.text_document.uri)
    if found is None:
        return None
    original, budget = found
    place: tuple[int, int] | None = await front.session.ask(
        original, f"{__name__}:origin", front.budget(budget), params.position.line
    )
    return types.Location(original, range_of((*place, *place))) if place else None
