"""The runs of lines that say nothing new, frames of libraries too, with what a fold of them shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.views import log_of
from logsieve.model import Level, Noise

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import NoiseParams, NoiseResult


def fold_text(run: Noise) -> str:
    """What stands in for a run: "412 lines: downloads (worst: warning)"."""
    worst = f" (worst: {run.worst.word})" if run.worst >= Level.WARNING else ""
    return f"{run.end - run.start:,} lines: {run.reason}{worst}"


def runs(analysis: Analysis, at: Coordinates) -> list[dict[str, Any]]:
    """The fields of each run as the protocol names them."""
    from logsieve.codebase import library_frames

    worst = {n.start: n.worst.word for n in analysis.noise if n.worst >= Level.INFO}
    runs = [(n.start, n.end, n.reason, fold_text(n)) for n in analysis.noise]
    runs += [(start, end, words, words) for start, end, words in library_frames(analysis)]
    return [
        {
            "start": at.first(start),
            "end": at.last(end - 1),
            "lines": end - start,
            "reason": reason,
            "worst": worst.get(start),
            "text": text,
        }
        for start, end, reason, text in sorted(runs)
    ]


async def noise(front: Front, params: NoiseParams) -> NoiseResult:
    """`logsieve/noise`."""
    from logsieve.lsp.protocol import NoiseResult, NoiseRun

    found = await front.session.ask(log_of(params.uri), f"{__name__}:runs", unasked=True)
    return NoiseResult([NoiseRun(**run) for run in found or ()])
