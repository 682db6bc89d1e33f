"""Sections out of the runner's own markers, and how they and the run ended."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from logsieve.model import Outcome, Section, Verdict
from logsieve.packs import OutcomeRule, Pattern, SectionRule
from logsieve.packs.patterns import compiled

__all__ = [
    "Mark",
    "Nothing",
    "Sections",
    "Tests",
    "build",
    "marks",
    "run_verdict",
]

DEEPEST = 64  # sections inside sections; runners go to about five, and a broken log must not cost its square
LONGEST_HEADER = 100  # lines of a step's command and environment
LONGEST_TEST = 1000  # lines of a test that are looked at for where it begins
AFTERWORDS = 40  # lines after its last word in which a tool may still say why
NEAR = 5  # lines after its end in which a section's outcome may still be told (Travis prints it below the fold)

_TIME = re.compile(r"(?:[^\t\n]{1,120}+\t[^\t\n]{1,160}+\t)?\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.]\d{1,9})?")

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}

Groups = dict[str, str]
Hits = Sequence[tuple[int, Pattern, Groups | None]]  # lines, and what the patterns name there; None: not looked at


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


@dataclass(slots=True)
class _Open:
    """A section for as long as something about it may still be told."""

    rule: SectionRule
    title: str
    name: str
    time: str
    start: int
    end: int
    index: int
    parent: int
    seconds: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    exit_code: int | None = None


class Places:
    """The quick way from a line to the innermost section that holds it. Sections are in order of their start; `parents`
    holds for each the index of the one around it, or -1.
    """

    def __init__(self, starts: Sequence[int], ends: Sequence[int], parents: Sequence[int]) -> None:
        self._starts = starts
        self._ends = ends
        self._parents = parents

    def at(self, line: int) -> int:
        """Index of the innermost section that holds `line`, or -1."""
        index = bisect_right(self._starts, line) - 1
        while index >= 0 and self._ends[index] <= line:
            index = self._parents[index]
        return index

    def outermost(self, line: int) -> int:
        """Index of the outermost section that holds the line, or -1."""
        index = self.at(line)
        return self.chain(index)[-1] if index >= 0 else -1

    def chain(self, index: int) -> list[int]:
        """The section and all it is in, innermost first."""
        found = []
        while index >= 0:
            found.append(index)
            index = self._parents[index]
        return found


class Sections(Places):
    """Sections in order of their start, and the quick way to them."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self.all = tuple(sections)
        super().__init__([s.start for s in self.all], [s.end for s in self.all], [s.parent for s in self.all])


class Tests:
    """Which lines belong to tests that passed, by the lines of `hits`, in order, that say how tests ended. `messages`
    gives those of lines start..end with newlines between them.
    """

    def __init__(self, hits: Hits, messages: Callable[[int, int], bytes]) -> None:
        ends = [(n, p, p.owner) for n, p, _ in hits if isinstance(p.owner, OutcomeRule) and p.owner.scope == "test"]
        self._lines = [line for line, _, _ in ends]
        self._packs = [pattern.pack.name for _, pattern, _ in ends]
        self._rules = [rule for _, _, rule in ends]
        self._messages = messages
        self._begins: dict[int, int] = {}

    def passed(self, line: int, pack: str) -> bool:
        """Whether a line stands in a test that passed, and a pack other than its runner's speaks of it."""
        at = bisect_left(self._lines, line)
        if at == len(self._lines) or self._rules[at].result != "passed" or self._packs[at] == pack:
            return False
        if at not in self._begins:
            self._begins[at] = self._begin(at, self._rules[at])
        return line >= self._begins[at]

    def _begin(self, at: int, rule: OutcomeRule) -> int:
        """The first line of the test whose end a hit tells: that line itself where no other says that it begins."""
        end = self._lines[at]
        if not rule.since:
            return end
        first = max(self._lines[at - 1] + 1 if at else 0, end - LONGEST_TEST)
        # All lines at once: asked one by one, this was a tenth of the whole analysis.
        lines = self._messages(first, end)
        at = compiled(f"(?m){rule.since}").find(lines)
        return end if at < 0 else first + lines.count(b"\n", 0, at)


def build(
    count: int,
    hits: Hits,
    told: Sequence[Mark],
    message: Callable[[int], str],
    text: Callable[[int], str],
) -> list[Section]:
    """Sections of a log of `count` lines. `hits` are the lines on which section patterns matched, in order, `told` is
    how things ended; `message` and `text` give a line without its envelope and with it.
    """
    begun = _begun(count, hits)
    _tell(begun, told)
    if begun and _clock(text(begun[0].start)) is not None:
        for s in begun:
            if s.seconds is None and s.end - s.start > 1:
                s.seconds = _between(text(s.start), text(s.end - 1))
    return [
        Section(
            s.title,
            s.rule.kind,
            s.start,
            s.end,
            s.outcome,
            s.parent,
            s.exit_code,
            _header(s, message) if s.rule.header else s.start + 1,
            s.seconds,
        )
        for s in begun
    ]


def _begun(count: int, hits: Hits) -> list[_Open]:
    """The sections by their markers alone."""
    begun: list[_Open] = []
    stack: list[_Open] = []

    def close(until: int, end: int) -> None:
        for last in stack[until:]:
            last.end = max(end, last.start + 1)
        del stack[until:]

    of_ends = [hit for hit in hits if hit[1].part == "end"]
    of_starts = [hit for hit in hits if hit[1].part == "start"]
    for line, pattern, groups in sorted([*of_ends, *of_starts], key=itemgetter(0)):  # of one line, the ends first
        rule = pattern.owner
        if groups is None or not isinstance(rule, SectionRule):
            continue
        if pattern.part == "end":
            name = groups.get("name", "")
            for at in range(len(stack) - 1, -1, -1):
                last = stack[at]
                if last.rule is rule and (not name or not last.name or last.name == name):
                    last.seconds = _told_seconds(last.time, groups)
                    close(at, line + 1)
                    break
            continue
        # One line starts one section; the first rule that fits names it.
        if len(stack) >= DEEPEST or (begun and begun[-1].start == line):
            continue
        for at, outer in enumerate(stack):
            if outer.rule.depth > rule.depth or (outer.rule.depth == rule.depth and not outer.rule.end):
                close(at, line)
                break
        name = groups.get("name", "")
        title = (groups.get("title") or name or rule.kind).strip()
        parent = stack[-1].index if stack else -1
        stack.append(_Open(rule, title, name, groups.get("time", ""), line, count, len(begun), parent))
        begun.append(stack[-1])
    close(0, count)
    return begun


def _tell(sections: Sequence[_Open], told: Sequence[Mark]) -> None:
    """Give the sections the outcomes told in them; a failure inside makes the outer ones failed too."""
    of_sections = [mark for mark in told if mark.scope == "section"]
    if not of_sections:
        return
    places = Places([s.start for s in sections], [s.end for s in sections], [s.parent for s in sections])
    by_end = sorted((s.end, s.index) for s in sections)
    for mark in of_sections:
        index = places.at(mark.line)
        if index < 0 or sections[index].rule.kind == "group":
            near = bisect_right(by_end, (mark.line, len(sections))) - 1
            end, last = by_end[near] if near >= 0 else (-1, -1)
            if last >= 0 and mark.line - end <= NEAR and mark.outcome is Outcome.FAILED:
                index = last
        if index < 0:
            continue
        if sections[index].outcome is not Outcome.FAILED:
            sections[index].outcome, sections[index].exit_code = mark.outcome, mark.exit_code
        if mark.outcome is Outcome.FAILED:
            for outer in places.chain(index)[1:]:
                sections[outer].outcome = Outcome.FAILED


def _told_seconds(began: str, end: Groups) -> float | None:
    """How long a section took by its markers; None where they do not say."""
    if nanoseconds := end.get("nanoseconds"):
        return int(nanoseconds[:18]) / 1e9
    ended = end.get("time") or ""
    return float(max(0, int(ended[:12]) - int(began[:12]))) if began and ended else None


def _between(first: str, last: str) -> float | None:
    """Seconds between the times that two lines begin with, None where one begins with none."""
    began, ended = _clock(first), _clock(last)
    return None if began is None or ended is None else max(0.0, ended - began)


def _clock(text: str) -> float | None:
    """Seconds since 1970 of the time that a line begins with, None where it begins with none."""
    found = _TIME.match(text)
    if found is None:
        return None
    second = _second(found[1], found[2])
    return None if second is None else second + float(found[3] or 0)


@lru_cache(maxsize=1 << 10)  # where a section ends the next one begins
def _second(date: str, time: str) -> float | None:
    try:
        return datetime.fromisoformat(f"{date}T{time}+00:00").timestamp()
    except ValueError:
        return None


def _header(section: _Open, message: Callable[[int], str]) -> int:
    """The end of the lines that announce a section."""
    rule = section.rule
    signed = not rule.header_sign
    for line in range(section.start + 1, min(section.end, section.start + LONGEST_HEADER)):
        text = message(line)
        signed = signed or compiled(rule.header_sign).search(text)
        if compiled(rule.header).search(text):
            return line + 1 if signed else section.start + 1
    return section.start + 1


def marks(hits: Hits, exclude: Callable[[str, int, bool], bool]) -> list[Mark]:
    """The outcomes told in the log, but of tests, in order. `exclude(unless, line, raw)` says whether a rule's `unless`
    matches.
    """
    found = []
    for line, pattern, groups in hits:
        rule = pattern.owner
        if groups is None or not isinstance(rule, OutcomeRule) or rule.scope == "test":
            continue
        if rule.unless and exclude(rule.unless, line, rule.raw):
            continue
        code = _code(groups["code"]) if "code" in groups else None
        outcome = _OUTCOMES[rule.result if rule.result != "code" else "failed" if code else "passed"]
        ends = pattern.pack.name if rule.ends else ""
        found.append(Mark(line, outcome, rule.scope, pattern.pack.title, code, ends))
    return found


def _code(digits: str) -> int | None:
    number = digits.lstrip("-")
    return int(digits) if number.isascii() and number.isdecimal() and len(digits) < 12 else None


class Nothing:
    """Which lines tell failures that came to nothing, by what was `told`; `outermost` gives the index of a line's
    outermost section, -1 for none.

    A tool was run, failed, and was run again in the same section: that went on. Or it said in the end that all was
    well: nothing came of what its own rules find.
    """

    def __init__(self, told: Sequence[Mark], outermost: Callable[[int], int]) -> None:
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


def run_verdict(marks: Sequence[Mark], last_failure: int = -1, cut: bool = False) -> tuple[Verdict, str, int]:
    """How the run ended as far as outcomes tell, why in words, and the line that says so (-1 where none does).

    A line that says that part of the log is missing is told too; where it is, no tool's success counts.
    """
    told = [mark for mark in marks if mark.outcome is not Outcome.UNKNOWN]
    if len(told) == len(marks):
        return _run_verdict(told, last_failure, cut)
    verdict, why, line = _run_verdict(told, last_failure, True)
    missing = next(mark.line for mark in marks if mark.outcome is Outcome.UNKNOWN)
    said = f"the log is not whole, line {missing + 1} says"
    return verdict, said if verdict is Verdict.UNKNOWN else f"{why}; {said}", line


def _run_verdict(told: Sequence[Mark], last_failure: int, cut: bool) -> tuple[Verdict, str, int]:
    """The same of a whole log.

    The run's own word counts most, then a failed section, then the last tool's; a tool's success says nothing of what
    failed after it, on line `last_failure`, and nothing where the log is `cut`: its runner had not had its last word.
    """
    for scope in ("run", "section", "tool"):
        of_scope = [m for m in told if m.scope == scope]
        if not of_scope:
            continue
        failed = [m for m in of_scope if m.outcome is Outcome.FAILED]
        mark = failed[-1] if failed and scope == "section" else of_scope[-1]
        if scope == "section" and not failed:
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
