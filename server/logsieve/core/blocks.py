"""Blocks: from the lines that rules matched to all the lines that belong to each, without overlap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from heapq import heappop, heappush
from itertools import islice

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
PAGE = 1 << 12  # lines that are marked together
LINKS = 20  # links of one chain of causes that are told

Message = Callable[[int], str]
Named = Callable[[str, str], dict[str, str] | None]  # what a pattern names in a text
Own = Callable[[int], bool]  # whether a line is of the block's own stream


def find(
    lines: NDArray[np.int32],
    numbers: NDArray[np.int32],
    patterns: Sequence[Pattern],
    ignored: NDArray[np.int8],
    bounds: Callable[[int], tuple[int, int]],
    message: Message,
    as_written: Message,
    told: Callable[[int], Level],
    stream: Callable[[int], str] | None,
) -> list[Block]:
    """Blocks for the hits of rules, in the order of the log.

    `lines` and `numbers` (both of shape [hits], sorted) say on which line which of the `patterns` matched. `ignored`
    gives for each line the specificity below which rules do not count; `bounds` gives the section around a
    line, which no block leaves; `message` and `as_written` give a line's text for ordinary and for raw rules; `told`
    gives the level that the line's envelope names: of a warning only a raw rule, which sees that word, may make an
    error, and on a line that is only information no rule under GENERAL counts. `stream` gives the stream of a line
    where the log has several: a block goes on with the next line of its own.
    """
    named = lru_cache(maxsize=1 << 12)(_named)  # what repeats in a log is read once
    shared: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}  # and is there once

    def block(line: int, pattern: Pattern) -> Block | None:
        rule = pattern.owner
        assert isinstance(rule, Rule)
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
        anchor, groups = _anchor(rule, line, start, end, message, own, named)
        # What several patterns name is what the one that says most names.
        for source, at, read in (
            (rule.pattern, line, as_written if rule.raw else message),
            (rule.below, under, message),
            (rule.block.start, start, message),
        ):
            if "(?P<" in source:
                groups = (named(source, read(at)) or {}) | groups
        groups = shared.setdefault(tuple(groups.items()), groups)
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
    lines, numbers, edges, turns = _in_turn(lines, numbers, patterns, ignored)
    later: list[tuple[int, int, int, Block]] = []  # made, but less sure than something else may be
    taken = _Taken()
    kept: list[Block] = []
    while turns or later:
        made: Block | None = None
        if later and not (turns and turns[-1] < later[0]):
            _, _, which, made = heappop(later)
        else:
            _, _, which = turns.pop()
        line = lines.item(edges.item(which))
        of = stream(line) if stream else ""
        if taken.has(of, line):
            continue
        if made is None:
            of_line = numbers[edges.item(which) : edges.item(which + 1)].tolist()
            made = next((found for number in of_line if (found := block(line, patterns[number]))), None)
            if made is None:
                continue
            turn = -_sureness(made.specificity, made.role, made.severity), made.start, which, made
            if (turns and turns[-1] < turn) or (later and later[0] < turn):
                heappush(later, turn)
                continue
        # What reaches into a surer block is cut.
        start, end = taken.free(of, made.start, line, made.end)
        taken.take(of, start, end)
        if (start, end) != (made.start, made.end) or not start <= made.anchor < end:
            anchor = made.anchor if start <= made.anchor < end else line
            made = replace(made, start=start, end=end, anchor=anchor)
        kept.append(made)
    return sorted(kept, key=lambda b: b.start)


class _Taken:
    """The lines that blocks have taken. Those of two streams may lie in each other, each has lines of its own only; a
    log may have any number of streams, so there are marks only where something is taken.
    """

    def __init__(self) -> None:
        self._pages: dict[tuple[str, int], bytearray] = {}

    def has(self, stream: str, line: int) -> bool:
        """Whether a line is taken."""
        page = self._pages.get((stream, line // PAGE))
        return page is not None and page[line % PAGE] > 0

    def free(self, stream: str, start: int, line: int, end: int) -> tuple[int, int]:
        """The lines around one that is free, from `start` to `end` at most, of which none is taken."""
        for number in range(line // PAGE, start // PAGE - 1, -1):
            if page := self._pages.get((stream, number)):
                first = number * PAGE
                last = page.rfind(1, max(0, start - first), min(PAGE, line - first))
                if last >= 0:
                    start = first + last + 1
                    break
        for number in range(line // PAGE, (end - 1) // PAGE + 1):
            if page := self._pages.get((stream, number)):
                first = number * PAGE
                next_one = page.find(1, max(0, line - first), min(PAGE, end - first))
                if next_one >= 0:
                    end = first + next_one
                    break
        return start, end

    def take(self, stream: str, start: int, end: int) -> None:
        """Take the lines start..end."""
        for number in range(start // PAGE, (end - 1) // PAGE + 1):
            page = self._pages.setdefault((stream, number), bytearray(PAGE))
            a, b = max(0, start - number * PAGE), min(PAGE, end - number * PAGE)
            page[a:b] = b"\1" * (b - a)


def reach(pattern: Pattern) -> tuple[int, int]:
    """How many lines above and below that of a hit, at most, are looked at for its block."""
    rule = pattern.owner
    assert isinstance(rule, Rule)
    return rule.block.back, max(rule.block.max, UNDER if rule.below else FORGIVEN)


def _in_turn(
    lines: NDArray[np.int32], numbers: NDArray[np.int32], patterns: Sequence[Pattern], ignored: NDArray[np.int8]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], list[tuple[int, int, int]]]:
    """The lines and patterns of the hits that count, of each line the most specific first; where each line's begin, and
    their end; and the turns of those lines, the surest last: minus the sureness that its block has at most, the
    earliest line on which that may begin, and which of the lines it is.
    """
    specificity, sureness, above = (np.zeros(len(patterns), np.int64) for _ in range(3))
    for number in np.flatnonzero(np.bincount(numbers)).tolist():
        rule = patterns[number].owner
        assert isinstance(rule, Rule)
        specificity[number] = rule.specificity
        sureness[number], above[number] = _turn(rule)
    counts = specificity[numbers] >= ignored[lines]
    lines, numbers = lines[counts], numbers[counts]
    order = np.lexsort((-specificity[numbers], lines))
    lines, numbers = lines[order], numbers[order]
    firsts = np.flatnonzero(np.diff(lines, prepend=-1))
    best = np.maximum.reduceat(sureness[numbers] << 32 | above[numbers], firsts)
    turns = -(best >> 32), lines[firsts] - (best & 0xFFFFFFFF)
    order = np.lexsort(turns[::-1])[::-1]
    columns = (column[order].tolist() for column in turns)
    return lines, numbers, np.append(firsts, len(lines)), list(zip(*columns, order.tolist(), strict=True))


def _named(pattern: str, text: str) -> dict[str, str] | None:
    return compiled(pattern).named(text)


def _sureness(specificity: int, role: str, severity: Level) -> int:
    return specificity + SURENESS[role] + 20 * (severity - Level.ERROR)


def _turn(rule: Rule) -> tuple[int, int]:
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


def _anchor(
    rule: Rule, line: int, start: int, end: int, message: Message, own: Own, named: Named
) -> tuple[int, dict[str, str]]:
    """The line of the block that says what happened, and the groups that `rule.message` found there."""
    if not rule.message:
        return line, {}
    below = range(end - 1, line - 1, -1) if rule.last else range(line, end)
    for at in filter(own, [*below, *range(line - 1, start - 1, -1)]):
        groups = named(rule.message, message(at))
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
