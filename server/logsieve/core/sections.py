"""Sections out of the runner's own markers, how each ended and how long it took."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from logsieve.core.outcomes import Ends, Groups, Hits, Mark
from logsieve.core.outline import Sections
from logsieve.model import Outcome
from logsieve.packs import SectionRule
from logsieve.packs.patterns import compiled

__all__ = ["build", "clock", "still"]

DEEPEST = 64  # sections inside sections; runners go to about five, and a broken log must not cost its square
LONGEST_HEADER = 100  # lines of a step's command and environment
NEAR = 5  # lines after its end in which a section's outcome may still be told (Travis prints it below the fold)

_TIME = re.compile(r"(?:[^\t\n]{1,120}+\t[^\t\n]{1,160}+\t)?\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.]\d{1,9})?")


class _Open(NamedTuple):
    """A section that has not ended."""

    rule: SectionRule
    name: str
    time: str
    number: int  # of the section


def build(
    count: int,
    hits: Hits,
    told: Iterable[Mark],
    message: Callable[[int], str],
    text: Callable[[int], str],
    watched: Callable[[Iterable[Any]], Iterable[Any]],
) -> Sections:
    """Sections of a log of `count` lines. `hits` are the lines on which section patterns matched, in order, of one line
    the ends first; `told` is how things ended; `message` and `text` give a line without its envelope and with it.
    `watched` gives what it is given, and may stop the work.
    """
    found, rules = _begun(count, watched(hits))
    _tell(found, watched(told))
    if found and clock(text(found.starts[0])) is not None:
        for index in watched(found.timeless().tolist()):
            if found.ends[index] - found.starts[index] > 1:
                found.took(index, _between(text(found.starts[index]), text(found.ends[index] - 1)))
    for index, rule in watched(rules):
        found.headers[index] = _header(rule, found.starts[index], found.ends[index], message)
    return found


def still(found: Sections, lines: range, hits: Ends, message: Callable[[int], str]) -> bool:
    """Whether sections are the same where some lines are others, none of which is a hit. `hits` are the lines on which
    patterns of their starts matched, in order.
    """
    around = np.flatnonzero((np.asarray(found.starts) < lines.stop) & (np.asarray(found.ends) > lines.start))
    for index in around.tolist():
        start, end = found.starts[index], found.ends[index]
        first, last = np.searchsorted(hits.lines, (start, start + 1)).tolist()
        rules = {id(rule): rule for n in range(first, last) if isinstance(rule := hits.pattern(n).owner, SectionRule)}
        headed = [rule for rule in rules.values() if rule.header]
        if end - 1 in lines or (headed and len(rules) > 1):  # the time of its end is there; or whose header it is
            return False
        if headed and _header(headed[0], start, end, message) != found.headers[index]:
            return False
    return True


def _begun(count: int, hits: Hits) -> tuple[Sections, list[tuple[int, SectionRule]]]:
    """The sections by their markers alone, and the indices of those that may have a header, with their rules."""
    begun = Sections()
    headed: list[tuple[int, SectionRule]] = []
    stack: list[_Open] = []

    def close(until: int, end: int) -> None:
        for last in stack[until:]:
            begun.ends[last.number] = max(end, begun.starts[last.number] + 1)
        del stack[until:]

    newest = -1  # the line on which the last one began
    for line, pattern, groups in hits:
        rule = pattern.owner
        if groups is None or not isinstance(rule, SectionRule):
            continue
        name = groups.get("name", "")
        if pattern.part == "end":
            for at in range(len(stack) - 1, -1, -1):
                last = stack[at]
                if last.rule is rule and (not name or not last.name or last.name == name):
                    begun.took(last.number, _told_seconds(last.time, groups))
                    close(at, line + 1)
                    break
            continue
        # One line starts one section; the first rule that fits names it.
        if len(stack) >= DEEPEST or newest == line:
            continue
        for at, outer in enumerate(stack):
            if outer.rule.depth > rule.depth or (outer.rule.depth == rule.depth and not outer.rule.end):
                close(at, line)
                break
        title = (groups.get("title") or name or rule.kind).strip()
        newest = line
        index = begun.begin(title, rule.kind, line, count, stack[-1].number if stack else -1)
        stack.append(_Open(rule, name, groups.get("time", ""), index))
        if rule.header:
            headed.append((index, rule))
    close(0, count)
    return begun, headed


def _tell(sections: Sections, told: Iterable[Mark]) -> None:
    """Give the sections the outcomes told in them; a failure inside makes the outer ones failed too."""
    by_end: list[tuple[int, int]] = []
    for mark in told:
        if mark.scope != "section":
            continue
        index = sections.at(mark.line)
        failed = mark.outcome is Outcome.FAILED
        if failed and (index < 0 or sections.kind(index) == "group"):
            by_end = by_end or sorted(zip(sections.ends, range(len(sections)), strict=True))
            near = bisect_right(by_end, (mark.line, len(sections))) - 1
            end, last = by_end[near] if near >= 0 else (-1, -1)
            if last >= 0 and mark.line - end <= NEAR:
                index = last
        if index < 0:
            continue
        if sections.outcome(index) is not Outcome.FAILED:
            sections.end(index, mark.outcome)
            sections.code(index, mark.exit_code)
        if failed:
            for outer in sections.chain(index)[1:]:
                sections.end(outer, Outcome.FAILED)


def _told_seconds(began: str, end: Groups) -> float | None:
    """How long a section took by its markers; None where they do not say."""
    if nanoseconds := end.get("nanoseconds"):
        return int(nanoseconds[:18]) / 1e9
    ended = end.get("time") or ""
    return float(max(0, int(ended[:12]) - int(began[:12]))) if began and ended else None


def _between(first: str, last: str) -> float | None:
    """Seconds between the times that two lines begin with, None where one begins with none."""
    began, ended = clock(first), clock(last)
    return None if began is None or ended is None else max(0.0, ended - began)


def clock(text: str) -> float | None:
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


def _header(rule: SectionRule, start: int, end: int, message: Callable[[int], str]) -> int:
    """The end of the lines that announce a section."""
    signed = not rule.header_sign
    for line in range(start + 1, min(end, start + LONGEST_HEADER)):
        text = message(line)
        signed = signed or compiled(rule.header_sign).search(text)
        if compiled(rule.header).search(text):
            return line + 1 if signed else start + 1
    return start + 1
