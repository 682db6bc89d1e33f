"""Search in a log: lines that say about what a text says, or what another line says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates, location
from logsieve.lsp.messages import RefusedError
from logsieve.lsp.views import place

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import SearchParams, SearchResult
    from logsieve.search import Hit
    from logsieve.settings import Semantic

MOST = 100  # lines that are shown
LONG = 300  # characters of a line that others are compared with, and of each one that is shown
NOTHING = "there is nothing to look for on this line"


def found(
    analysis: Analysis,
    at: Coordinates,
    log: str,
    is_open: bool,
    what: str | int,
    semantic: Semantic,
    by_meaning: bool,
    progress: Callable[[float], None],
) -> Any:
    """The fields of the result as the protocol names them; a location is (URI, Span). What is looked for is a text, or
    what a line (the client's) says. By meaning too on request: then Later gives them.

    Raises RefusedError where the line says nothing.
    """
    from logsieve.search import Search
    from logsieve.semantic import meaning

    own = -1
    if isinstance(what, int):
        own = at.line(what)
        what = analysis.line(own).message.strip()[:LONG] if 0 <= own < len(analysis.text) else ""
        if not what:
            raise RefusedError(NOTHING)
    text = what
    search = Search(analysis, text, MOST, _shown, semantic.lines if by_meaning else 0, progress, own)
    problem = meaning.problem(semantic.model)

    def told(hits: Iterable[Hit], note: str | None) -> dict[str, Any]:
        return {
            "text": text,
            "hits": [
                {
                    "location": place(analysis, at, log, hit.line, is_open),
                    "line": hit.line,
                    "text": hit.text,
                    "score": round(hit.score, 3),
                    "count": hit.count,
                }
                for hit in hits
            ],
            "more": bool(semantic.lines) and not by_meaning and problem is None,
            "note": note,
        }

    if not search.texts or problem:
        return told(search.hits(), problem if by_meaning and semantic.lines else None)
    from logsieve.lsp.later import meanings

    def compared(vectors: Any, note: str | None) -> dict[str, Any]:
        near = (vectors[1:] @ vectors[0]).tolist() if len(vectors) else ()
        return told(search.hits(near), note)

    return meanings([text, *search.texts], semantic, compared, quiet=False)


def _shown(messages: Iterable[str]) -> dict[str, str]:
    """As the log itself shows them: nothing leaves the editor."""
    from logsieve.core.render import visible

    return {message: visible(message)[:LONG] for message in messages}


async def search(front: Front, params: SearchParams) -> SearchResult:
    """`logsieve/search`."""
    from logsieve.lsp.protocol import SearchHit, SearchResult
    from logsieve.lsp.views import log_of

    if (params.text is None) == (params.line is None):
        raise front.refusal("a search takes a text or a line")
    log, semantic = log_of(params.uri), front.settings.semantic
    with front.reading.waiting(log, params.workDoneToken):
        told = await front.session.ask(
            params.uri,
            f"{__name__}:found",
            log,
            front.is_open(log),
            params.line if params.text is None else params.text,
            semantic,
            params.meaning,
            watched=True,
        )
    told["hits"] = [SearchHit(**{**hit, "location": location(*hit["location"])}) for hit in told["hits"]]
    return SearchResult(**told)
