"""What the scan looks for: the patterns of a pack set by kind, each kind compiled into one engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from logsieve.core.distinct import Distinct
from logsieve.core.scanner import Scanner, Together, scanner
from logsieve.packs import IgnoreRule, NoiseRule, PackSet, Pattern, Rule, load
from logsieve.packs.patterns import compiled

__all__ = ["Plan", "plan_of", "rank_of"]


@dataclass(frozen=True, eq=False)
class Plan:
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
    is_rule: NDArray[np.bool_]
    names: tuple[tuple[str, ...], ...]  # by pattern: the groups that are looked for in the scan
    is_named: NDArray[np.bool_]  # by pattern: whether there are any
    reasons: tuple[str, ...]
    reason_of: NDArray[np.int16]  # by pattern: index into reasons, -1 for what is not noise, and at the end
    specificities: NDArray[np.int8]  # by pattern: of what ignores lines, else 0
    distinct: Distinct


@lru_cache(maxsize=3)  # each remembers messages; of packs that are edited one set is in use
def plan_of(packs: PackSet) -> Plan:
    """The plan of a pack set."""
    patterns = packs.patterns
    kinds = np.array(list(map(_kind, patterns)), np.str_)
    plain, raw, ignores = (np.flatnonzero(kinds == kind).astype(np.int32) for kind in _KINDS)
    names: dict[str, int] = {}
    reasons = [names.setdefault(p.owner.reason, len(names)) if isinstance(p.owner, NoiseRule) else -1 for p in patterns]
    by_message, by_bytes, by_outstanding = (
        _scanner(tuple(patterns[i].regex for i in which.tolist()), built_in)
        for which, built_in in zip((plain, raw, ignores), _built_in(), strict=True)
    )
    named = tuple(compiled(p.regex).names if _is_told(p) else () for p in patterns)
    return Plan(
        patterns,
        packs.level_rules,
        plain,
        raw,
        ignores,
        by_message,
        by_bytes,
        by_outstanding,
        np.array([p.owner.at_level for p in packs.level_rules if isinstance(p.owner, Rule)], np.int8),
        np.array([p.part == "rule" for p in patterns], bool),
        named,
        np.array(list(map(bool, named)), bool),
        tuple(names),
        np.array([*reasons, -1], np.int16),
        np.array([p.owner.specificity if isinstance(p.owner, IgnoreRule) else 0 for p in patterns], np.int8),
        Distinct(),
    )


_KINDS = ("plain", "raw", "ignore")


def _kind(pattern: Pattern) -> str:
    """What a pattern is looked for in: messages, lines as written, or messages of lines that stand out."""
    return "ignore" if pattern.part == "ignore" else "raw" if pattern.raw else "plain"


@cache
def _built_in() -> tuple[tuple[str, ...], ...]:
    """The patterns in the packs that come along, of each kind."""
    return tuple(tuple(p.regex for p in load().patterns if _kind(p) == kind) for kind in _KINDS)


def _scanner(patterns: tuple[str, ...], built_in: tuple[str, ...]) -> Scanner:
    """The scanner for some patterns. Those that are among the built-in ones are found by the engine of all of these,
    whichever are in use; the others have one of their own. To prepare one for both would take ten seconds whenever a
    pack is switched off, replaced or added.
    """
    if patterns == built_in:
        return scanner(built_in)
    places: dict[str, list[int]] = {}
    for place, pattern in enumerate(built_in):
        places.setdefault(pattern, []).append(place)
    numbers = np.full(len(built_in), -1, np.int32)
    own = []
    for number, pattern in enumerate(patterns):
        if places.get(pattern):
            numbers[places[pattern].pop()] = number
        else:
            own.append(number)
    parts = [(scanner(built_in), numbers)] if len(own) < len(patterns) else []
    if own or not parts:
        parts.append((scanner(tuple(patterns[n] for n in own)), np.array(own, np.int32)))
    return Together(parts)


@lru_cache(maxsize=32)
def rank_of(plan: Plan, parts: tuple[str, ...]) -> NDArray[np.int8]:
    """By pattern: the place of its part among these, their number where it is none of them."""
    places = (parts.index(p.part) if p.part in parts else len(parts) for p in plan.patterns)
    return np.fromiter(places, np.int8, len(plan.patterns))


def _is_told(pattern: Pattern) -> bool:
    """Whether a pattern is one of sections or outcomes that names something."""
    return pattern.part in ("start", "end", "outcome") and "(?P<" in pattern.regex
