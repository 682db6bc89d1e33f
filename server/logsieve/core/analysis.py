"""The pipeline on one screen: from a log's text, the packs and the settings to everything LogSieve knows about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from logsieve.core import blocks, envelope, findings, noise, sections, shapes
from logsieve.core.scan import scanner
from logsieve.model import Block, Envelope, Finding, Level, Line, Noise, Outcome, Section, Verdict
from logsieve.packs import IgnoreRule, NoiseRule, PackSet, Pattern, Rule
from logsieve.packs.patterns import compiled
from logsieve.settings import DEFAULTS, Settings
from logsieve.text import LogText

__all__ = ["Analysis", "analyse"]

MOST_HITS = 2000  # hits of one rule that are looked at: the first and the last half of these; more say nothing new
SURE = 60  # specificity from which a failure after a tool's success counts against it
LEVELS = (r"(?i)\b(?:err(?:or)?|fatal|f|e|crit(?:ical)?|severe|alert|emerg|panic)\b", r"(?i)\b(?:w|wrn|warn(?:ing)?)\b")

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Analysis:
    """What LogSieve knows about one log: a function of the text, the packs and the settings, and of nothing else.

    `findings` come best first, the first is the root cause. Columns have one entry a line: `shapes` uint64, `levels`
    int8 (Level). `ended` is the line that says how the run ended, -1 where none does. `recognised` is whether the
    text looks like a log at all.
    """

    text: LogText
    verdict: Verdict
    verdict_why: str
    ended: int
    findings: tuple[Finding, ...]
    sections: tuple[Section, ...]
    blocks: tuple[Block, ...]
    noise: tuple[Noise, ...]
    shapes: NDArray[np.uint64]
    levels: NDArray[np.int8]
    wrapping: envelope.Wrapping
    recognised: bool

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        """The layers wrapped around this log's messages, outermost first."""
        return self.wrapping.envelopes

    def line(self, number: int) -> Line:
        """A view of one line."""
        clean = self.text.clean(number)
        return Line(number, clean, self.wrapping.message(clean), Level(int(self.levels[number])))

    def section_at(self, line: int) -> int:
        """Index of the innermost section that holds `line`, or -1."""
        return sections.Sections(self.sections).at(line)


def analyse(text: LogText, packs: PackSet, settings: Settings = DEFAULTS, progress: Progress | None = None) -> Analysis:
    """Analyse a log. `progress` is called with the share done (0 to 1) and may raise to stop the work; nothing else
    raises.
    """
    wrapping = envelope.detect(text, packs)
    scan = _scan(text, packs, wrapping, progress)
    message = lru_cache(maxsize=1 << 16)(lambda line: wrapping.message(text.clean(line)))
    as_written = lru_cache(maxsize=1 << 10)(lambda line: text.text(line)[: envelope.LONGEST])

    def look(pattern: Pattern, line: int) -> dict[str, str | None] | None:
        match = compiled(pattern.regex).search((as_written if pattern.raw else message)(line))
        return match.groupdict() if match else None

    def excluded(unless: str, line: int, raw: bool) -> bool:
        return compiled(unless).search((as_written if raw else message)(line)) is not None

    markers = scan.of(packs, "start", "end")
    found = sections.build(len(text), markers, look)
    told = sections.marks(scan.of(packs, "outcome"), look, excluded)
    found = sections.with_outcomes(found, told)
    lookup = sections.Sections(found)

    def bounds(line: int) -> tuple[int, int]:
        index = lookup.at(line)
        return (lookup.all[index].start, lookup.all[index].end) if index >= 0 else (0, len(text))

    def level(line: int) -> Level:
        return wrapping.level(text.clean(line)) if wrapping.has_level else Level.UNKNOWN

    ignored = scan.ignored(packs)
    made = blocks.find(scan.of_rules(packs), ignored, bounds, message, as_written, level)
    sure = [b.line for b in made if b.severity is Level.ERROR and b.role == "cause" and b.specificity >= SURE]
    verdict, why, ended = sections.run_verdict(told, max(sure, default=-1), _cut(markers, told))
    counts = _Counts(scan.shapes)
    context = findings.Context(message, lookup.at, lookup.all, counts.of, verdict, ended, len(text))
    ranked = findings.rank(findings.build(made, context))
    if verdict is Verdict.UNKNOWN and any(f.severity is Level.ERROR for f in ranked):
        verdict, why = Verdict.FAILED, f"failures were found, though {why}"

    levels = scan.levels
    for b in made:
        levels[b.anchor] = max(levels[b.anchor], b.severity)
    quiet = noise.find(
        scan.shapes,
        scan.reasons,
        scan.reason_of,
        _in_sight(len(text), made, lookup.all, ended),
        [s for s in lookup.all if s.outcome is not Outcome.FAILED],
        levels,
        settings.folding.minimumLines,
    )
    recognised = bool(found or made or told or wrapping.layers)
    return Analysis(
        text,
        verdict,
        why,
        ended,
        tuple(ranked),
        lookup.all,
        tuple(made),
        tuple(quiet),
        scan.shapes,
        levels,
        wrapping,
        recognised,
    )


def _cut(markers: Sequence[tuple[int, Pattern]], told: Sequence[sections.Mark]) -> bool:
    """Whether a runner that says at the end how the run ended has spoken in the log, but not said it."""
    runners = {id(p.pack): p.pack for _, p in markers}.values()
    says = any(o.scope == "run" and o.result != "failed" for pack in runners for o in pack.outcomes)
    return says and not any(mark.scope == "run" for mark in told)


class _Scanned(NamedTuple):
    """The columns of one scan, and its hits as pairs of pattern number and line, sorted by line."""

    numbers: NDArray[np.int32]
    lines: NDArray[np.int64]
    shapes: NDArray[np.uint64]
    levels: NDArray[np.int8]
    reasons: tuple[str, ...]
    reason_of: NDArray[np.int16]

    def of(self, packs: PackSet, *parts: str) -> list[tuple[int, Pattern]]:
        """The hits of some parts of the packs, in the order of the log."""
        wanted = np.array([p.part in parts for p in packs.patterns], bool)
        chosen = np.flatnonzero(wanted[self.numbers]) if len(self.numbers) else np.zeros(0, np.int64)
        return [(int(self.lines[i]), packs.patterns[self.numbers[i]]) for i in chosen]

    def of_rules(self, packs: PackSet) -> list[tuple[int, Pattern]]:
        """The hits of rules, of each no more than MOST_HITS, and the lines that only their level makes stand out."""
        chosen = []
        for number in np.unique(self.numbers).tolist():
            if packs.patterns[number].part == "rule":
                lines = _thinned(self.lines[self.numbers == number])
                chosen += [(line, packs.patterns[number]) for line in lines]
        taken = np.zeros(len(self.levels), bool)
        taken[[line for line, _ in chosen]] = True
        for pattern in packs.level_rules:
            assert isinstance(pattern.owner, Rule)
            lines = _thinned(np.flatnonzero((self.levels == pattern.owner.at_level) & ~taken))
            chosen += [(line, pattern) for line in lines]
        return sorted(chosen, key=lambda hit: hit[0])

    def ignored(self, packs: PackSet) -> dict[int, int]:
        """Lines that an ignore rule matched, and the specificity below which rules do not count there."""
        out: dict[int, int] = {}
        for line, pattern in self.of(packs, "ignore"):
            assert isinstance(pattern.owner, IgnoreRule)
            out[line] = max(out.get(line, 0), pattern.owner.specificity)
        return out


def _thinned(lines: NDArray[np.int64]) -> list[int]:
    if len(lines) > MOST_HITS:
        lines = np.concatenate((lines[: MOST_HITS // 2], lines[-MOST_HITS // 2 :]))
    return [int(line) for line in lines]


def _scan(text: LogText, packs: PackSet, wrapping: envelope.Wrapping, progress: Progress | None) -> _Scanned:
    """Run over the text once, chunk by chunk: clean it, take the envelopes off, scan, hash shapes, read levels."""
    plain = [i for i, p in enumerate(packs.patterns) if not p.raw]
    raw = [i for i, p in enumerate(packs.patterns) if p.raw]
    by_text = scanner(tuple(packs.patterns[i].regex for i in plain))
    by_bytes = scanner(tuple(packs.patterns[i].regex for i in raw))
    by_level = scanner(LEVELS if wrapping.has_level else ())
    numbers: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
    lines: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    shape = np.zeros(len(text), np.uint64)
    levels = np.zeros(len(text), np.int8)

    def note(which: Sequence[int], hits: tuple[NDArray[np.int32], NDArray[np.int64]], start: int) -> None:
        if len(hits[0]):
            numbers.append(np.asarray(which, np.int32)[hits[0]])
            lines.append(hits[1] + start)

    for start, end in text.chunks():
        clean = text.clean_bytes(start, end)
        messages = wrapping.strip(clean)
        note(plain, by_text.scan(messages), start)
        note(raw, by_bytes.scan(text.raw_bytes(start, end)), start)
        shape[start:end] = shapes.shapes(messages)
        for line in sorted({int(n) for n in by_level.scan(clean)[1]}):
            levels[start + line] = wrapping.level(text.clean(start + line))
        if progress:
            progress(end / len(text))
    all_numbers, all_lines = np.concatenate(numbers), np.concatenate(lines)
    order = np.lexsort((all_numbers, all_lines))
    all_numbers, all_lines = all_numbers[order], all_lines[order]
    reasons, reason_of = _reasons(packs, all_numbers, all_lines, len(text))
    return _Scanned(all_numbers, all_lines, shape, levels, reasons, reason_of)


def _reasons(
    packs: PackSet, numbers: NDArray[np.int32], lines: NDArray[np.int64], count: int
) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    """Per line the index of its noise rule's reason, -1 where no noise rule matched."""
    names: dict[str, int] = {}
    index = np.full(len(packs.patterns), -1, np.int16)
    for number, pattern in enumerate(packs.patterns):
        if isinstance(pattern.owner, NoiseRule):
            index[number] = names.setdefault(pattern.owner.reason, len(names))
    column = np.full(count, -1, np.int16)
    is_noise = index[numbers] >= 0 if len(numbers) else np.zeros(0, bool)
    column[lines[is_noise]] = index[numbers[is_noise]]
    return tuple(names), column


class _Counts:
    """How often each shape occurs, counted when first asked."""

    def __init__(self, column: NDArray[np.uint64]) -> None:
        self._column = column
        self._sorted: NDArray[np.uint64] | None = None

    def of(self, line: int) -> int:
        if self._sorted is None:
            self._sorted = np.sort(self._column)
        shape = self._column[line]
        ends = np.searchsorted(self._sorted, shape, "right"), np.searchsorted(self._sorted, shape, "left")
        return int(ends[0] - ends[1])


def _in_sight(count: int, made: Sequence[Block], found: Sequence[Section], ended: int) -> NDArray[np.bool_]:
    """Lines that noise never swallows: blocks of warnings and worse, headers of sections, how it ended."""
    kept = np.zeros(count, bool)
    for b in made:
        if b.severity >= Level.WARNING:
            kept[b.start : b.end] = True
    kept[[s.start for s in found]] = True
    if ended >= 0:
        kept[ended] = True
    return kept
