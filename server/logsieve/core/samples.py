"""Holds packs against their own samples: each must find what its author says, and nothing where nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from logsieve.core.analysis import analyse
from logsieve.model import Finding, Level
from logsieve.packs import Pack, PackSet, Problem, Sample
from logsieve.text import LogText

__all__ = ["check"]


def check(pack: Pack, packs: PackSet) -> list[Problem]:
    """What of `pack`'s samples does not hold when analysed with all of `packs`; empty where all do.

    A positive sample's finding must come first, with its anchor on `line`, its severity `level` and its lines `block`;
    a negative (no `rule`) must give no finding of error severity; `verdict`, where given, must be the run's.
    """
    return [
        Problem(pack.origin, sample.at, reason) for sample in pack.samples for reason in _wrong(pack, sample, packs)
    ]


def _wrong(pack: Pack, sample: Sample, packs: PackSet) -> Iterator[str]:
    analysis = analyse(LogText.from_bytes(sample.text.encode()), packs)
    if sample.verdict and sample.verdict != analysis.verdict:
        yield f"verdict {sample.verdict} expected, got {analysis.verdict} ({analysis.verdict_why})"
    if not sample.rule:
        yield from (f"no error expected, got {_told(f)}" for f in analysis.findings if f.severity >= Level.ERROR)
        return
    rule = f"{pack.name}/{sample.rule}"
    matching = [f for f in analysis.findings if f.rule == rule]
    found = next((f for f in matching if f.anchor + 1 == sample.line), matching[0] if matching else None)
    if found is None:
        others = "; ".join(map(_told, analysis.findings[:3])) or "nothing"
        yield f"{rule} expected on line {sample.line}, got {others}"
        return
    if found.anchor + 1 != sample.line:
        yield f"{rule}: anchor expected on line {sample.line}, got {_told(found)}"
    if found.severity != sample.level:
        yield f"{rule}: {sample.level.word} expected, got {found.severity.word}"
    block = next(b for b in analysis.blocks if b.rule == rule and b.anchor == found.anchor)
    if (block.start + 1, block.end) != sample.block:
        yield f"{rule}: block {list(sample.block)} expected, got {[block.start + 1, block.end]}"
    if found is not analysis.findings[0]:
        yield f"{rule} should come first, but {_told(analysis.findings[0])} does"


def _told(finding: Finding) -> str:
    return f"{finding.rule} on line {finding.anchor + 1} ({finding.title!r}, block {[finding.start + 1, finding.end]})"
