"""Findings: which blocks matter, what each says, and how much each counts. Every score can say in words why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import log10
from typing import Any, NamedTuple

import numpy as np

from logsieve.core.outline import Sections
from logsieve.model import FOLLOWS, Block, Category, Finding, Level, Location, Outcome, Related, Verdict
from logsieve.packs.patterns import compiled

__all__ = ["WEIGHTS", "Context", "Weights", "Words", "build", "words"]

TITLE = 200  # characters of a title
FAR = 200  # lines before the end within which distance does not count
RARE = 3  # occurrences of a shape up to which a line is rare
CERTAIN = 75  # specificity from which a failure counts in the failed step however far from its end
KNOWN = 45  # specificity from which a rule knows its tool's grammar
RUNNING = 12  # lines before a program was stopped in which something was still going on
TRACE = 3  # lines from which a program's error has a trace
SURE = 60  # specificity from which the first failure of a rule in a step comes before its later ones

_WARNING = "only a warning"
FIRST = "the first there"
_LET = "the step went on after it"

# What a failure is about is named by its words where its rule cannot know: a program that ends because a connection
# is refused has no fault of its own.
_UNNAMED = (Category.OTHER, Category.RUNTIME, Category.SCRIPT, Category.CONFIG, Category.DEPENDENCY)
_NUMBERS = ("line", "column")
_STOPPED = (Category.TIMEOUT, Category.RESOURCE)
_NAMED = {
    Category.NETWORK: (
        r"(?i)\bconnection (?:refused|reset|timed out)\b|\bECONN(?:REFUSED|RESET)\b|\bETIMEDOUT\b|\bENOTFOUND\b"
        r"|\bEAI_AGAIN\b|\baddress already in use\b|\bEADDRINUSE\b|\bname resolution\b|\bcould not resolve host\b"
        r"|\bconnectionrefused|\bnetwork is unreachable\b|\bno route to host\b"
    ),
    Category.RESOURCE: r"(?i)\bno space left on device\b|\bENOSPC\b|\bout of memory\b|\bcannot allocate memory\b",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """What each feature adds to a finding's score (specificity counts as it is, 0 to 100)."""

    failing_section: float = 30  # the step that failed is where the cause is
    passed_section: float = -70  # expected errors in what passed
    passed_run: float = -200  # nothing in a passed run is a failure
    summary: float = -12  # details beat the summary that repeats them
    consequence: float = -45
    hint: float = -80
    warning: float = -55
    info: float = -120
    rare: float = 6  # said once in the whole log, or once more in a summary
    repeated: float = -8  # said more than twenty times
    after_end: float = -25  # after the line that says the run failed: clean-up
    first: float = 6  # the first finding of the failing section
    last_words: float = 8  # a program's uncaught error, with its trace, on which the log ends: the run's end
    let: float = -30  # in a run of a tool after which the step went on
    far: float = -16  # for each tenfold of FAR lines between it and the end: the run went on after it


WEIGHTS = Weights()


@dataclass(frozen=True)
class Context:
    """What the stage knows of the log, as functions, so that no more is looked at than its blocks need."""

    message: Callable[[int], str]
    section_at: Callable[[int], int]
    sections: Sections
    verdict: Verdict
    ended: int  # the line that says the run ended, -1 where none does
    count: int  # lines of the log
    expected: Callable[[int, str], bool] = lambda *_: False  # whether a test that passed said it, not its runner
    let: Callable[[int, str], bool] = lambda *_: False  # whether the step went on after a tool had said it
    watched: Callable[[Iterable[Any]], Iterable[Any]] = iter  # what goes through many blocks can be stopped there


class Words(NamedTuple):
    """What a block says, wherever it stands: of its `place` the line in the log is not known."""

    message: str
    category: Category
    title: str
    subject: str
    place: Location | None


def words(blocks: Iterable[Block], message: Callable[[int], str]) -> list[Words]:
    """The words of each block. What blocks say alike is there once, for they may be many."""
    known: dict[tuple[Any, ...], Words] = {}
    made = []
    for b in blocks:
        said = (b.groups.get("message") or message(b.anchor)).strip()
        # What is told of blocks that share their groups differs by no more than this.
        key = b.rule, b.title, b.category, id(b.groups), b.anchor == b.line, said
        made.append(known.get(key) or known.setdefault(key, _words(b, said)))
    return made


def _words(block: Block, message: str) -> Words:
    subject = _subject(block.groups["test"]) if "test" in block.groups else ""
    return Words(message, _category(block, message), _title(block, message), subject, _place(block))


def build(
    blocks: Sequence[Block],
    said: Sequence[Words],
    repeats: Sequence[int],
    known: Sequence[Finding | None],
    context: Context,
    weights: Weights = WEIGHTS,
) -> list[Finding]:
    """A finding for each block, in the order of the log, with its score and the reasons for it. `said` are their words,
    `repeats` how often the shapes of their anchors occur in the log, `known` the findings that need not be made again,
    but for which is the first.
    """
    first_seen: set[int] = set()
    made = []
    for b, its, count, same in context.watched(zip(blocks, said, repeats, known, strict=True)):
        section = same.section if same else context.section_at(b.line)
        first = section not in first_seen
        if b.role == "cause" and b.severity is Level.ERROR:
            first_seen.add(section)
        failing = section >= 0 and context.sections.outcome(section) is Outcome.FAILED
        if same and (FIRST in same.why) is (first and failing):
            made.append(same)
            continue
        pack = b.rule.partition("/")[0]
        expected = context.verdict is not Verdict.PASSED and context.expected(b.line, pack)
        score, why = _score(b, section, first, count, expected, context.let(b.line, pack), context, weights)
        related = [Related(line, FOLLOWS["consequence"]) for line in b.links] + _running(b, section, context)
        made.append(
            Finding(
                b.rule,
                its.category,
                _severity(b, section, expected, context),
                b.role,
                its.title,
                its.message,
                b.start,
                b.end,
                b.anchor,
                section,
                (replace(its.place, at=b.line),) if its.place else (),
                tuple(related),
                its.subject,
                score=score,
                why=why,
            )
        )
    return made


def weighed(
    made: list[Finding], blocks: Sequence[Block], context: Context, weights: Weights = WEIGHTS
) -> list[Finding]:
    """The findings with what each gains beside the others."""
    return _first_leads(_worse_where_unexplained(made, blocks, context, weights), blocks, context)


def _worse_where_unexplained(
    made: list[Finding], blocks: Sequence[Block], context: Context, weights: Weights
) -> list[Finding]:
    """In a failed run a linter's warning can be the cause, since many allow none, or that no test ran: where no error
    that a tool's own grammar tells is in the step that failed (without steps: near the end), these are errors.
    """
    if context.verdict is not Verdict.FAILED:
        return made
    failed = set(np.flatnonzero(context.sections.ended(Outcome.FAILED)).tolist())
    end = context.ended if context.ended >= 0 else context.count

    def here(finding: Finding) -> bool:
        return finding.section in failed if failed else end - FAR < finding.start < end

    if any(
        here(f) and f.severity is Level.ERROR and b.role == "cause" and b.specificity >= KNOWN
        for f, b in context.watched(zip(made, blocks, strict=True))
    ):
        return made
    return [
        replace(
            f,
            severity=Level.ERROR,
            score=f.score - weights.warning,
            why=(*(w for w in f.why if w != _WARNING), "only a warning, but nothing worse explains the failure"),
        )
        if f.severity is b.severity is Level.WARNING and f.category in (Category.LINT, Category.TEST) and here(f)
        else f
        for f, b in context.watched(zip(made, blocks, strict=True))
    ]


def _first_leads(found: Sequence[Finding], blocks: Sequence[Block], context: Context) -> list[Finding]:
    """Of equally sure failures of one rule in one step the first is worth as much as the best: what is said once only
    is no surer than what is said of many tests.
    """
    best: dict[tuple[str, int, Level], float] = {}
    first: dict[tuple[str, int, Level], int] = {}
    for n, (finding, block) in enumerate(context.watched(zip(found, blocks, strict=True))):
        if block.specificity >= SURE and block.role == "cause" and _LET not in finding.why:
            kind = (finding.rule, finding.section, finding.severity)
            first.setdefault(kind, n)
            best[kind] = max(best.get(kind, finding.score), finding.score)
    made = list(found)
    for kind, n in first.items():
        if made[n].score < best[kind]:
            made[n] = replace(made[n], score=best[kind], why=(*made[n].why, "the first of its kind there"))
    return made


def _running(block: Block, section: int, context: Context) -> list[Related]:
    """What was going on when the program or its machine was stopped: the last line before."""
    if block.category not in _STOPPED or block.severity is not Level.ERROR or block.end - block.start > 1:
        return []
    lowest = context.sections.starts[section] if section >= 0 else 0
    for n in range(block.start - 1, max(lowest, block.start - RUNNING) - 1, -1):
        if context.message(n).strip():
            return [Related(n, "the last line before it")]
    return []


def _category(block: Block, message: str) -> Category:
    if block.category in _UNNAMED:
        for category, words in _NAMED.items():
            if compiled(words).search(message):
                return category
    return block.category


def _subject(test: str) -> str:
    """A test's name as all of its runner's reports have it: without the file before it and the class behind it."""
    name = test.rsplit(".py::", maxsplit=1)[-1].replace("::", ".").strip()
    return re.sub(r"^ERROR at (?:setup|teardown) of |[ ]?\([^()]*\)$", "", name)


def _severity(block: Block, section: int, expected: bool, context: Context) -> Level:
    """The rule's, but no more than a warning where what it stands in passed, and for hints."""
    passed = context.verdict is Verdict.PASSED or (section >= 0 and context.sections.outcome(section) is Outcome.PASSED)
    return min(block.severity, Level.WARNING) if passed or expected or block.role == "hint" else block.severity


def _title(block: Block, message: str) -> str:
    if block.title:
        template = block.title
        if "message" not in block.groups and block.anchor == block.line:  # only a header, and nothing more was told
            template = template.removesuffix(": {message}")
        known = {k: v.strip() for k, v in block.groups.items()} | {"message": message}
        try:
            return template.format_map(known)[:TITLE].strip()
        except (KeyError, IndexError, ValueError, AttributeError):
            pass  # a group that took no part in this match: the message says enough
    return message[:TITLE]


def _place(block: Block) -> Location | None:
    path = block.groups.get("path")
    if not path:
        return None
    line, column = (int(v) if (v := block.groups.get(k, "")).isdecimal() and len(v) < 10 else 0 for k in _NUMBERS)
    return Location(path.strip(), line, column, -1)


def _score(
    b: Block, section: int, first: bool, repeats: int, expected: bool, let: bool, context: Context, weights: Weights
) -> tuple[float, tuple[str, ...]]:
    sign = "a sure sign" if b.specificity >= 70 else "a known sign" if b.specificity >= KNOWN else "a general sign"
    outcome = context.sections.outcome(section) if section >= 0 else Outcome.UNKNOWN
    failing = outcome is Outcome.FAILED
    behind = (context.ended if context.ended >= 0 else context.count) - b.end
    score: float = 0
    why = [f"{sign} of failure ({b.rule})"]
    if b.severity is Level.WARNING:
        score += weights.warning
        why.append(_WARNING)
    elif b.severity < Level.WARNING:
        score += weights.info
        why.append("only information")
    if b.role == "summary":
        score += weights.summary
        why.append("sums up what is told elsewhere")
    elif b.role == "consequence":
        score += weights.consequence
        why.append("follows from something else")
    elif b.role == "hint":
        score += weights.hint
        why.append("only a hint")
    if failing:
        score += weights.failing_section
        why.append(f"in the step that failed: {context.sections.title(section)[:60]}")
        if first:
            score += weights.first
            why.append(FIRST)
    elif outcome is Outcome.PASSED:
        score += weights.passed_section
        why.append("in a step that passed")
    if context.verdict is Verdict.PASSED:
        score += weights.passed_run
        why.append("the run passed")
    elif expected:
        score += weights.passed_section
        why.append("in a test that passed")
    if 0 <= context.ended < b.line:
        score += weights.after_end
        why.append("after the failure was reported")
    if let:
        score += weights.let
        why.append(_LET)
    if repeats <= RARE:
        score += weights.rare
        why.append("said nowhere else in this log" if repeats == 1 else f"said only {repeats} times")
    if b.role == "cause" and b.category is Category.RUNTIME and behind <= 1 and b.end - b.start >= TRACE:
        score += weights.last_words
        why.append("the log ends with it")
    if behind > FAR and not (failing and b.specificity >= CERTAIN):
        score += weights.far * log10(behind / FAR)
        why.append(f"{behind} lines before the end")
    if repeats > 20:
        score += weights.repeated
        why.append(f"said {repeats} times")
    return b.specificity + score, tuple(why)
