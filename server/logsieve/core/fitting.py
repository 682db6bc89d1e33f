"""Fitting: lines that are offered, taken into the excerpt as far as the budget goes, at what they really cost."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate
from weakref import proxy

import numpy as np

from logsieve.core.analysis import Analysis
from logsieve.model import Excerpt, Gap, Level, Piece

__all__ = ["LIMITS", "Limits", "Offer", "Room"]

DULL = 5  # lines of noise up to which it is shown whole in the context of a failure
BYTES = 4  # bytes of text that count as one token
GAP = len("[...  lines left out: ]") + 1  # bytes of a gap's text around its count and its kind
QUIET = 60  # seconds of silence after which the runner's time is shown again
HUGE = 8  # windows from which on a line is searched for what matters in it; shorter ones begin with it
SEARCHED = 1 << 20  # characters of a line that are searched
BESIDE = 12  # characters beside a word by which two places of a line are alike
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)")
_DIGITS = dict.fromkeys(map(ord, "0123456789"))
_MARK = re.compile(r"^[ \t]*[\^~][\^~ \t]*$")
_FAILURE = re.compile(
    r"(?i)(?:error|exception|fail(?:ed|ure)|fatal|panic|denied|refused|invalid|illegal|cannot|can't|could not|unable"
    r"|unexpected|missing|not found|no such|\bis no(?:t)?\b|undefined|forbidden|timed? ?out)"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How the budget is shared and where long things are cut; shares are of the whole budget."""

    root: float = 0.5  # the root cause's block; longer ones lose their middle
    near: float = 0.15  # what stands around the root cause
    before: int = 4  # lines before it
    after: int = 10  # and after it
    heads: int = 40  # failures of which at least the head is kept
    head: float = 0.2  # all heads together
    blocks: int = 100  # blocks of equal failures
    detail: float = 0.2  # any other finding's block
    reports: int = 4  # lines by which tools told their failure, the last ones
    ending: int = 30  # lines of the end of a failed step
    ends: float = 0.2  # and its share
    unsure: float = 0.6  # their share, and twice the lines, where the root cause is not sure: it may stand there
    likely: int = 6  # where it is not, places that the learned model takes for a cause
    foremost: float = 0.5  # the share of the likeliest,
    seems: float = 0.3  # and of each other
    also: float = 0.25  # where it is, the share of the likeliest place: packs may be sure of what is not the cause,
    strong: float = 2.0  # if the model is (log odds);
    beside: int = (
        3  # where it takes what stands so near to theirs for a cause, too, it must tell it from what is around:
    )
    wide: int = 100  # a place of more lines is none,
    close: int = 15  # and as many before and after its best one are enough
    context: float = 0.82  # what surrounds findings is added only up to here: more is rarely worth its tokens,
    small: int = 950  # but up to here, in tokens, in a small budget
    tail: int = 200  # lines of the end, where nothing was found or room is left
    line: int = 700  # characters kept of a long line, and no more than a quarter of the budget
    what: int = 80  # characters that say what a gap held
    least: int = 160  # bytes that any offer may take, however small its share
    gap: int = 130  # bytes reserved for the text of a gap
    reserve: float = 0.02  # of the budget: placeholders of redacted secrets may be longer than the secrets


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Offer:
    """Lines start..end proposed for the excerpt; `most` is the share of the budget they may take, `upto` how full it
    may get.
    """

    start: int
    end: int
    reason: str
    most: float = 1.0
    upto: float = 1.0
    around: int = -1  # the line to stay with where not all fits; the start where -1
    group: str = ""  # offers that share `groups` of the budget
    groups: float = 1.0


class Room:
    """The lines taken so far and what they cost."""

    def __init__(self, analysis: Analysis, budget: int, limits: Limits) -> None:
        self.analysis = analysis
        self.limits = limits
        self.budget = budget
        self.bytes = int(budget * BYTES * (1 - limits.reserve))
        self.gap = min(limits.gap, self.bytes // 8)  # of a budget that holds little else, gaps may not take all
        self.what = min(limits.what, max(16, self.gap - 40))
        self.used = self.gap  # the gap after the last piece
        self.of_group: Counter[str] = Counter()
        self.line = max(80, min(limits.line, self.bytes // 4))
        self.taken = np.zeros(len(analysis.text), bool)
        self.noise_starts = np.array([n.start for n in analysis.noise], int)
        self.noise_ends = np.array([n.end for n in analysis.noise], int)
        numbers: dict[str, int] = {}
        self.noise_reasons = np.array([numbers.setdefault(n.reason, len(numbers)) for n in analysis.noise], int)
        self.noise_names = list(numbers)
        long = self.noise_ends - self.noise_starts > DULL
        edges = np.zeros(len(analysis.text), np.int8)
        edges[self.noise_starts[long] + 1], edges[self.noise_ends[long] - 1] = 1, -1
        self.dull = np.cumsum(edges, dtype=np.int8) > 0  # inside runs of noise: no context worth its tokens
        self.reasons: dict[int, str] = {}
        self.anchors = sorted(b.anchor for b in analysis.blocks if b.severity is Level.ERROR)
        self.failures = sorted(f.anchor for f in analysis.findings if f.severity is Level.ERROR)
        me = proxy(self)  # in a cycle with itself it would keep the analysis until the collector comes by, or for good
        self.cost = lru_cache(maxsize=None)(partial(Room._cost, me))
        self.runner = lru_cache(maxsize=None)(lambda line: analysis.wrapping.of_runner(analysis.text.clean(line)))
        self.again = lru_cache(maxsize=None)(partial(Room._again, me))
        self.window = lru_cache(maxsize=None)(partial(Room._window, me))
        self.told = {b.anchor: b.groups.get("message", "") for b in analysis.blocks}

    def _cost(self, line: int) -> int:
        """Bytes of a line without what the runner put before it."""
        text = self.analysis.text.clean(line)
        if len(text) <= self.line:
            return len(text[len(self.runner(line)) :].encode()) + 1
        start, end = self.window(line)
        return len(text[max(start, len(self.runner(line))) : end].encode()) + 1 + (60 if start else 30)

    def _again(self, line: int) -> bool:
        """Whether the runner puts before the line what it put before the last one, and less than a minute later."""
        runner, last = self.runner(line), self.runner(line - 1) if line else ""
        if runner.translate(_DIGITS) != last.translate(_DIGITS):
            return False
        times = [[int(part) for part in found.groups()] for found in map(_CLOCK.search, (last, runner)) if found]
        seconds = [hours * 3600 + minutes * 60 + seconds for hours, minutes, seconds in times]
        return len(seconds) < 2 or 0 <= seconds[1] - seconds[0] < QUIET

    def _whole(self, line: int, follows: bool = True) -> int:
        """Bytes of a line as it is shown; `follows`: the line before is shown too."""
        return self.cost(line) + (0 if follows and self.again(line) else len(self.runner(line).encode()))

    def _as_taken(self, line: int) -> int:
        return self._whole(line, line > 0 and bool(self.taken[line - 1]))

    def _window(self, line: int) -> tuple[int, int]:
        """The columns of a long line that are kept: around what matters in it."""
        text = self.analysis.text.clean(line)
        at = self._matters(line, text)
        start = 0 if at < self.line * 3 // 4 else max(0, min(at - self.line // 3, len(text) - self.line))
        return start, min(len(text), start + self.line)

    def _matters(self, line: int, text: str) -> int:
        """The column of a long line that matters: where the mark below it stands, where what a rule found begins; in a
        huge one the last of the places that name a failure as no other place of the line does.
        """
        under = self.analysis.text.clean(line + 1) if line + 1 < len(self.analysis.text) else ""
        for mark in (text, under):
            if len(mark) > self.line and _MARK.match(mark):
                return len(mark) - len(mark.lstrip(" \t"))
        message = self.told.get(line, "")
        at = max(0, text.find(message)) if message else 0
        if 0 < len(message) <= self.line or len(text) < HUGE * self.line:
            return at
        places: dict[str, list[int]] = {}
        for found in _FAILURE.finditer(text[:SEARCHED]):
            around = text[max(0, found.start() - BESIDE) : found.end() + BESIDE].translate(_DIGITS)
            places.setdefault(around, []).append(found.start())
        return max((where[0] for where in places.values() if len(where) == 1), default=at)

    def take(self, offer: Offer) -> None:
        """Take the offer's lines, or those of them that fit: from its head and its end towards what matters in it."""
        out = self.taken[offer.start : offer.end]
        if offer.upto < 1:
            out = out | self.dull[offer.start : offer.end]
        fresh = (np.flatnonzero(~out) + offer.start).tolist()
        if not fresh:
            return
        share = max(self.bytes * offer.most, self.limits.least)
        upto = max(offer.upto, min(0.95, self.limits.small / self.budget)) if offer.upto < 1 else 1
        begins = 3 * len(self.runner(fresh[0]).encode())  # the runner's part is shown where a run of lines begins
        free = min(self.bytes * upto - self.used - 2 * self.gap - begins, share)
        if offer.group:
            free = min(free, self.bytes * offer.groups - self.of_group[offer.group])
        if free <= 0:
            return
        for line in self._fitting(fresh, offer, free):
            neighbours = self.taken[max(line - 1, 0) : line + 2].any()
            cost = self._as_taken(line) + (0 if neighbours else self.gap)
            if self.used + cost > self.bytes:  # what the runner puts before this one is longer than was to be expected
                break
            self.of_group[offer.group] += self.cost(line)
            self.used += cost
            self.taken[line] = True
            self.reasons[line] = offer.reason

    def _fitting(self, fresh: list[int], offer: Offer, free: float) -> list[int]:
        if _within(map(self._whole, fresh), free):
            return fresh
        if offer.around >= 0 and offer.upto == 1:
            if self.analysis.wrapping.has_stream:  # a block: what others wrote in between goes first
                fresh = [line for line in fresh if not self.analysis.foreign(line, offer.around)]
            if _within(map(self.cost, fresh), free):
                return fresh
        # Not all fits: the line that matters first, then its surroundings: two lines of the head for one of the end.
        anchor = offer.around if offer.around >= 0 else offer.start
        first = bisect_left(fresh, anchor)
        near, rest = fresh[first : first + 6], fresh[:first] + fresh[first + 6 :]
        chosen: list[int] = []
        head, tail = 0, len(rest)
        turn = 0
        queue = list(near)
        while queue or head < tail:
            if queue:
                line = queue.pop(0)
            elif turn % 3 < 2 and anchor - offer.start < offer.end - anchor:
                line, head = rest[head], head + 1
            else:
                tail -= 1
                line = rest[tail]
            turn += 1
            free -= self._whole(line)
            if free < 0:
                break
            chosen.append(line)
        return sorted(chosen)

    def settle(self) -> None:
        """Count what the gaps really take; those that cost more than the lines they stand for are closed."""
        edges = [0, *(edge for run in self._runs() for edge in run), len(self.taken)]
        self.used = sum(self._as_taken(line) for line in np.flatnonzero(self.taken).tolist())
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if start == end:
                continue
            text = GAP + len(f"{end - start:,}") + len(self._what(start, end).encode())
            lines = sum(self._whole(n, n > 0) for n in range(start, end)) if end - start <= DULL else text + 1
            if lines <= text:
                reason = self.reasons[start - 1] if start else self.reasons.get(end, "context")
                for line in range(start, end):
                    self.taken[line] = True
                    self.reasons[line] = reason
            self.used += min(lines, text)

    def excerpt(self) -> Excerpt:
        """The pieces and gaps of what was taken."""
        pieces: list[Piece] = []
        gaps: list[Gap] = []
        last = 0
        for start, end in self._runs():
            if start > last:
                gaps.append(Gap(last, start, self._what(last, start)))
            at = start
            for line in range(start + 1, end + 1):  # one piece for each reason
                if line == end or self.reasons[line] != self.reasons[at]:
                    again = {n: len(self.runner(n)) for n in range(at, line) if n > start and self.again(n)}
                    pieces.append(Piece(at, line, self.reasons[at], self._cuts(at, line), again))
                    at = line
            last = end
        if last < len(self.taken):
            gaps.append(Gap(last, len(self.taken), self._what(last, len(self.taken))))
        return Excerpt(tuple(pieces), tuple(gaps), -(-self.used // BYTES), self.budget)

    def _runs(self) -> list[tuple[int, int]]:
        lines = np.flatnonzero(self.taken)
        last = np.flatnonzero(np.diff(lines, append=-1) != 1)  # of each run
        ends = lines[last].tolist()
        starts = lines[np.append(0, last[:-1] + 1)].tolist() if ends else []
        return [(start, end + 1) for start, end in zip(starts, ends, strict=True)]

    def _cuts(self, start: int, end: int) -> dict[int, tuple[int, int]]:
        cuts = {}
        for line in range(start, end):
            if len(self.analysis.text.clean(line)) > self.line:
                cuts[line] = self.window(line)
        return cuts

    def _what(self, start: int, end: int) -> str:
        """What a gap held: failures that found no room, repeats of failures, the commonest noise."""
        lost, failed = (bisect_left(lines, end) - bisect_left(lines, start) for lines in (self.failures, self.anchors))
        parts = ["not read yet"] if start < self.analysis.since else []
        parts += [f"{lost} further failure{'s' if lost > 1 else ''}"] if lost else []
        parts += [f"{failed - lost} repeats of failures"] if failed > lost + 1 else []
        parts += [f"{why} ({lines:,})" if lines < end - start else why for why, lines in self._noise(start, end)]
        what = ", ".join(parts) or "nothing that points at a failure"
        return what if len(what) <= self.what else f"{what[: self.what - 1]}…"

    def _noise(self, start: int, end: int) -> list[tuple[str, int]]:
        """The two commonest kinds of noise between two lines, and on how many of them it is."""
        inside = slice(np.searchsorted(self.noise_ends, start, "right"), np.searchsorted(self.noise_starts, end))
        lines = np.minimum(self.noise_ends[inside], end) - np.maximum(self.noise_starts[inside], start)
        kinds, first, kind = np.unique(self.noise_reasons[inside], return_index=True, return_inverse=True)
        count = np.bincount(kind, lines, len(kinds)).astype(int)
        return [(self.noise_names[kinds[n]], int(count[n])) for n in np.lexsort((first, -count))[:2]]


def _within(costs: Iterable[int], free: float) -> bool:
    """Whether the sum of the costs is not more than what is free; no more of them are asked for than that needs."""
    return all(total <= free for total in accumulate(costs))
