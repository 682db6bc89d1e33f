"""The one scan: goes over the text once, chunk by chunk; gives its columns and the lines on which patterns matched.

What it finds on a line depends on that line alone. So a log may be scanned in parts, in any process, and after a change
only what has changed is scanned again: the result is the same.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from logsieve.core.distinct import Found
from logsieve.core.parts import Messages, Part, joined
from logsieve.core.plan import Plan, plan_of, rank_of
from logsieve.packs import PackSet, Pattern, Rule
from logsieve.packs.patterns import compiled
from logsieve.text import CHUNK, LONGEST, Data, LogText

__all__ = ["MOST_HITS", "Hit", "Hits", "Parts", "Scanned", "Wrapping", "message_of", "part", "run"]

KEPT = 1 << 24  # bytes of a log whose messages stay at hand for the later stages; of others lines are cleaned again
MOST_HITS = 2000  # hits of one rule that are looked at: the first and the last half of these; more say nothing new
PIECE = 1 << 12  # hits that are made objects at a time
STEP = 1 << 16  # bytes of two texts that are compared at a time


class Wrapping(Protocol):
    """What takes the envelopes off, and reads the level that they name."""

    def taken_off(self, clean: bytes) -> tuple[list[bytes], list[int]]:
        """The messages of clean lines, and the level that the envelope of each names; none where no envelope can."""
        ...

    def message(self, clean: str) -> str:
        """The message of one clean line, cut at LONGEST."""
        ...


Shapes = Callable[[bytes], NDArray[np.uint64]]
Groups = dict[str, str]
_UNREADABLE = b"\xff"  # in place of names: the message is not UTF-8, and the line's other bytes say what it is then
Hit = tuple[int, Pattern, Groups | None]  # the line, and what the pattern names there: None where it is beyond LONGEST


@dataclass(frozen=True, eq=False)
class Hits:
    """Lines on which patterns of sections or outcomes matched: columns of the `lines`, the `numbers` of patterns, and
    the `sizes` and `ends` of what is named there. As objects they are made one by one: there may be millions.
    """

    plan: Plan
    lines: NDArray[np.int32]
    numbers: NDArray[np.int32]
    sizes: NDArray[np.uint32]
    ends: NDArray[np.int64]
    names: bytes | bytearray

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Hit]:
        patterns, named = self.plan.patterns, self.plan.names  # thousands, and a short log has few hits
        for at in range(0, len(self), PIECE):
            columns = (c[at : at + PIECE].tolist() for c in (self.lines, self.numbers, self.sizes, self.ends))
            for line, number, size, end in zip(*columns, strict=True):
                pattern, names = patterns[number], named[number]
                if not names:
                    yield line, pattern, {}
                elif not size:
                    yield line, pattern, None
                else:
                    texts = self.names[end - size : end].decode("utf-8", "replace").split("\n")
                    if len(names) == 1:
                        yield line, pattern, {names[0]: texts[0]} if texts[0] else {}
                    else:
                        yield line, pattern, {n: text for n, text in zip(names, texts, strict=False) if text}

    def pattern(self, at: int) -> Pattern:
        """The pattern of one of them."""
        return self.plan.patterns[self.numbers.item(at)]

    def patterns(self) -> list[Pattern]:
        """The patterns, each once."""
        return [self.plan.patterns[number] for number in np.flatnonzero(np.bincount(self.numbers))]


@dataclass(frozen=True, eq=False)
class Scanned:
    """What one scan found in a whole log; `same`: how many lines at its start and its end were taken over for it."""

    plan: Plan
    found: Part
    same: tuple[int, int] = (0, 0)

    def messages(self, start: int, end: int) -> bytes | None:
        """The messages of lines start..end with newlines between them, None where they are not at hand together."""
        at = bisect_right(self._starts, start) - 1
        return self.found.messages[at].lines(start, end) if at >= 0 else None

    @cached_property
    def _starts(self) -> list[int]:
        return [messages.start for messages in self.found.messages]

    def replaced(self, earlier: Scanned) -> range | None:
        """The lines that are others than in an earlier scan, where these are as many there and all else is the same."""
        first, last = self.same
        known = self.plan is earlier.plan and len(self.found) == len(earlier.found) and first + last
        return range(first, len(self.found) - last) if known else None

    def says(self, lines: range, *parts: str) -> bool:
        """Whether there are hits of these parts on some lines."""
        a, b = np.searchsorted(self.found.lines, (lines.start, lines.stop))
        return bool((rank_of(self.plan, parts)[self.found.numbers[a:b]] < len(parts)).any())

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons that `reason_of` indexes."""
        return self.plan.reasons

    def of(self, *parts: str) -> Hits:
        """The hits of sections' starts or ends, or of outcomes, in the order of the log; those of one line by part."""
        found = self.found
        rank = rank_of(self.plan, parts)
        chosen = np.flatnonzero((rank < len(parts))[found.numbers])
        if len(parts) > 1:
            chosen = chosen[np.lexsort((rank[found.numbers[chosen]], found.lines[chosen]))]
        ends = np.cumsum(found.sizes, dtype=np.int64)[chosen]
        return Hits(self.plan, found.lines[chosen], found.numbers[chosen], found.sizes[chosen], ends, found.names)

    def of_rules(self) -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[Pattern, ...]]:
        """The hits of rules, of each no more than MOST_HITS, and the lines that only their level makes stand out: on
        which line (int32) which (int32) of the patterns matched, in order.
        """
        is_rule = self.plan.is_rule[self.found.numbers]
        lines, numbers = [self.found.lines[is_rule]], [self.found.numbers[is_rule]]
        taken = np.zeros(len(self.found), bool)
        taken[lines[0]] = True
        for number, pattern in enumerate(self.plan.level_rules, len(self.plan.patterns)):
            assert isinstance(pattern.owner, Rule)
            stand_out = np.flatnonzero((self.found.levels == pattern.owner.at_level) & ~taken).astype(np.int32)
            lines.append(stand_out)
            numbers.append(np.full(len(stand_out), number, np.int32))
        of_lines, of_numbers = np.concatenate(lines), np.concatenate(numbers)
        few = _few(of_numbers)
        few = few[np.argsort(of_lines[few], kind="stable")]
        return of_lines[few], of_numbers[few], self.plan.patterns + self.plan.level_rules


Parts = Callable[[LogText, Sequence[tuple[int, int]]], Iterator[Part]]


def run(
    text: LogText,
    packs: PackSet,
    parts: Parts,
    earlier: tuple[LogText, Scanned] | None = None,
    since: int = 0,
    size: int = CHUNK,
) -> Scanned:
    """Scan a text. `parts` gives the Part of each of some ranges of its lines, of about `size` bytes, in their order.

    `earlier` is another text that was scanned with the same packs and wrapping: the lines at its start and its end that
    this one has too are taken over. Of the lines before `since` nothing is known then.
    """
    plan = plan_of(packs)
    start, end, kept = 0, 0, None
    if earlier and earlier[1].plan is plan:
        start, end = _unchanged(earlier[0], text)
        kept = earlier[1].found
    before = [kept.cut(0, start)] if kept else []
    after = [kept.cut(len(kept) - end, len(kept))] if kept else []
    found = chain(before, parts(text, list(text.chunks(max(start, since), len(text) - end, size))), after)
    at_hand = len(text.data) - int(text.starts[since]) <= KEPT
    known = joined(part if at_hand else part.without_messages() for part in found)
    return Scanned(plan, known.below(since) if since else known, (start, end))


def part(text: LogText, start: int, end: int, packs: PackSet, wrapping: Wrapping, shapes_of: Shapes) -> Part:
    """Scan lines start..end, which should be about a chunk: clean them, strip the envelopes off, look for all patterns,
    hash shapes, read the levels that envelopes name.
    """
    plan = plan_of(packs)
    count = end - start
    messages, named = wrapping.taken_off(text.clean_bytes(start, end))
    levels = np.array(named or np.zeros(count), np.int8)
    rows = plan.distinct.rows(messages, lambda new: _look(plan, new, shapes_of))
    found = plan.distinct.found(rows)
    joined = b"\n".join([*messages, b""])
    if not joined.isascii():
        for at in np.flatnonzero(found.names == _UNREADABLE).tolist():
            message = wrapping.message(text.clean(start + int(found.lines[at])))
            found.names[at] = _named(plan, int(found.numbers[at]), message.encode("utf-8", "replace"))
    found = _with_raw(plan, found, text, start, end)
    stand_out = np.isin(levels, plan.levels)
    stand_out[found.lines[plan.is_rule[found.numbers]]] = True
    outstanding = np.flatnonzero(stand_out)
    ignored = np.zeros(count, np.int8)
    ignored[outstanding] = plan.distinct.ignored(rows, outstanding, messages, lambda new: _ignored(plan, new))
    names = found.names.tolist()
    return Part(
        found.shapes,
        levels,
        plan.reason_of[found.noise],
        ignored,
        found.numbers,
        found.lines.astype(np.int32),
        np.fromiter(map(len, names), np.uint32, len(names)),
        b"".join(names),
        (Messages(0, count, joined, 0, array("q")),),
    )


def _look(plan: Plan, messages: list[bytes], shapes_of: Shapes) -> Found:
    """What is found in messages that have not been seen yet."""
    joined = b"\n".join([*messages, b""])
    numbers, lines = plan.by_message.scan(joined)
    shapes = shapes_of(joined)
    found = _apart(plan, shapes, np.full(len(shapes), -1, np.int32), plan.plain[numbers], lines)
    for at in np.flatnonzero(plan.is_named[found.numbers]).tolist():
        message = messages[found.lines[at]]
        try:
            start = message[:LONGEST] if message.isascii() else message.decode()[:LONGEST].encode()
        except UnicodeDecodeError:
            found.names[at] = _UNREADABLE
        else:
            found.names[at] = _named(plan, int(found.numbers[at]), start)
    return found


def _with_raw(plan: Plan, found: Found, text: LogText, start: int, end: int) -> Found:
    """What is found in the messages of lines start..end, and what in their bytes as written."""
    numbers, lines = plan.by_bytes.scan(text.seen_bytes(start, end))
    if not len(numbers):
        return found
    raw = _apart(plan, found.shapes, found.noise, plan.raw[numbers], lines)
    for at in np.flatnonzero(plan.is_named[raw.numbers]).tolist():
        whole = text.seen(start + int(raw.lines[at]))[:LONGEST].encode("utf-8", "replace")
        raw.names[at] = _named(plan, int(raw.numbers[at]), whole)
    numbers, lines = np.concatenate((found.numbers, raw.numbers)), np.concatenate((found.lines, raw.lines))
    order = np.lexsort((numbers, lines))
    names = np.concatenate((found.names, raw.names))[order]
    return Found(found.shapes, raw.noise, numbers[order], lines[order], names)


def _apart(
    plan: Plan,
    shapes: NDArray[np.uint64],
    noise: NDArray[np.int32],
    numbers: NDArray[np.int32],
    lines: NDArray[np.int64],
) -> Found:
    """Hits, those of noise in their column; no names yet."""
    is_noise = plan.reason_of[numbers] >= 0
    noise = noise.copy()
    np.maximum.at(noise, lines[is_noise], numbers[is_noise])
    numbers, lines = numbers[~is_noise], lines[~is_noise]
    return Found(shapes, noise, numbers, lines, np.full(len(numbers), b"", object))


def _named(plan: Plan, number: int, message: bytes) -> bytes:
    """What a pattern names in a message, as Part has it."""
    return compiled(plan.patterns[number].regex).told(message)


def _ignored(plan: Plan, messages: list[bytes]) -> NDArray[np.int8]:
    """By how much rules do not count in each message."""
    numbers, lines = plan.by_outstanding.scan(b"\n".join([*messages, b""]))
    ignored = np.zeros(len(messages), np.int8)
    np.maximum.at(ignored, lines, plan.specificities[plan.ignores[numbers]])
    return ignored


def message_of(stripped: bytes | None, text: LogText, line: int, wrapping: Wrapping) -> str:
    """The message of a line, cut at LONGEST: what is left of its bytes without envelopes, where that is at hand."""
    if stripped is not None:
        try:
            return stripped.decode("utf-8")[:LONGEST]
        except UnicodeDecodeError:
            pass  # the text knows what else it may be
    return wrapping.message(text.clean(line))


def _unchanged(old: LogText, new: LogText) -> tuple[int, int]:
    """How many whole lines at the start, and how many at the end, two texts have in common."""
    if not old.is_there():
        return 0, 0
    start, end = _common(old.data, new.data)
    lines = int(np.searchsorted(new.starts[1:], start, side="right"))
    if lines and new.data[int(new.starts[lines]) - 1 : int(new.starts[lines])] != b"\n":
        lines -= 1  # the last line has no end: the other text may go on with it
    return lines, len(new) - int(np.searchsorted(new.starts[:-1], len(new.data) - end, side="right"))


def _common(old: Data, new: Data) -> tuple[int, int]:
    """How many bytes at the start, and how many of the rest at the end, are the same."""
    if (grown := getattr(new, "grown", None)) and grown(old):  # a file that needs not be read whole to know
        return len(old), 0
    most = min(len(old), len(new))
    start = 0
    while start < most and old[start : start + STEP] == new[start : start + STEP]:
        start = min(start + STEP, most)
    start += _alike(old[start : min(start + STEP, most)], new[start : min(start + STEP, most)])
    most -= start
    end = 0
    a, b = len(old), len(new)
    while end < most and old[max(0, a - end - STEP) : a - end] == new[max(0, b - end - STEP) : b - end]:
        end = min(end + STEP, most)
    step = min(STEP, most - end)
    return start, end + _alike(old[a - end - step : a - end][::-1], new[b - end - step : b - end][::-1])


def _alike(a: bytes, b: bytes) -> int:
    other = np.flatnonzero(np.frombuffer(a, np.uint8) != np.frombuffer(b, np.uint8))
    return int(other[0]) if len(other) else len(a)


def _few(numbers: NDArray[np.int32]) -> NDArray[np.int64]:
    """Where of each number the first and the last are, MOST_HITS in all; those of the lowest number first."""
    order = np.argsort(numbers, kind="stable")
    counts = np.bincount(numbers)[numbers[order]]
    nth = np.arange(len(order)) - np.searchsorted(numbers[order], numbers[order])
    return order[(nth < MOST_HITS // 2) | (nth >= counts - MOST_HITS // 2)]
