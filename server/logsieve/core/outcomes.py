"""How things ended: what a log tells of its run, its sections, its tools and its tests, and what follows from that."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from logsieve.model import Outcome, Verdict
from logsieve.packs import OutcomeRule, Pattern
from logsieve.packs.patterns import compiled

__all__ = ["Ends", "Groups", "Hits", "Mark", "Marks", "Nothing", "Tests", "marks", "run_verdict"]

LONGEST_TEST = 1000  # lines of a test that are looked at for where it begins
AFTERWORDS = 40  # lines after its last word in which a tool may still say why

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}

Groups = dict[str, str]
Hits = Iterable[tuple[int, Pattern, Groups | None]]  # lines, and what the patterns name there; None: not looked at


class Ends(Protocol):
    """Lines of hits, in order: there may be millions, so none is an object."""

    @property
    def lines(self) -> NDArray[np.int32]:
        """Their numbers."""
        ...

    def pattern(self, at: int) -> Pattern:
        """The pattern of one of them."""
        ...


class Mark(NamedTuple):
    """A line that says how something ended; `who` is the title of the pack that knows it, `ends` the pack's name where
    it is the last word of one run of that tool.
    """

    line: int
    outcome: Outcome
    scope: str
    who: str
    exit_code: int | None = None
    ends: str = ""


class Marks:
    """Marks in order, each made when it is asked for: nearly all say the same as others, on another line."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        self._lines, self._numbers = array("i"), array("i")
        numbers: dict[tuple[Any, ...], int] = {}
        for line, *said in marks:
            self._lines.append(line)
            self._numbers.append(numbers.setdefault(tuple(said), len(numbers)))
        self._said = list(numbers)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Mark]:
        return self.those(lambda _: True)

    def those(self, fits: Callable[[Mark], bool]) -> Iterator[Mark]:
        """The marks of which this is true, whatever their line is: no others are made."""
        fitting = [fits(Mark(-1, *said)) for said in self._said]
        pairs = zip(self._lines, self._numbers, strict=True)
        return (Mark(line, *self._said[number]) for line, number in pairs if fitting[number])


def marks(hits: Hits, exclude: Callable[[str, int, bool], bool]) -> Marks:
    """The outcomes told in the log, but of tests, in order. `exclude(unless, line, raw)` says whether a rule's `unless`
    matches.
    """
    return Marks(_marks(hits, exclude))


def _marks(hits: Hits, exclude: Callable[[str, int, bool], bool]) -> Iterator[Mark]:
    for line, pattern, groups in hits:
        rule = pattern.owner
        if groups is None or not isinstance(rule, OutcomeRule):
            continue
        if rule.unless and exclude(rule.unless, line, rule.raw):
            continue
        code = _code(groups["code"]) if "code" in groups else None
        outcome = _OUTCOMES[rule.result if rule.result != "code" else "failed" if code else "passed"]
        yield Mark(line, outcome, rule.scope, pattern.pack.title, code, pattern.pack.name if rule.ends else "")


def _code(digits: str) -> int | None:
    number = digits.lstrip("-")
    return int(digits) if number.isascii() and number.isdecimal() and len(digits) < 12 else None


def run_verdict(marks: Iterable[Mark], last_failure: int = -1, cut: bool = False) -> tuple[Verdict, str, int]:
    """How the run ended as far as outcomes tell, why in words, and the line that says so (-1 where none does).

    A line that says that part of the log is missing is told too; where it is, no tool's success counts.
    """
    last: dict[str, Mark] = {}  # by scope; of sections the last that failed
    missing = -1
    for mark in marks:
        if mark.outcome is Outcome.UNKNOWN:
            missing = mark.line if missing < 0 else missing
        elif mark.scope != "section" or mark.outcome is Outcome.FAILED:
            last[mark.scope] = mark
    if missing < 0:
        return _run_verdict(last, last_failure, cut)
    verdict, why, line = _run_verdict(last, last_failure, True)
    said = f"the log is not whole, line {missing + 1} says"
    return verdict, said if verdict is Verdict.UNKNOWN else f"{why}; {said}", line


def _run_verdict(told: Mapping[str, Mark], last_failure: int, cut: bool) -> tuple[Verdict, str, int]:
    """The same of a whole log.

    The run's own word counts most, then a failed section, then the last tool's; a tool's success says nothing of what
    failed after it, on line `last_failure`, and nothing where the log is `cut`: its runner had not had its last word.
    """
    for scope in ("run", "section", "tool"):
        mark = told.get(scope)
        if mark is None:
            continue
        if scope == "tool" and mark.outcome is Outcome.PASSED and (cut or mark.line < last_failure):
            continue
        code = f" with code {mark.exit_code}" if mark.exit_code is not None else ""
        failed_here = mark.outcome is Outcome.FAILED
        why = {
            "run": f"{mark.who} says that the run {mark.outcome}{code}",
            "section": f"a step {mark.outcome}{code}",
            "tool": f"{mark.who} reported {'failure' if failed_here else 'success'}{code}",
        }[scope]
        return Verdict.FAILED if failed_here else Verdict.PASSED, why, mark.line
    if cut:
        return Verdict.UNKNOWN, "the log is cut off before its runner says how the run ended", -1
    return Verdict.UNKNOWN, "nothing in the log says how it ended", -1


class Tests:
    """Which lines belong to tests that passed, by the lines of `hits`, in order, that say how tests ended. `messages`
    gives those of lines start..end with newlines between them.
    """

    def __init__(self, hits: Ends, messages: Callable[[int, int], bytes]) -> None:
        self._hits = hits
        self._lines = array("i", hits.lines.tobytes())
        self._messages = messages
        self._begins: dict[int, int] = {}

    def around(self, lines: range) -> range:
        """The lines of the test that may begin on one of these, none of which says how a test ended."""
        at = bisect_left(self._lines, lines.start)
        if at == len(self._lines):
            return range(0)
        rule, end = self._hits.pattern(at).owner, self._lines[at]
        first = self._earliest(at)
        begins = isinstance(rule, OutcomeRule) and rule.since and first < lines.stop
        return range(first, end + 1) if begins else range(0)

    def passed(self, line: int, pack: str) -> bool:
        """Whether a line stands in a test that passed, and a pack other than its runner's speaks of it."""
        at = bisect_left(self._lines, line)
        if at == len(self._lines):
            return False
        pattern = self._hits.pattern(at)
        rule = pattern.owner
        if not isinstance(rule, OutcomeRule) or rule.result != "passed" or pattern.pack.name == pack:
            return False
        if at not in self._begins:
            self._begins[at] = self._begin(at, rule)
        return line >= self._begins[at]

    def _earliest(self, at: int) -> int:
        """The first line that may be of the test whose end a hit tells."""
        return max(self._lines[at - 1] + 1 if at else 0, self._lines[at] - LONGEST_TEST)

    def _begin(self, at: int, rule: OutcomeRule) -> int:
        """The first line of the test whose end a hit tells: that line itself where no other says that it begins."""
        end = self._lines[at]
        if not rule.since:
            return end
        first = self._earliest(at)
        # All lines at once: asked one by one, this was a tenth of the whole analysis.
        lines = self._messages(first, end)
        at = compiled(f"(?m){rule.since}").find(lines)
        return end if at < 0 else first + lines.count(b"\n", 0, at)


class Nothing:
    """Which lines tell failures that came to nothing, by what was `told`; `outermost` gives the index of a line's
    outermost section, -1 for none.

    A tool was run, failed, and was run again in the same section: that went on. Or it said in the end that all was
    well: nothing came of what its own rules find.
    """

    def __init__(self, told: Iterable[Mark], outermost: Callable[[int], int]) -> None:
        self._outermost = outermost
        last: dict[tuple[str, int], tuple[int, Mark]] = {}  # where the last run began, and how it ended
        found: dict[tuple[int, str], list[tuple[int, int]]] = {}  # by section and the pack they are of, empty for all
        for mark in (m for m in told if m.ends):
            section = outermost(mark.line)
            begin = 0
            if (mark.ends, section) in last:
                start, earlier = last[mark.ends, section]
                begin = min(earlier.line + AFTERWORDS, mark.line)
                if earlier.outcome is Outcome.FAILED:
                    found.setdefault((section, ""), []).append((start, begin))
            if mark.outcome is Outcome.PASSED:
                found.setdefault((section, mark.ends), []).append((begin, mark.line))
            last[mark.ends, section] = begin, mark
        self._spans = {whose: _united(spans) for whose, spans in found.items()}

    def came_of(self, line: int, pack: str) -> bool:
        """Whether nothing came of a failure on a line, which a rule of the pack finds."""
        outer = self._outermost(line) if self._spans else -1
        for whose in ("", pack):
            spans = self._spans.get((outer, whose), ())
            at = bisect_right(spans, line, key=itemgetter(0)) - 1
            if at >= 0 and line < spans[at][1]:
                return True
        return False


def _united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same lines, each in one span only, in order."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            start, end = united[-1][0], max(end, united.pop()[1])
        united.append((start, end))
    return united
