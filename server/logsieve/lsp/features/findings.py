"""What was found, best first, for clients that list or walk the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates, range_of
from logsieve.model import Level

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import FindingsParams, FindingsResult


def items(analysis: Analysis, at: Coordinates) -> list[dict[str, Any]]:
    """The fields of each finding as the protocol names them; the range is a Span."""
    return [
        {
            "index": i,
            "range": at.lines(f.start, f.end),
            "anchor": at.message(analysis, f.anchor)[0],
            "severity": f.severity.word if f.severity >= Level.WARNING else "info",
            "category": f.category.value,
            "rule": f.rule,
            "title": f.title,
            "message": f.message,
            "count": f.count,
            "why": list(f.why),
        }
        for i, f in enumerate(analysis.findings)
    ]


async def findings(front: Front, params: FindingsParams) -> FindingsResult:
    """`logsieve/findings`."""
    from logsieve.lsp.protocol import Finding, FindingsResult

    found = await front.session.ask(params.uri, f"{__name__}:items", unasked=True)
    return FindingsResult([Finding(**{**item, "range": range_of(item["range"])}) for item in found or ()])
