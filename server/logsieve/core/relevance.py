"""What the learned model says of a run that did not pass, and what it is told of a log's lines: their messages, and the
columns that the analysis has of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from logsieve.model import Level, Likely, Outcome, Verdict

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.semantic.context import Columns
    from logsieve.semantic.scorer import Scorer

__all__ = ["GENERAL", "columns", "likely", "messages", "sure", "unsure"]

LONG = 300  # bytes of a message that are looked at
HUGE = 1 << 16  # bytes from which on a line is looked at as it is written: to clean all of it takes long
LAST = 6000  # lines of a log that the model is asked about, the last ones: that takes some 60 ms
SURE = 70  # score from which a finding of a tool's own pack is known to be what failed
GENERAL = frozenset(("generic", "shell", "make"))  # packs that say that something failed, of whatever tool
FRINGE = -0.3  # log odds of what still belongs to a relevant line beside it
APART = 3  # lines between two that belong together
_OUTCOMES = {Outcome.FAILED: 1, Outcome.PASSED: -1, Outcome.UNKNOWN: 0}


def sure(analysis: Analysis) -> bool:
    """Whether packs know what failed: then there is not much else to show."""
    root = next((finding for finding in analysis.findings if finding.severity is Level.ERROR), None)
    return root is not None and root.score >= SURE and root.rule.partition("/")[0] not in GENERAL


def likely(analysis: Analysis, scorer: Scorer | None = None) -> tuple[Likely, ...]:
    """Where the words of a log read like what explains a failure, likeliest first: asked of a run that did not pass, of
    the model that ships or of another. What packs know has no part in it; a second opinion counts where there is one.
    """
    start, odds = _odds(analysis, scorer)
    if analysis.second:
        lines, said = analysis.second
        odds[lines - start] = said
    lines = np.flatnonzero(odds > FRINGE)
    runs = np.split(lines, np.flatnonzero(np.diff(lines) > APART) + 1) if len(lines) else []
    best = [(run, run[odds[run].argmax()]) for run in runs]
    found = [
        Likely(int(run[0]) + start, int(run[-1]) + start + 1, int(line) + start, float(odds[line]))
        for run, line in best
        if odds[line] > 0
    ]
    return tuple(sorted(found, key=lambda each: -each.odds))


def unsure(analysis: Analysis, limits: tuple[float, float]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The lines of which the model says something between two limits, hardest to tell first, and what it says (log
    odds): of shape [lines]; none where packs are sure, which are not wrong so often.
    """
    start, odds = _odds(analysis)
    between = np.flatnonzero((odds >= limits[0]) & (odds <= limits[1]) & (not analysis.sure))
    between = between[np.argsort(np.abs(odds[between]), kind="stable")]
    return between + start, odds[between]


def _odds(analysis: Analysis, scorer: Scorer | None = None) -> tuple[int, NDArray[np.float32]]:
    """The first line that the model is asked about, and what it says of those from there on (log odds); of none where
    it is not asked.
    """
    end = len(analysis.text)
    start = max(analysis.since, end - LAST)
    if analysis.verdict is Verdict.PASSED or start == end:
        return start, np.zeros(0, np.float32)
    from logsieve.semantic.scorer import shipped

    scorer = scorer or shipped()
    if not scorer:
        return start, np.zeros(0, np.float32)
    return start, scorer.relevance(messages(analysis, start, end), columns(analysis, start, end), packs=False)


def messages(analysis: Analysis, start: int, end: int) -> list[bytes]:
    """The messages of lines start..end, cut."""
    starts = analysis.text.starts
    return [
        analysis.line(line).message[:LONG].encode("utf-8", "replace")[:LONG]
        if starts[line + 1] - starts[line] < HUGE
        else bytes(analysis.text.data[int(starts[line]) : int(starts[line]) + LONG])
        for line in range(start, end)
    ]


def columns(analysis: Analysis, start: int, end: int) -> Columns:
    """What is known of lines start..end beside their text; line numbers in it count from `start`."""
    count = end - start

    def here(starts: int, ends: int) -> slice:
        return slice(max(0, starts - start), max(0, ends - start))

    outcomes, ends = np.zeros(count, np.int8), np.full(count, len(analysis.text) - start)
    sections = analysis.sections
    for index in np.flatnonzero((np.asarray(sections.starts) < end) & (np.asarray(sections.ends) > start)).tolist():
        inside = here(sections.starts[index], sections.ends[index])  # the inner ones come later
        outcomes[inside] = _OUTCOMES[sections.outcome(index)]
        ends[inside] = inside.stop
    scores, known = np.zeros(count, np.float32), np.zeros(count, np.float32)
    for finding in reversed(analysis.findings):
        scores[here(finding.start, finding.end)] = finding.score
    for block in analysis.blocks:
        if block.severity >= Level.WARNING:
            inside = here(block.start, block.end)
            known[inside] = np.maximum(known[inside], block.specificity)
    noise = np.zeros(count, bool)
    for run in analysis.noise:
        noise[here(run.start, run.end)] = True
    _, inverse, counts = np.unique(analysis.shapes[start:end], return_inverse=True, return_counts=True)
    from logsieve.semantic.context import Columns

    return Columns(
        counts[inverse],
        analysis.scanned.found.levels[start:end],
        outcomes,
        ends,
        scores,
        known,
        noise,
        (analysis.ended if analysis.ended >= 0 else len(analysis.text)) - start,
    )
