"""The reduced log: as much as the budget holds of what explains the failure, each run of lines with its reason, each
gap with its kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from logsieve.core.analysis import Analysis
from logsieve.core.fitting import LIMITS, Limits, Offer, Room
from logsieve.model import Block, Excerpt, Finding, Level, Outcome, Verdict

__all__ = ["reduce"]

HEADER = 8  # lines of a step's header: its command
SEEMS = "reads like a cause"
ROUNDS = 3  # times that what the estimates of gaps left free is offered again
_DIGITS = dict.fromkeys(map(ord, "0123456789"))


def reduce(analysis: Analysis, budget: int, finding: int | None = None, limits: Limits = LIMITS) -> Excerpt:
    """The excerpt of at most `budget` tokens; of one finding only, with its surroundings, where `finding` is given."""
    room = Room(analysis, budget, limits)
    offers = list(_one(analysis, analysis.findings[finding]) if finding is not None else _all(analysis, limits))
    for _ in range(ROUNDS):
        before = int(room.taken.sum())
        for offer in offers:
            room.take(offer)
        room.settle()
        if int(room.taken.sum()) == before:
            break
    return room.excerpt()


def _one(analysis: Analysis, f: Finding) -> Iterator[Offer]:
    yield Offer(f.start, f.end, "failure", around=f.anchor)
    yield Offer(max(0, f.start - 5), min(len(analysis.text), f.end + 3), "around it", upto=0.5)


def _all(analysis: Analysis, limits: Limits) -> Iterator[Offer]:
    """What to keep, the most important first."""
    count = len(analysis.text)
    errors = [f for f in analysis.findings if f.severity is Level.ERROR]
    shown = errors or list(analysis.findings[:3])
    root = shown[0] if shown else None
    failed = analysis.verdict is not Verdict.PASSED
    if root:
        yield Offer(root.start, root.end, "root cause", most=limits.root, around=root.anchor)
        yield from _headers(analysis, root.section)
    if failed and analysis.ended >= 0:
        yield Offer(
            max(0, analysis.ended - 2), analysis.ended + 1, "how the run ended", most=0.1, around=analysis.ended
        )
    if root:
        text = analysis.text.clean(root.anchor)[-80:]
        other = [r for r in root.related if analysis.text.clean(r.line)[-80:] != text]
        for related in other[:4]:
            yield Offer(related.line, related.line + 1, related.why, most=0.05)
    if failed:
        for line in analysis.reports[-limits.reports :]:
            yield Offer(line, line + 1, "what failed", most=0.05)
    if root:
        yield Offer(
            max(0, root.start - limits.before),
            min(count, root.end + limits.after),
            "around the root cause",
            most=limits.near,
            upto=limits.context,
        )
    if failed and analysis.sure:
        yield from _likeliest(analysis, root, limits)
    elif failed:
        for n, each in enumerate(analysis.likely[: limits.likely]):
            share = limits.seems if n else limits.foremost
            yield Offer(each.start, each.end, SEEMS, most=share, around=each.line)
        yield from _ends(analysis, 2 * limits.ending, limits.unsure, limits)
    said = _Said()
    rest = sorted(shown[: 4 * limits.heads], key=lambda f: said.before(f.rule, f.message))[1:]
    for f in rest[: limits.heads]:
        yield Offer(f.anchor, f.anchor + 1, "failure", most=0.1, group="heads", groups=limits.head)
    for f in rest[:5]:
        for related in f.related[:1]:
            yield Offer(related.line, related.line + 1, related.why, most=0.05)
    for f in rest:
        yield Offer(f.start, f.end, "failure", most=limits.detail, around=f.anchor)
    if root:
        yield Offer(root.start, root.end, "root cause", around=root.anchor)
    if failed:
        yield from _ends(analysis, limits.ending, limits.ends, limits)
    for b in _of_note(analysis, errors[0].start if errors else 0)[
        : limits.blocks
    ]:  # equal failures elsewhere, and what follows from them
        yield Offer(b.start, b.end, "reported here too", most=limits.detail, upto=limits.context, around=b.anchor)
    for f in analysis.findings[:12]:
        if f.severity is Level.WARNING:
            yield Offer(f.start, f.end, "warning", most=0.05, upto=limits.context, around=f.anchor)
    for f in shown[:5]:
        yield Offer(
            max(0, f.start - 25),
            min(count, f.end + 12),
            "around a failure",
            most=0.3,
            upto=limits.context,
            around=f.anchor,
        )
    if failed or not shown:
        yield Offer(max(0, count - limits.tail), count, "the end of the log", upto=limits.context, around=count - 1)


def _likeliest(analysis: Analysis, root: Finding | None, limits: Limits) -> Iterator[Offer]:
    """The place that reads most like a cause, where packs are sure of another: packs may be sure of what is not the
    cause. Where the model reads a cause at theirs too, no more than some lines of it.
    """
    likely = analysis.likely[: limits.likely]
    agreed = root and any(
        each.start - limits.beside < root.end and root.start < each.end + limits.beside for each in likely
    )
    for each in likely[:1]:
        start, end = each.start, each.end
        if agreed:
            start, end = max(start, each.line - limits.close), min(end, each.line + limits.close)
        if each.odds > limits.strong and not (agreed and each.end - each.start > limits.wide):
            yield Offer(start, end, SEEMS, most=limits.also, around=each.line)


def _of_note(analysis: Analysis, root: int) -> list[Block]:
    """The blocks of errors, those in failed steps first, what says something new, then what follows the root cause, on
    line `root`, in the order of the log: runs of lines cost fewer gaps. None of steps that passed.
    """
    errors = [b for b in analysis.blocks if b.severity is Level.ERROR]
    outcomes = {
        id(b): Outcome.UNKNOWN if (n := analysis.section_at(b.line)) < 0 else analysis.sections.outcome(n)
        for b in errors
    }
    open_ = [b for b in errors if outcomes[id(b)] is not Outcome.PASSED]
    said = _Said()
    again = {id(b): said.before(b.rule, b.groups.get("message", "")) for b in open_}
    return sorted(
        open_, key=lambda b: (outcomes[id(b)] is not Outcome.FAILED, min(again[id(b)], 2), b.start < root, b.start)
    )


class _Said:
    """Counts what rules said, so that what says something new comes first."""

    def __init__(self) -> None:
        self._times: Counter[tuple[str, str]] = Counter()

    def before(self, rule: str, message: str) -> int:
        """How often the rule said this before."""
        said = (rule, message.translate(_DIGITS))
        self._times[said] += 1
        return self._times[said]


def _headers(analysis: Analysis, section: int) -> Iterator[Offer]:
    while section >= 0:
        s = analysis.sections[section]
        yield Offer(s.start, min(s.header, s.start + HEADER), f"header of {s.kind}", most=0.05)
        section = s.parent


def _ends(analysis: Analysis, lines: int, share: float, limits: Limits) -> Iterator[Offer]:
    """The last lines of what failed."""
    sections = analysis.sections
    failed = np.flatnonzero(sections.ended(Outcome.FAILED))
    innermost = np.setdiff1d(failed, np.asarray(sections.parents)[failed])
    for s in map(sections.__getitem__, innermost[-3:].tolist()):
        yield Offer(s.start, min(s.header, s.start + HEADER), "header of the failing step", most=0.05)
        yield Offer(
            max(s.start, s.end - lines),
            s.end,
            "end of the failing step",
            most=share,
            upto=limits.context,
            around=s.end - 1,
        )
    if not len(failed):
        end = analysis.ended + 1 if analysis.ended >= 0 else len(analysis.text)
        yield Offer(max(0, end - lines), end, "before the end", most=share, upto=limits.context, around=end - 1)
