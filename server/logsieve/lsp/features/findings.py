"""What was found, best first, and one of it: where the cursor is, the next one, the one before, the root cause."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates, location
from logsieve.lsp.messages import RefusedError
from logsieve.lsp.views import log_of, place
from logsieve.model import Finding as Found
from logsieve.model import Level

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import FailureParams, FailureResult, FindingsParams, FindingsResult

PLACES = 20  # other places told of one finding


def items(
    analysis: Analysis, at: Coordinates, log: str, is_open: bool, most: int, progress: Callable[[float], None]
) -> list[dict[str, Any]]:
    """The fields of the `most` best findings as the protocol names them; a location is (URI, Span)."""

    def watched() -> Iterator[tuple[int, Found]]:
        for i, finding in enumerate(analysis.findings[:most]):
            progress(1.0)
            yield i, finding

    return [
        {
            "index": i,
            "location": place(analysis, at, log, f.anchor, is_open),
            "line": f.anchor,
            "severity": f.severity.word if f.severity >= Level.WARNING else "info",
            "category": f.category.value,
            "rule": f.rule,
            "title": f.title,
            "message": f.message,
            "count": f.count,
            "why": list(f.why),
            "places": [
                {"location": place(analysis, at, log, r.line, is_open), "line": r.line, "why": r.why}
                for r in f.related[:PLACES]
            ],
            "section": _within(analysis, at, log, is_open, f.section) if f.section >= 0 else None,
        }
        for i, f in watched()
    ]


def _within(analysis: Analysis, at: Coordinates, log: str, is_open: bool, number: int) -> dict[str, Any]:
    section = analysis.sections[number]
    return {
        "location": place(analysis, at, log, section.start, is_open),
        "line": section.start,
        "title": section.title or section.kind,
    }


def failure(
    analysis: Analysis, at: Coordinates, log: str, is_open: bool, line: int | None, step: int
) -> dict[str, Any]:
    """The fields of the failure that is meant, as the protocol names them. Raises RefusedError where there is none.

    The walk goes over the lines of the errors, or, where there are none, of all findings, and around the log's ends.
    """
    found = analysis.findings
    if not found:
        raise RefusedError("nothing has failed in this log")
    errors = any(f.severity is Level.ERROR for f in found)
    stops = {f.anchor: i for i, f in reversed([*enumerate(found)]) if f.severity is Level.ERROR or not errors}
    anchors = sorted(stops)
    here = -1 if line is None else at.line(line)
    if step == 0:
        chosen, at_next = _around(found, here), 0
    else:
        at_next = bisect_right(anchors, here) if step > 0 else bisect_left(anchors, here) - 1
        chosen = stops[anchors[at_next % len(anchors)]]
    anchor = found[chosen].anchor
    return {
        "index": chosen,
        "title": found[chosen].title,
        "number": anchors.index(anchor) + 1 if anchor in stops else 0,
        "of": len(anchors),
        "around": not 0 <= at_next < len(anchors),
        "location": place(analysis, at, log, anchor, is_open),
    }


def _around(found: Sequence[Found], line: int) -> int:
    """The finding that a line announces, else the smallest around it, else the root cause."""
    around = [i for i, f in enumerate(found) if f.start <= line < f.end or f.anchor == line]
    return min(around, key=lambda i: (found[i].anchor != line, found[i].end - found[i].start), default=0)


async def findings(front: Front, params: FindingsParams) -> FindingsResult:
    """`logsieve/findings`."""
    from logsieve.lsp.protocol import Finding, FindingsResult, Place, Within

    log = log_of(params.uri)
    most = front.settings.diagnostics.max
    asked = (log, front.is_open(log), most)
    found = await front.session.ask(log, f"{__name__}:items", *asked, unasked=True, watched=True) or []
    for item in found:
        item["location"] = location(*item["location"])
        item["places"] = [Place(**{**p, "location": location(*p["location"])}) for p in item["places"]]
        if section := item["section"]:
            item["section"] = Within(**{**section, "location": location(*section["location"])})
    return FindingsResult([Finding(**item) for item in found])


async def one_failure(front: Front, params: FailureParams) -> FailureResult:
    """`logsieve/failure`."""
    from logsieve.lsp.protocol import FailureResult

    log = log_of(params.uri)
    asked = (log, front.is_open(log), params.line, params.step)
    found = await front.session.ask(params.uri, f"{__name__}:failure", *asked)
    return FailureResult(**{**found, "location": location(*found["location"])})
