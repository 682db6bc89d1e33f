"""From a log to the code: go to definition from any line, and links in what was found."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates, Span, location, range_of
from logsieve.lsp.features import view
from logsieve.lsp.views import View, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lsprotocol import types

    from logsieve.codebase import Codebase, Place
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front

LINES = (
    300  # that get links, for an editor asks for those of the whole log at once: from any line the definition leads on
)
PLACES = 150  # that they name
OF_ONE = 100  # of one finding


def named_at(
    analysis: Analysis, at: Coordinates, code: Codebase, line: int, column: int, exactly: bool
) -> tuple[Span, list[Place]] | None:
    """The places that a log names at a position of the client's, and where it does; None where it names none.

    If not `exactly` there, then what the line names first.
    """
    from logsieve.codebase import names

    number = at.shown_on(line) if isinstance(at, View) else at.line(line)
    if number is None or number < 0:
        return None
    first: tuple[Span, list[Place]] | None = None
    for reference in names(analysis, number):
        span = at.within(analysis, number, reference.start, reference.end)
        here = span is not None and span[:2] <= (line, column) <= span[2:]
        if span is None or not (here or (first is None and not exactly)):
            continue
        if found := code.places(analysis, number, reference):
            if here:
                return span, found
            first = span, found
    return first


def targets(
    analysis: Analysis, at: Coordinates, code: Codebase, line: int, column: int
) -> tuple[Span, list[tuple[str, Span]]] | None:
    """Where the name at a position is in the log, and URI and span of each place that it may mean."""
    exactly = isinstance(at, View)  # whose lines lead elsewhere too
    found = named_at(analysis, at, code, line, column, exactly)
    return (found[0], [_target(at, code, place) for place in found[1]]) if found else None


def _target(at: Coordinates, code: Codebase, place: Place) -> tuple[str, Span]:
    line = max(place.line - 1, 0)
    lines = code.file(place.path).lines
    before = lines[line][: max(place.column - 1, 0)] if line < len(lines) else ""
    start = (line, at.client.units(before))
    return Path(place.path).as_uri(), (*start, *start)


def links(analysis: Analysis, at: Coordinates, code: Codebase) -> list[tuple[Span, str, str]]:
    """What leads to one file for sure in the lines of findings, the best first, and of blocks: its span, the URI with
    line and column as VS Code and others read them, and the path within the workspace.
    """
    from logsieve.codebase import names

    named = ((line, reference) for line in _lines(analysis, at) for reference in names(analysis, line))
    found = []
    for line, reference in islice(named, PLACES):
        places = code.places(analysis, line, reference)
        if places and places[0].sure and (span := at.within(analysis, line, reference.start, reference.end)):
            found.append((span, _uri(places[0]), _words(code, places[0])))
    return found


def _lines(analysis: Analysis, at: Coordinates) -> Iterator[int]:
    taken: set[int] = set()
    spans = [*((f.start, f.end) for f in analysis.findings), *((b.start, b.end) for b in analysis.blocks)]
    for start, end in spans:
        for line in range(start, min(end, start + OF_ONE)):
            if line not in taken and (not isinstance(at, View) or at.shows(line)):
                taken.add(line)
                yield line
                if len(taken) == LINES:
                    return


def _uri(place: Place) -> str:
    """As VS Code and others read it."""
    line = f"#L{place.line}" if place.line else ""
    return f"{Path(place.path).as_uri()}{line}" + (f",{place.column}" if line and place.column else "")


def _words(code: Codebase, place: Place) -> str:
    return ":".join([code.inside(place.path), *(str(n) for n in (place.line, place.column) if n)])


async def definition(
    front: Front, params: types.DefinitionParams
) -> types.Location | list[types.Location] | list[types.LocationLink] | None:
    """`textDocument/definition`: the code that a name in the log means; from elsewhere in a view to the log."""
    from lsprotocol import types

    uri, position = params.text_document.uri, (params.position.line, params.position.character)
    is_view = parse(uri) is not None
    back = is_view and not position[1]  # from a row's number: that need not wait until the workspace's files are known
    found: tuple[Span, list[tuple[str, Span]]] | None = await front.session.ask(
        uri, f"{__name__}:targets", *position, unasked=True, ready=back, code=True
    )
    if found is None:
        return await view.definition(front, params) if is_view else None
    if not front.can("text_document.definition.link_support"):
        return [location(*target) for target in found[1]]
    origin = range_of(found[0])
    return [types.LocationLink(u, range_of(span), range_of(span), origin) for u, span in found[1]]


async def document_link(front: Front, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
    """`textDocument/documentLink`."""
    from lsprotocol import types

    found: list[tuple[Span, str, str]] | None = await front.session.ask(
        params.text_document.uri, f"{__name__}:links", unasked=True, code=True
    )
    tips = bool(front.can("text_document.document_link.tooltip_support"))
    return [types.DocumentLink(range_of(span), to, tip if tips else None) for span, to, tip in found or ()]
