"""Blocks: from the lines that rules matched to all the lines that belong to each, without overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logsieve.model import Block, Level
from logsieve.packs import BlockRule, Pattern, Rule
from logsieve.packs.patterns import compiled

__all__ = ["find", "reach"]

SURENESS = {"cause": 0, "summary": -20, "consequence": -30, "hint": -40}  # added to the specificity
GENERAL = 40  # specificity under which a rule knows no tool's grammar
FORGIVEN = 3  # lines below an error in which it is taken back
UNDER = 200  # lines in which the next one of the same stream is looked for
LINKS = 20  # links of one chain of causes that are told

Message = Callable[[int], str]
Own = Callable[[int], bool]  # whether a line is of the block's own stream


def find(
    hits: Sequence[tuple[int, Pattern]],
    ignored: NDArray[np.int8],
    bounds: Callable[[int], tuple[int, int]],
    message: Message,
    as_written: Message,
    told: Callable[[int], Level],
    stream: Callable[[int], str] | None,
    watched: Callable[[Iterable[Any]], Iterable[Any]],
) -> list[Block]:
    """Blocks for the hits of rules, in the order of the log.

    `ignored` gives for each line the specificity below which rules do not count; `bounds` gives the section around a
    line, which no block leaves; `message` and `as_written` give a line's text for ordinary and for raw rules; `told`
    gives the level that the line's envelope names: of a warning only a raw rule, which sees that word, may make an
    error, and on a line that is only information no rule under GENERAL counts. `stream` gives the stream of a line
    where the log has several: a block goes on with the next line of its own. `watched` gives what it is given, and may
    stop the work.
    """

    def block(line: int, pattern: Pattern, rule: Rule) -> Block | None:
        text = (as_written if rule.raw else message)(line)
        if not text.strip() or (rule.unless and compiled(rule.unless).search(text)):
            return None
        first, last = bounds(line)
        own = _same(stream, line) if stream else _any
        under = next((n for n in range(line + 1, min(line + 1 + UNDER, last)) if own(n)), -1) if rule.below else -1
        if rule.below and (under < 0 or not compiled(rule.below).search(message(under))):
            return None
        level = told(line) if rule.severity is Level.ERROR and not rule.raw else Level.UNKNOWN
        if rule.specificity < GENERAL and level in (Level.INFO, Level.DEBUG):
            return None
        start, end = _upward(rule.block, line, first, message, own), _downward(rule.block, line, last, message, own)
        if rule.block.closed and not compiled(rule.block.through).search(message(end - 1)):
            return None
        anchor, groups = _anchor(rule, line, start, end, message, own)
        # What several patterns name is what the one that says most names.
        for source, at, read in (
            (rule.pattern, line, as_written if rule.raw else message),
            (rule.below, under, message),
            (rule.block.start, start, message),
        ):
            if "(?P<" in source:
                groups = (compiled(source).named(read(at)) or {}) | groups
        code, category = f"{pattern.pack.name}/{rule.id}", rule.category or pattern.pack.category
        return Block(
            code,
            category,
            Level.WARNING if level is Level.WARNING or _forgiven(rule, line, last, message) else rule.severity,
            "consequence" if rule.echoes and compiled(rule.echoes).search(message(anchor)) else rule.role,
            rule.specificity,
            rule.title,
            line,
            start,
            end,
            anchor,
            groups,
            _links(rule, start, end, anchor, message, own) if rule.chain else (),
        )

    # On one line the most specific rule speaks, whatever its role: what it leaves no others need to look at. The surest
    # block takes its lines first, and of a line that is taken no block is made: where all are errors, most are taken.
    speaking: dict[int, list[tuple[Rule, Pattern]]] = {}
    waiting: list[tuple[float, int, int, Block | None]] = []  # with the earliest turn that a line's block may have
    turns = {id(p): _turn(p.owner) for p in {id(p): p for _, p in hits}.values() if isinstance(p.owner, Rule)}
    for line, of_line in groupby(watched(hits), itemgetter(0)):
        least = ignored.item(line)
        rules = [(p.owner, p) for _, p in of_line if isinstance(p.owner, Rule) and p.owner.specificity >= least]
        if not rules:
            continue
        if len(rules) > 1:
            rules.sort(key=lambda rule: -rule[0].specificity)
        speaking[line] = rules
        sureness, above = max([turns[id(pattern)] for _, pattern in rules])
        waiting.append((-sureness, line - above, line, None))
    heapify(waiting)
    # Blocks of two streams may lie in each other: each has lines of its own only.
    taken: defaultdict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))  # by stream: starts and ends
    kept: list[Block] = []
    while waiting:
        _, _, line, made = heappop(waiting)
        starts, ends = taken[stream(line) if stream else ""]
        at = bisect_right(starts, line)
        if at and ends[at - 1] > line:
            continue
        if made is None:
            for rule, pattern in speaking[line]:
                made = block(line, pattern, rule)
                if made is not None:
                    break
            else:
                continue
            turn = -_sureness(made.specificity, made.role, made.severity), made.start, line, made
            if waiting and waiting[0] < turn:
                heappush(waiting, turn)
                continue
        # What reaches into a surer block is cut.
        start = max(made.start, ends[at - 1]) if at else made.start
        end = min(made.end, starts[at]) if at < len(starts) else made.end
        starts.insert(at, start)
        ends.insert(at, end)
        if (start, end) != (made.start, made.end) or not start <= made.anchor < end:
            anchor = made.anchor if start <= made.anchor < end else line
            made = replace(made, start=start, end=end, anchor=anchor)
        kept.append(made)
    return sorted(kept, key=lambda b: b.start)


def reach(pattern: Pattern) -> tuple[int, int]:
    """How many lines above and below that of a hit, at most, are looked at for its block."""
    rule = pattern.owner
    assert isinstance(rule, Rule)
    return rule.block.back, max(rule.block.max, UNDER if rule.below else FORGIVEN)


def _sureness(specificity: int, role: str, severity: Level) -> float:
    return specificity + SURENESS[role] + 20 * (severity - Level.ERROR)


def _turn(rule: Rule) -> tuple[float, int]:
    """How sure a rule's block is at most, and how many lines above the rule's line it begins."""
    role = "consequence" if rule.echoes and rule.role == "hint" else rule.role
    above = rule.block.back if rule.block.start or rule.block.before else 0
    return _sureness(rule.specificity, role, rule.severity), above


def _forgiven(rule: Rule, line: int, last: int, message: Message) -> bool:
    """Whether the lines below an error take it back."""
    if not rule.forgiven or rule.severity is not Level.ERROR:
        return False
    pattern = compiled(rule.forgiven)
    return any(pattern.search(message(n)) for n in range(line + 1, min(line + 1 + FORGIVEN, last)))


def _any(_line: int) -> bool:
    return True


def _same(stream: Callable[[int], str], line: int) -> Own:
    """A line that names no stream belongs to no program: what it begins may hold lines of all."""
    mine = stream(line)
    return (lambda other: stream(other) == mine) if mine else _any


def _links(rule: Rule, start: int, end: int, anchor: int, message: Message, own: Own) -> tuple[int, ...]:
    """The other lines of a chain of causes whose root the block's anchor is."""
    pattern = compiled(rule.chain)
    found = (n for n in range(start, end) if n != anchor and own(n) and pattern.search(message(n)))
    return tuple(islice(found, LINKS))


def _anchor(rule: Rule, line: int, start: int, end: int, message: Message, own: Own) -> tuple[int, dict[str, str]]:
    """The line of the block that says what happened, and the groups that `rule.message` found there."""
    if not rule.message:
        return line, {}
    below = range(end - 1, line - 1, -1) if rule.last else range(line, end)
    for at in filter(own, [*below, *range(line - 1, start - 1, -1)]):
        groups = compiled(rule.message).named(message(at))
        if groups is not None:
            return at, groups
    return line, {}


def _upward(rule: BlockRule, line: int, first: int, message: Message, own: Own) -> int:
    if rule.start:
        pattern = compiled(rule.start)
        for at in filter(own, range(line, max(first, line - rule.back) - 1, -1)):
            if pattern.search(message(at)):
                return at
    if rule.before:
        pattern = compiled(rule.before)
        for at in filter(own, range(line - 1, max(first, line - rule.back) - 1, -1)):
            if not pattern.search(message(at)):
                break
            line = at
    return line


def _downward(rule: BlockRule, line: int, last: int, message: Message, own: Own) -> int:
    stop = min(last, line + rule.max)
    end = _reach(rule, line, stop, message, own)
    while rule.again:
        at = next((n for n in filter(own, range(end, stop)) if message(n).strip()), stop)
        if at == stop or not compiled(rule.again).search(message(at)):
            break
        end = _reach(rule, at, stop, message, own)
    return end


def _reach(rule: BlockRule, line: int, stop: int, message: Message, own: Own) -> int:
    """Where the block that has a head on `line` ends, at `stop` at the latest."""
    if rule.indent and rule.through:
        end = _while(rule, line, stop, message, own)
        at = next(filter(own, range(end, stop)), stop)
        return at + 1 if at < stop and compiled(rule.through).search(message(at)) else end
    if rule.through or (rule.until and not rule.keep and not rule.indent):
        pattern = compiled(rule.through or rule.until)
        for at in filter(own, range(line + 1, stop)):
            if pattern.search(message(at)):
                return at + 1 if rule.through else _trimmed(line, at, message)
        return _trimmed(line, stop, message)
    if rule.keep or rule.indent or rule.caret:
        return _while(rule, line, stop, message, own)
    return min(line + 1 + rule.lines, stop)


def _while(rule: BlockRule, line: int, stop: int, message: Message, own: Own) -> int:
    keep = compiled(rule.keep) if rule.keep else None
    until = compiled(rule.until) if rule.until else None
    caret = compiled(rule.caret) if rule.caret else None
    depth = _indent(message(line))
    end = line + 1
    for at in filter(own, range(line + 1, stop)):
        text = message(at)
        if until and until.search(text):
            break
        if not text.strip():
            if not rule.blank:
                break
            continue
        if (
            (rule.indent and _indent(text) > depth)
            or (keep and keep.search(text))
            or (caret and any(caret.search(message(n)) for n in range(at, min(at + 2, stop))))
        ):
            end = at + 1
        else:
            break
    return end


def _trimmed(line: int, end: int, message: Message) -> int:
    """`end` without the blank lines before it."""
    while end > line + 1 and not message(end - 1).strip():
        end -= 1
    return end


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))
