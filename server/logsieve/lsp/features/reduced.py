"""The reduced log as text to copy: the whole, or one finding with its surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.messages import RefusedError
from logsieve.lsp.views import log_of

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import ReduceParams, ReduceResult


def reduced(analysis: Analysis, at: Coordinates, budget: int, finding: int | None) -> dict[str, Any]:
    """The fields of the result as the protocol names them. Raises RefusedError where there is no such finding."""
    from logsieve.core import excerpts

    check_finding(analysis, finding)
    found = excerpts.reduced(analysis, budget, finding, numbers=False)
    excerpt, shown = found.excerpt, found.rendered
    return {
        "text": shown.text,
        "tokens": shown.tokens,
        "lines": [[at.first(p.start), at.last(p.end - 1)] for p in excerpt.pieces],
        "omitted": [
            {"start": at.first(g.start), "end": at.last(g.end - 1), "lines": g.end - g.start, "what": g.what}
            for g in excerpt.gaps
        ],
        "redacted": [
            {"kind": one.kind, "line": at.first(one.line), "placeholder": one.placeholder} for one in shown.redactions
        ],
    }


def check_finding(analysis: Analysis, finding: int | None) -> None:
    """Raise RefusedError where there is no such finding (any more)."""
    if finding is not None and not 0 <= finding < len(analysis.findings):
        raise RefusedError(f"the log has no finding {finding} (any more): it has {len(analysis.findings)}")


async def reduce_log(front: Front, params: ReduceParams) -> ReduceResult:
    """`logsieve/reduce`."""
    from logsieve.lsp.protocol import Omitted, Redacted, ReduceResult

    budget = front.budget(params.budget)
    found = await front.session.ask(log_of(params.uri), f"{__name__}:reduced", budget, params.finding)
    omitted = [Omitted(**gap) for gap in found["omitted"]]
    return ReduceResult(**{**found, "omitted": omitted, "redacted": [Redacted(**one) for one in found["redacted"]]})
