"""Sections out of the runner's own markers, and how they and the run ended."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from logsieve.model import Outcome, Section, Verdict
from logsieve.packs import OutcomeRule, Pattern, SectionRule
from logsieve.packs.patterns import compiled

__all__ = [
    "Mark",
    "Sections",
    "Tests",
    "build",
    "made_nothing_of",
    "marks",
    "run_verdict",
    "with_outcomes",
    "with_seconds",
]

DEEPEST = 64  # sections inside sections; runners go to about five, and a broken log must not cost its square
LONGEST_HEADER = 100  # lines of a step's command and environment
LONGEST_TEST = 1000  # lines of a test that are looked at for where it begins
AFTERWORDS = 40  # lines after its last word in which a tool may still say why
NEAR = 5  # lines after its end in which a section's outcome may still be told (Travis prints it below the fold)

_TIME = re.compile(r"(?:[^\t\n]{1,120}\t[^\t\n]{1,160}\t)?\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.]\d{1,9})?")

Groups = dict[str, str]
Look = Callable[[Pattern, int], Groups | None]


@dataclass(frozen=True, slots=True)
class Mark:
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
    rule: SectionRule
    title: str
    name: str
    start: int
    index: int
    parent: int
    time: str = ""
    seconds: float | None = None


class Sections:
    """Sections in order of their start, and the quick way from a line to its innermost one."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self.all = tuple(sections)
        self._starts = [s.start for s in self.all]

    def at(self, line: int) -> int:
        """Index of the innermost section that holds `line`, or -1."""
        index = bisect_right(self._starts, line) - 1
        while index >= 0 and self.all[index].end <= line:
            index = self.all[index].parent
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
            index = self.all[index].parent
        return found


class Tests:
    """Which lines belong to tests that passed, by the lines that say how tests ended: `hits`, in order."""

    def __init__(self, hits: Sequence[tuple[int, Pattern]], message: Callable[[int], str]) -> None:
        self._hits = hits
        self._lines = [line for line, _ in hits]
        self._message = message
        self._begins: dict[int, int] = {}

    def passed(self, line: int, pack: str) -> bool:
        """Whether a line stands in a test that passed, and a pack other than its runner's speaks of it."""
        at = bisect_left(self._lines, line)
        if at == len(self._hits):
            return False
        rule = self._hits[at][1].owner
        if not isinstance(rule, OutcomeRule) or rule.result != "passed" or self._hits[at][1].pack.name == pack:
            return False
        if at not in self._begins:
            self._begins[at] = self._begin(at, rule)
        return line >= self._begins[at]

    def _begin(self, at: int, rule: OutcomeRule) -> int:
        """The first line of the test whose end a hit tells: that line itself where no other says that it begins."""
        end = self._lines[at]
        if not rule.since:
            return end
        first = max(self._lines[at - 1] + 1 if at else 0, end - LONGEST_TEST)
        # All lines at once: asked one by one, this was a tenth of the whole analysis.
        before = compiled(f"(?m){rule.since}").before("\n".join(map(self._message, range(first, end))))
        return end if before is None else first + before.count("\n")


def build(count: int, hits: Sequence[tuple[int, Pattern]], look: Look, message: Callable[[int], str]) -> list[Section]:
    """Sections of a log of `count` lines. `hits` are the lines on which section patterns matched, in order."""
    begun: list[_Open] = []
    ends: list[int] = []
    stack: list[_Open] = []

    def close(until: int, end: int) -> None:
        while len(stack) > until:
            last = stack.pop()
            ends[last.index] = max(end, last.start + 1)

    at = 0
    while at < len(hits):
        line = hits[at][0]
        here = [p for n, p in hits[at : at + 16] if n == line]
        at += len([1 for n, _ in hits[at:] if n == line]) if len(here) == 16 else len(here)
        for pattern in here:
            # Where nothing of the kind is open there is nothing to look at: most ends of groups are such.
            if (
                pattern.part == "end"
                and any(o.rule is pattern.owner for o in stack)
                and (groups := look(pattern, line)) is not None
            ):
                name = groups.get("name")
                match = [
                    i
                    for i, o in enumerate(stack)
                    if o.rule is pattern.owner and (not name or not o.name or o.name == name)
                ]
                if match:
                    stack[match[-1]].seconds = _told_seconds(stack[match[-1]].time, groups)
                    close(match[-1], line + 1)
        for pattern in here:
            if pattern.part != "start" or not isinstance(pattern.owner, SectionRule) or len(stack) >= DEEPEST:
                continue
            groups = look(pattern, line)
            if groups is None:
                continue
            rule = pattern.owner
            depth = [
                i
                for i, o in enumerate(stack)
                if o.rule.depth > rule.depth or (o.rule.depth == rule.depth and not o.rule.end)
            ]
            if depth:
                close(depth[0], line)
            title = (groups.get("title") or groups.get("name") or rule.kind).strip()
            parent = stack[-1].index if stack else -1
            stack.append(_Open(rule, title, groups.get("name", ""), line, len(begun), parent, groups.get("time", "")))
            begun.append(stack[-1])
            ends.append(count)
            break  # one line starts one section; the first rule that fits names it
    close(0, count)
    return [
        Section(s.title, s.rule.kind, s.start, end, parent=s.parent, header=_header(s, end, message), seconds=s.seconds)
        for s, end in zip(begun, ends, strict=True)
    ]


def _told_seconds(began: str, end: Groups) -> float | None:
    """How long a section took by its markers; None where they do not say."""
    if nanoseconds := end.get("nanoseconds"):
        return int(nanoseconds[:18]) / 1e9
    ended = end.get("time") or ""
    return float(max(0, int(ended[:12]) - int(began[:12]))) if began and ended else None


def with_seconds(sections: Sequence[Section], text: Callable[[int], str]) -> list[Section]:
    """The sections with how long they took, by the times before their lines where their markers do not say."""
    if not sections or _clock(text(sections[0].start)) is None:
        return list(sections)
    return [
        s
        if s.seconds is not None or s.end - s.start < 2
        else replace(s, seconds=_between(text(s.start), text(s.end - 1)))
        for s in sections
    ]


def _between(first: str, last: str) -> float | None:
    """Seconds between the times that two lines begin with, None where one begins with none."""
    began, ended = _clock(first), _clock(last)
    return None if began is None or ended is None else max(0.0, ended - began)


def _clock(text: str) -> float | None:
    """Seconds since 1970 of the time that a line begins with, None where it begins with none."""
    found = _TIME.match(text)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00").timestamp() + float(found[3] or 0)
    except ValueError:
        return None


def _header(section: _Open, end: int, message: Callable[[int], str]) -> int:
    """The end of the lines that announce a section."""
    rule = section.rule
    if rule.header:
        signed = not rule.header_sign
        for line in range(section.start + 1, min(end, section.start + LONGEST_HEADER)):
            text = message(line)
            signed = signed or compiled(rule.header_sign).search(text)
            if compiled(rule.header).search(text):
                return line + 1 if signed else section.start + 1
    return section.start + 1


def marks(hits: Sequence[tuple[int, Pattern]], look: Look, exclude: Callable[[str, int, bool], bool]) -> list[Mark]:
    """The outcomes told in the log, in order. `exclude(unless, line, raw)` says whether a rule's `unless` matches."""
    found = []
    for line, pattern in hits:
        rule = pattern.owner
        groups = look(pattern, line)
        if (
            groups is None
            or not isinstance(rule, OutcomeRule)
            or (rule.unless and exclude(rule.unless, line, rule.raw))
        ):
            continue
        digits = groups.get("code") or ""
        code = (
            int(digits)
            if digits.lstrip("-").isascii() and digits.lstrip("-").isdecimal() and len(digits) < 12
            else None
        )
        result = rule.result if rule.result != "code" else ("failed" if code else "passed")
        found.append(
            Mark(line, Outcome(result), rule.scope, pattern.pack.title, code, pattern.pack.name if rule.ends else "")
        )
    return found


def with_outcomes(sections: list[Section], told: Sequence[Mark]) -> list[Section]:
    """The sections with the outcomes told in them; a failure inside makes the outer ones failed too."""
    lookup = Sections(sections)
    ended: dict[int, tuple[Outcome, int | None]] = {}
    by_end = sorted((s.end, i) for i, s in enumerate(sections))
    for mark in told:
        if mark.scope != "section":
            continue
        index = lookup.at(mark.line)
        if index < 0 or sections[index].kind == "group":
            near = bisect_right(by_end, (mark.line, len(sections))) - 1
            end, last = by_end[near] if near >= 0 else (-1, -1)
            if last >= 0 and mark.line - end <= NEAR and mark.outcome is Outcome.FAILED:
                index = last
        if index < 0:
            continue
        if index not in ended or ended[index][0] is not Outcome.FAILED:
            ended[index] = mark.outcome, mark.exit_code
        if mark.outcome is Outcome.FAILED:
            for outer in lookup.chain(index)[1:]:
                ended[outer] = Outcome.FAILED, ended[outer][1] if outer in ended else None
    # Not by `replace`: the tests of a run can be ten thousand sections, and it takes three times as long.
    return [
        Section(s.title, s.kind, s.start, s.end, ended[i][0], s.parent, ended[i][1], s.header, s.seconds)
        if i in ended
        else s
        for i, s in enumerate(sections)
    ]


def made_nothing_of(
    told: Sequence[Mark], outermost: Callable[[int], int]
) -> dict[tuple[int, str], list[tuple[int, int]]]:
    """The lines (start, end) in which failures came to nothing, by outermost section (`outermost` gives the index of a
    line's, -1 for none) and by the pack whose own these failures are, empty for all.

    A tool was run, failed, and was run again in the same section: that went on. Or it said in the end that all was
    well.
    """
    last: dict[tuple[str, int], tuple[int, Mark]] = {}  # where the last run began, and how it ended
    found: dict[tuple[int, str], list[tuple[int, int]]] = {}
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
    return found


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
