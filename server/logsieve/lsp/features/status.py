"""How a log stands, in one notification: verdict, counts, and what reducing it would save."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates
from logsieve.model import Level, Verdict

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front


@dataclass(frozen=True, slots=True)
class Summary:
    """The parts of the status that depend on the log. Counts of findings, not of what they stand for."""

    verdict: str = Verdict.UNKNOWN.value
    why: str = ""
    errors: int = 0
    warnings: int = 0
    lines: int = 0
    noiseLines: int = 0  # noqa: N815 (a name of the protocol)
    tokens: int = 0
    title: str | None = None


def urgency(found: Summary | None) -> tuple[bool, bool]:
    """A sort key by which logs of runs that failed come first, and before others those in which something did."""
    return found is None or found.verdict != Verdict.FAILED.value, found is None or not found.errors


def summary(analysis: Analysis, _at: Coordinates, budget: int) -> Summary:
    """The summary; `budget` is what the log would be reduced to, in tokens."""
    from logsieve.core.reduce import reduce

    return Summary(
        analysis.verdict.value,
        analysis.verdict_why,
        sum(f.severity is Level.ERROR for f in analysis.findings),
        sum(f.severity is Level.WARNING for f in analysis.findings),
        len(analysis.text),
        sum(n.end - n.start for n in analysis.noise),
        reduce(analysis, budget).tokens,
        analysis.findings[0].title if analysis.findings else None,
    )


async def publish(front: Front, uri: str, version: int | None) -> Summary | None:
    """Work out a document's summary and send it; None where the document is no log."""
    found: Summary | None = await front.session.ask(
        uri, f"{__name__}:summary", front.settings.reduce.budget, unasked=True
    )
    if found:
        send(front, uri, version, found, busy=False)
    return found


def send(front: Front, uri: str, version: int | None, known: Summary, busy: bool) -> None:
    """Send what is known; `busy` says that it is being worked out anew."""
    from logsieve.lsp.protocol import StatusParams

    front.protocol.notify("logsieve/status", StatusParams(uri=uri, version=version, busy=busy, **asdict(known)))
