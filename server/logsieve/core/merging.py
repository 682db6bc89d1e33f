"""Merging: what is one failure is one finding, the rest are its other places; and which finding comes first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice

from logsieve.core.outline import Sections
from logsieve.model import FOLLOWS, Finding, Level, Related

__all__ = ["rank"]

MESSAGE = 200  # characters of a message that are compared
RELATED = 100  # other places that one finding lists
AGAIN = "also reported here"
WARNED = "warned of here"
CASCADE = 8  # failures that say nearly the same from which they are one
NEARLY = 90  # likeness of messages, of 100, from which they say nearly the same
KINDS = 200  # groups of them that a message is compared with: where so many differ, no further one makes a cascade
SHORT = 20  # characters under which messages are alike only where they are equal
LAST_WORDS = 12  # lines before what follows from something that no rule knows

Message = Callable[[int], str]
Watched = Callable[[Iterable[Finding]], Iterable[Finding]]

_DIGITS = b"0123456789"
_NAME = re.compile(
    r"\b([A-Za-z]\w{3,})\.h(?:pp)?\b|(?<![\w/.-])([A-Za-z]\w+(?:[-_.]\w+)+)(?![\w/-])"
)  # as programs have them
_VARIABLE = re.compile(r"""\d+|"[^"]*"|'[^']*'|`[^`']*[`']|‘[^’]*’|\S*[/\\]\S*""")


def rank(made: Sequence[Finding], sections: Sections, message: Message, watched: Watched) -> list[Finding]:
    """Best first; ties go to what came first. What is one failure is one finding: equal ones, a test's failure and the
    line of a summary about it, a cascade, and what follows from a cause or sums it up. `watched` gives what it is
    given, and may stop the work.
    """
    merged = sorted(_merged(sorted(made, key=_first), watched), key=_first)
    once = _without_echoes(watched(_without_cascades(merged, watched)))
    return _with_warning(_with_what_follows(once, sections, message))


def _with_warning(ranked: list[Finding]) -> list[Finding]:
    """A warning before the root cause that speaks of what the root cause names is a place of it: the package that was
    said to be missing, and is needed after all.
    """
    if not ranked or ranked[0].severity is not Level.ERROR:
        return ranked
    root = ranked[0]
    names = {name for found in _NAME.finditer(root.message) if (name := found[1] or found[2])}
    named = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(names))) if names else None
    warned = [f for f in ranked if f.severity is Level.WARNING and f.end <= root.start]
    places = [Related(f.anchor, WARNED) for f in warned if named and named.search(f.message)]
    return [replace(root, related=(*places[:2], *root.related)), *ranked[1:]] if places else ranked


def _merged(made: Iterable[Finding], watched: Watched) -> list[Finding]:
    """Equal failures become one with a count and its other places: the first of its step, with the best score of all.
    The best come first. What another rule says of the same test (the line of a summary) is another place of it.
    """
    merged: dict[tuple[str, bytes], Finding] = {}
    best: dict[tuple[str, bytes], Finding] = {}
    counts: dict[tuple[str, bytes], int] = {}
    places: dict[tuple[str, bytes], list[Related]] = {}
    of_subject: dict[str, tuple[str, bytes]] = {}
    for finding in watched(made):
        key: tuple[str, bytes] = (finding.category, finding.title.encode("utf-8", "replace").translate(None, _DIGITS))
        told = of_subject.setdefault(finding.subject, key) if finding.subject else key
        same = merged.get(key)
        other = finding
        if same is None and (told == key or merged[told].rule == finding.rule):
            merged[key] = best[key] = finding
            counts[key], places[key] = finding.count, list(finding.related)
            continue
        if same is None:
            key = told
        elif not finding.subject or same.subject != finding.subject or same.rule == finding.rule:
            counts[key] += 1
            if finding.start < same.start and finding.section == same.section:
                merged[key], other = finding, same
                places[key][:0] = finding.related
        if len(places[key]) < RELATED:
            places[key].append(Related(other.anchor, AGAIN))
    return [
        replace(finding, score=best[key].score, why=best[key].why, count=counts[key], related=tuple(places[key]))
        if places[key]
        else finding
        for key, finding in zip(merged, watched(merged.values()), strict=True)
    ]


def _without_cascades(ranked: Sequence[Finding], watched: Watched) -> list[Finding]:
    """More than CASCADE failures of one rule in one step that say nearly the same hang on the first: one missing header
    makes hundreds of errors. Failed tests stand for themselves.
    """
    alike: dict[tuple[str, int, Level], list[Finding]] = {}
    for finding in watched(ranked):
        if not finding.subject:
            alike.setdefault((finding.rule, finding.section, finding.severity), []).append(finding)
    hung: dict[int, Finding | None] = {}
    for some in alike.values():
        if len(some) <= CASCADE:
            continue
        groups: dict[str, list[Finding]] = {}
        for finding in watched(some):
            groups.setdefault(_near(finding.message, groups), []).append(finding)
        for group in groups.values():
            if len(group) > CASCADE:
                lead, *rest = sorted(group, key=lambda f: f.start)
                whole = replace(lead, score=group[0].score, why=group[0].why, count=sum(f.count for f in group))
                for other in rest:
                    whole = _with_place(whole, other, "says nearly the same")
                    hung[id(other)] = None
                hung[id(lead)] = whole
    kept = (hung.get(id(finding), finding) for finding in ranked)
    return sorted((finding for finding in kept if finding), key=_first)


def _without_echoes(ranked: Iterable[Finding]) -> list[Finding]:
    """What another rule says again, with other words around it, is another place of the better finding: a runner's
    annotation of a tool's error, a wrapper's `command failed: ...`.
    """
    told: dict[str, dict[str, list[int]]] = {}  # by their first letters, then their rules: what may stand in others
    kept: list[Finding] = []
    for finding in ranked:
        message = finding.message
        starts = [message[at : at + SHORT] for at in range(max(0, min(len(message), MESSAGE) - SHORT) + 1)]
        host = None if told.keys().isdisjoint(starts) else _host(finding, starts, told, kept)
        if host is not None:
            kept[host] = _with_place(kept[host], finding)
            continue
        if len(message) >= SHORT:
            told.setdefault(message[:SHORT], {}).setdefault(finding.rule, []).append(len(kept))
        kept.append(finding)
    return kept


def _host(
    finding: Finding, starts: Sequence[str], told: Mapping[str, Mapping[str, list[int]]], kept: Sequence[Finding]
) -> int | None:
    """The place of the better finding whose message another one says again; the one it says first."""
    for start in starts:
        of_others = (places for rule, places in told.get(start, {}).items() if rule != finding.rule)
        for at in sorted(chain.from_iterable(of_others)):
            better = kept[at]
            if (
                better.message in finding.message
                and better.severity is finding.severity
                and not (finding.subject and better.subject and finding.subject != better.subject)
            ):
                return at
    return None


def _near(message: str, groups: Mapping[str, object]) -> str:
    """The group that says nearly the same as a message, numbers, paths and what is quoted left aside; else its own."""
    from rapidfuzz import fuzz, process  # where many failures were found

    shape = _VARIABLE.sub("", message[:MESSAGE])
    if shape in groups or len(shape) < SHORT:
        return shape
    near = process.extractOne(shape, islice(groups, KINDS), scorer=fuzz.ratio, score_cutoff=NEARLY)
    return near[0] if near else shape


def _with_what_follows(ranked: Sequence[Finding], sections: Sections, message: Message) -> list[Finding]:
    """What follows from a cause, or sums it up, hangs on the last surer cause before it in the same step; a consequence
    also on an unsure one right before it, which then counts as much.
    """
    causes = sorted((f for f in ranked if f.role == "cause" and f.severity is Level.ERROR), key=lambda f: f.start)
    starts = [f.start for f in causes]
    added: dict[int, list[Related]] = {}
    lifted: dict[int, float] = {}
    hung: set[int] = set()
    for finding in ranked:
        if finding.role not in FOLLOWS or finding.severity is not Level.ERROR or finding.subject:
            continue
        at = bisect_left(starts, finding.start) - 1
        if at < 0 or causes[at].section != finding.section:
            continue
        surer = causes[at].score > finding.score
        if surer or (finding.role == "consequence" and finding.start - causes[at].end < LAST_WORDS):
            for line in (finding.anchor, *(related.line for related in finding.related)):
                cause = causes[max(at, bisect_left(starts, line) - 1)]
                added.setdefault(id(cause), []).append(Related(line, FOLLOWS[finding.role]))
            hung.add(id(finding))
        if not surer and id(finding) in hung:
            lifted[id(causes[at])] = max(finding.score, lifted.get(id(causes[at]), 0.0))
    left = []
    for f in ranked:
        if id(f) in hung:
            continue
        score, why = (
            (lifted[id(f)], (*f.why, "what follows shows that it counts")) if id(f) in lifted else (f.score, f.why)
        )
        related = (*f.related, *sorted(added.get(id(f), ()), key=_line))[:RELATED]
        left.append(replace(f, score=score, why=why, related=related) if id(f) in added else f)
    left.sort(key=_first)
    ends = sorted(f.end for f in left)
    return [_with_last_words(f, ends, sections, message) if f.role in FOLLOWS else f for f in left]


def _line(related: Related) -> int:
    return related.line


def _with_last_words(finding: Finding, ends: list[int], sections: Sections, message: Message) -> Finding:
    """What follows from something that no rule knows, with the lines before it: there it stands, as a rule. `ends` are
    those of all findings, in order.
    """
    lowest = sections.headers[finding.section] if finding.section >= 0 else 0
    last = bisect_right(ends, finding.start) - 1
    start = max(lowest, ends[last] if last >= 0 else 0, finding.start - LAST_WORDS)
    while start < finding.start and not message(start).strip():
        start += 1
    return replace(finding, start=min(start, finding.start))


def _with_place(finding: Finding, other: Finding, why: str = AGAIN) -> Finding:
    if len(finding.related) >= RELATED:
        return finding
    return replace(finding, related=(*finding.related, Related(other.anchor, why)))


def _first(finding: Finding) -> tuple[float, ...]:
    return -finding.severity, -finding.score, finding.start
