"""The one scan: goes over the text once, chunk by chunk; gives its columns and the lines on which patterns matched."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from logsieve.core.scanner import Hits, Scanner, scanner
from logsieve.model import Level
from logsieve.packs import IgnoreRule, NoiseRule, PackSet, Pattern, Rule
from logsieve.text import LogText

__all__ = ["MOST_HITS", "Scanned", "run"]

KEPT = 1 << 26  # bytes of messages that stay at hand for the later stages; lines beyond are cleaned again one by one
MOST_HITS = 2000  # hits of one rule that are looked at: the first and the last half of these; more say nothing new
LEVELS = (r"(?i)\b(?:err(?:or)?|fatal|f|e|crit(?:ical)?|severe|alert|emerg|panic)\b", r"(?i)\b(?:w|wrn|warn(?:ing)?)\b")


@dataclass(frozen=True, eq=False)
class _Plan:
    """What scanning needs of a pack set, worked out once: pattern numbers by kind, their engines, reasons of noise.

    What ignores lines is looked for on those lines only that a rule or their level makes stand out.
    """

    patterns: tuple[Pattern, ...]
    level_rules: tuple[Pattern, ...]
    plain: NDArray[np.int32]
    raw: NDArray[np.int32]
    ignores: NDArray[np.int32]
    by_message: Scanner
    by_bytes: Scanner
    by_outstanding: Scanner
    levels: NDArray[np.int8]  # that make a line stand out
    parts: NDArray[np.str_]
    is_rule: NDArray[np.bool_]
    reasons: tuple[str, ...]
    reason_of: NDArray[np.int16]  # by pattern: index into reasons, -1 for what is not noise
    specificities: NDArray[np.int8]  # by pattern: of what ignores lines, else 0


@lru_cache(maxsize=8)
def _plan(packs: PackSet) -> _Plan:
    patterns = packs.patterns
    kinds = np.array(["ignore" if p.part == "ignore" else "raw" if p.raw else "plain" for p in patterns], np.str_)
    plain, raw, ignores = (np.flatnonzero(kinds == kind).astype(np.int32) for kind in ("plain", "raw", "ignore"))
    names: dict[str, int] = {}
    reasons = [names.setdefault(p.owner.reason, len(names)) if isinstance(p.owner, NoiseRule) else -1 for p in patterns]
    by_message, by_bytes, by_outstanding = (
        scanner(tuple(patterns[i].regex for i in which)) for which in (plain, raw, ignores)
    )
    return _Plan(
        patterns,
        packs.level_rules,
        plain,
        raw,
        ignores,
        by_message,
        by_bytes,
        by_outstanding,
        np.array([p.owner.at_level for p in packs.level_rules if isinstance(p.owner, Rule)], np.int8),
        np.array([p.part for p in patterns], np.str_),
        np.array([p.part == "rule" for p in patterns], bool),
        tuple(names),
        np.array(reasons, np.int16),
        np.array([p.owner.specificity if isinstance(p.owner, IgnoreRule) else 0 for p in patterns], np.int8),
    )


class _Text:
    """The messages of one chunk of lines, cut into lines when first asked."""

    def __init__(self, start: int, end: int, messages: bytes) -> None:
        self.start = start
        self._end = end
        self._messages = messages
        self._breaks: list[int] = []

    def line(self, line: int) -> bytes | None:
        if line >= self._end:
            return None
        if not self._breaks:
            self._breaks = [-1, *np.flatnonzero(np.frombuffer(self._messages, np.uint8) == 10).tolist()]
        at = line - self.start
        return self._messages[self._breaks[at] + 1 : self._breaks[at + 1]]


@dataclass(frozen=True, eq=False)
class Scanned:
    """What one scan found. `shapes` (uint64), `levels` (int8) and `reason_of` (int16, index into `reasons` or -1) have
    an entry a line; `numbers` and `lines` are the hits, sorted by line, then pattern.
    """

    plan: _Plan
    numbers: NDArray[np.int32]
    lines: NDArray[np.int64]
    shapes: NDArray[np.uint64]
    levels: NDArray[np.int8]
    reason_of: NDArray[np.int16]
    texts: list[_Text]
    starts: list[int]  # of the texts, in lines

    def message(self, line: int) -> bytes | None:
        """The message of a line, None where it is not at hand."""
        at = bisect_right(self.starts, line) - 1
        return self.texts[at].line(line) if at >= 0 else None

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons that `reason_of` indexes."""
        return self.plan.reasons

    def of(self, *parts: str) -> list[tuple[int, Pattern]]:
        """The hits of some parts of the packs, in the order of the log."""
        chosen = np.flatnonzero(np.isin(self.plan.parts, parts)[self.numbers])
        patterns = self.plan.patterns
        return [
            (line, patterns[number])
            for line, number in zip(self.lines[chosen].tolist(), self.numbers[chosen].tolist(), strict=True)
        ]

    def of_rules(self) -> list[tuple[int, Pattern]]:
        """The hits of rules, of each no more than MOST_HITS, and the lines that only their level makes stand out."""
        rules = np.flatnonzero((self.plan.parts == "rule")[self.numbers])
        numbers, lines = self.numbers[rules], self.lines[rules]
        chosen: list[tuple[int, Pattern]] = []
        for number in np.unique(numbers):
            chosen += [(line, self.plan.patterns[number]) for line in _thinned(lines[numbers == number])]
        taken = np.zeros(len(self.levels), bool)
        taken[lines] = True
        for pattern in self.plan.level_rules:
            assert isinstance(pattern.owner, Rule)
            chosen += [(n, pattern) for n in _thinned(np.flatnonzero((self.levels == pattern.owner.at_level) & ~taken))]
        return sorted(chosen, key=lambda hit: hit[0])

    def ignored(self) -> NDArray[np.int8]:
        """For each line the specificity (0 to 100) below which rules do not count there."""
        found = np.zeros(len(self.shapes), np.int8)
        ignores = np.flatnonzero((self.plan.parts == "ignore")[self.numbers])
        np.maximum.at(found, self.lines[ignores], self.plan.specificities[self.numbers[ignores]])
        return found


def run(
    text: LogText,
    packs: PackSet,
    strip: Callable[[bytes], bytes],
    level: Callable[[str], Level] | None,
    shapes_of: Callable[[bytes], NDArray[np.uint64]],
    progress: Callable[[float], None] | None = None,
) -> Scanned:
    """Go over the text once, chunk by chunk: clean it, `strip` the envelopes off, scan, hash shapes, read levels.

    `level` reads the level that a line's envelope names; None where no envelope of this log names one.
    """
    plan = _plan(packs)
    by_level = scanner(LEVELS)
    numbers: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
    lines: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    shapes = np.zeros(len(text), np.uint64)
    levels = np.zeros(len(text), np.int8)
    texts: list[_Text] = []
    room = KEPT

    def note(which: NDArray[np.int32], hits: Hits, at: NDArray[np.int64] | int) -> None:
        numbers.append(which[hits[0]])
        lines.append(hits[1] + at if isinstance(at, int) else at[hits[1]])

    for start, end in text.chunks():
        clean = text.clean_bytes(start, end)
        messages = strip(clean)
        note(plan.plain, plan.by_message.scan(messages), start)
        note(plan.raw, plan.by_bytes.scan(text.raw_bytes(start, end)), start)
        shapes[start:end] = shapes_of(messages)
        room -= len(messages)
        if room > 0:
            texts.append(_Text(start, end, messages))
        if level:
            for line in np.unique(by_level.scan(clean)[1]).tolist():
                levels[start + line] = level(text.clean(start + line))
        standing_out = np.isin(levels[start:end], plan.levels)
        for found, at in zip(numbers[-2:], lines[-2:], strict=True):
            standing_out[at[plan.is_rule[found]] - start] = True
        standing = np.flatnonzero(standing_out)
        note(plan.ignores, plan.by_outstanding.scan(_lines_of(messages, standing)), standing + start)
        if progress:
            progress(end / len(text))
    all_numbers, all_lines = np.concatenate(numbers), np.concatenate(lines)
    order = np.lexsort((all_numbers, all_lines))
    all_numbers, all_lines = all_numbers[order], all_lines[order]
    reason_of = _reasons(plan, all_numbers, all_lines, len(text))
    return Scanned(plan, all_numbers, all_lines, shapes, levels, reason_of, texts, [t.start for t in texts])


def _lines_of(messages: bytes, lines: NDArray[np.int64]) -> bytes:
    """Some lines of a chunk, each with its newline."""
    if not len(lines):
        return b""
    ends = np.flatnonzero(np.frombuffer(messages, np.uint8) == 10) + 1
    starts = np.where(lines > 0, ends[lines - 1], 0)
    return b"".join([messages[a:b] for a, b in zip(starts.tolist(), ends[lines].tolist(), strict=True)])


def _reasons(plan: _Plan, numbers: NDArray[np.int32], lines: NDArray[np.int64], count: int) -> NDArray[np.int16]:
    column = np.full(count, -1, np.int16)
    is_noise = plan.reason_of[numbers] >= 0
    column[lines[is_noise]] = plan.reason_of[numbers[is_noise]]
    return column


def _thinned(lines: NDArray[np.int64]) -> list[int]:
    if len(lines) > MOST_HITS:
        lines = np.concatenate((lines[: MOST_HITS // 2], lines[-MOST_HITS // 2 :]))
    found: list[int] = lines.tolist()
    return found
