"""Findings: which blocks matter, what each says, and which comes first. Every rank can say in words why."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import log10

from logsieve.model import Block, Category, Finding, Level, Location, Outcome, Related, Section, Verdict

__all__ = ["WEIGHTS", "Context", "Weights", "build", "rank"]

_DIGITS = dict.fromkeys(map(ord, "0123456789"))
TITLE = 200  # characters of a title
FAR = 200  # lines before the end within which distance does not count
RARE = 3  # occurrences of a shape up to which a line is rare
CERTAIN = 75  # specificity from which a failure counts in the failed step however far from its end
KNOWN = 45  # specificity from which a rule knows its tool's grammar
RELATED = 100  # other places that one finding lists
AGAIN = "also reported here"
CASCADE = 8  # failures that say nearly the same from which they are one
NEARLY = 90  # likeness of messages, of 100, from which they say nearly the same
SHORT = 20  # characters under which messages are alike only where they are equal
TRACE = 3  # lines from which a program's error has a trace
LAST_WORDS = 12  # lines before what follows from something that no rule knows
FOLLOWS = {"consequence": "follows from it", "summary": "summed up here"}
SURE = 60  # specificity from which the first failure of a rule in a step comes before its later ones

_WARNING = "only a warning"
_LET = "the step went on after it"
WARNED = "warned of here"
_NAME = re.compile(
    r"\b([A-Za-z]\w{3,})\.h(?:pp)?\b|(?<![\w/.-])([A-Za-z]\w+(?:[-_.]\w+)+)(?![\w/-])"
)  # as programs have them
_VARIABLE = re.compile(r"""\d+|"[^"]*"|'[^']*'|`[^`']*[`']|‘[^’]*’|\S*[/\\]\S*""")

# What a failure is about is named by its words where its rule cannot know: a program that ends because a connection
# is refused has no fault of its own.
_UNNAMED = (Category.OTHER, Category.RUNTIME, Category.SCRIPT, Category.CONFIG, Category.DEPENDENCY)
_STOPPED = (Category.TIMEOUT, Category.RESOURCE)
_NAMED = (
    (
        Category.NETWORK,
        re.compile(
            r"(?i)\bconnection (?:refused|reset|timed out)\b|\bECONN(?:REFUSED|RESET)\b|\bETIMEDOUT\b|\bENOTFOUND\b"
            r"|\bEAI_AGAIN\b|\baddress already in use\b|\bEADDRINUSE\b|\bname resolution\b|\bcould not resolve host\b"
            r"|\bconnectionrefused|\bnetwork is unreachable\b|\bno route to host\b"
        ),
    ),
    (
        Category.RESOURCE,
        re.compile(r"(?i)\bno space left on device\b|\bENOSPC\b|\bout of memory\b|\bcannot allocate memory\b"),
    ),
)


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
    sections: Sequence[Section]
    repeats: Callable[[int], int]  # how often the line's shape occurs in the log
    verdict: Verdict
    ended: int  # the line that says the run ended, -1 where none does
    count: int  # lines of the log
    expected: Callable[[int, str], bool] = lambda *_: False  # whether a test that passed said it, not its runner
    let: Callable[[int, str], bool] = lambda *_: False  # whether the step went on after a tool had said it


def build(blocks: Sequence[Block], context: Context, weights: Weights = WEIGHTS) -> list[Finding]:
    """A finding for each block, in the order of the log, with its score and the reasons for it."""
    first_seen: set[int] = set()
    made = []
    for b in blocks:
        message = (b.groups.get("message") or context.message(b.anchor)).strip()
        section = context.section_at(b.line)
        score, why = _score(b, section, section not in first_seen, context, weights)
        if b.role == "cause" and b.severity is Level.ERROR:
            first_seen.add(section)
        made.append(
            Finding(
                rule=b.rule,
                category=_category(b, message),
                severity=_severity(b, section, context),
                role=b.role,
                title=_title(b, message),
                message=message,
                start=b.start,
                end=b.end,
                anchor=b.anchor,
                section=section,
                locations=_locations(b),
                related=tuple(Related(line, FOLLOWS["consequence"]) for line in b.links)
                + _running(b, section, context),
                subject=_subject(b.groups.get("test", "")),
                score=score,
                why=why,
            )
        )
    return _first_leads(_worse_where_unexplained(made, blocks, context, weights), blocks)


def _worse_where_unexplained(
    made: list[Finding], blocks: Sequence[Block], context: Context, weights: Weights
) -> list[Finding]:
    """In a failed run a linter's warning can be the cause, since many allow none, or that no test ran: where no error
    that a tool's own grammar tells is in the step that failed (without steps: near the end), these are errors.
    """
    if context.verdict is not Verdict.FAILED:
        return made
    failed = {n for n, section in enumerate(context.sections) if section.outcome is Outcome.FAILED}
    end = context.ended if context.ended >= 0 else context.count

    def here(finding: Finding) -> bool:
        return finding.section in failed if failed else end - FAR < finding.start < end

    if any(
        here(f) and f.severity is Level.ERROR and b.role == "cause" and b.specificity >= KNOWN
        for f, b in zip(made, blocks, strict=True)
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
        for f, b in zip(made, blocks, strict=True)
    ]


def _first_leads(made: list[Finding], blocks: Sequence[Block]) -> list[Finding]:
    """Of equally sure failures of one rule in one step the first is worth as much as the best: what is said once only
    is no surer than what is said of many tests.
    """
    best: dict[tuple[str, int, Level], float] = {}
    first: dict[tuple[str, int, Level], int] = {}
    for n, (finding, block) in enumerate(zip(made, blocks, strict=True)):
        if block.specificity >= SURE and block.role == "cause" and _LET not in finding.why:
            kind = (finding.rule, finding.section, finding.severity)
            first.setdefault(kind, n)
            best[kind] = max(best.get(kind, finding.score), finding.score)
    for kind, n in first.items():
        if made[n].score < best[kind]:
            made[n] = replace(made[n], score=best[kind], why=(*made[n].why, "the first of its kind there"))
    return made


def rank(made: Sequence[Finding], context: Context) -> list[Finding]:
    """Best first; ties go to what came first. What is one failure is one finding: equal ones, a test's failure and the
    line of a summary about it, a cascade, and what follows from a cause or sums it up.
    """
    once = _without_echoes(_without_cascades(sorted(_merged(made), key=_first)))
    return _with_warning(_with_what_follows(once, context))


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


def _merged(made: Sequence[Finding]) -> list[Finding]:
    """Equal failures become one with a count and its other places: the first of its step, with the best score of all.
    What another rule says of the same test (the line of a summary) is another place of it.
    """
    merged: dict[tuple[str, str], Finding] = {}
    counts: dict[tuple[str, str], int] = {}
    places: dict[tuple[str, str], list[Related]] = {}
    of_subject: dict[str, tuple[str, str]] = {}
    for finding in sorted(made, key=_first):
        key: tuple[str, str] = (finding.category, finding.title.translate(_DIGITS))
        told = of_subject.setdefault(finding.subject, key) if finding.subject else key
        same = merged.get(key)
        other = finding
        if same is None and (told == key or merged[told].rule == finding.rule):
            merged[key], counts[key], places[key] = finding, finding.count, list(finding.related)
            continue
        if same is None:
            key = told
        elif not finding.subject or same.subject != finding.subject or same.rule == finding.rule:
            counts[key] += 1
            if finding.start < same.start and finding.section == same.section:
                merged[key], other = replace(finding, score=same.score, why=same.why), same
                places[key][:0] = finding.related
        if len(places[key]) < RELATED:
            places[key].append(Related(other.anchor, AGAIN))
    return [
        replace(finding, count=counts[key], related=tuple(places[key])) if places[key] else finding
        for key, finding in merged.items()
    ]


def _without_cascades(ranked: Sequence[Finding]) -> list[Finding]:
    """More than CASCADE failures of one rule in one step that say nearly the same hang on the first: one missing header
    makes hundreds of errors. Failed tests stand for themselves.
    """
    alike: dict[tuple[str, int, Level], dict[str, list[Finding]]] = {}
    for finding in ranked:
        if not finding.subject:
            groups = alike.setdefault((finding.rule, finding.section, finding.severity), {})
            groups.setdefault(_near(finding.message, groups), []).append(finding)
    hung: dict[int, Finding | None] = {}
    for groups in alike.values():
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


def _without_echoes(ranked: Sequence[Finding]) -> list[Finding]:
    """What another rule says again, with other words around it, is another place of the better finding: a runner's
    annotation of a tool's error, a wrapper's `command failed: ...`.
    """
    told: dict[str, list[int]] = {}  # by its first letters: the findings whose message may stand in another
    kept: list[Finding] = []
    for finding in ranked:
        message = finding.message
        starts = (message[at : at + SHORT] for at in range(max(0, min(len(message), TITLE) - SHORT) + 1))
        host = next(
            (
                at
                for start in starts
                for at in told.get(start, ())
                if kept[at].message in message
                and kept[at].rule != finding.rule
                and kept[at].severity is finding.severity
                and not (finding.subject and kept[at].subject and finding.subject != kept[at].subject)
            ),
            None,
        )
        if host is not None:
            kept[host] = _with_place(kept[host], finding)
            continue
        if len(message) >= SHORT:
            told.setdefault(message[:SHORT], []).append(len(kept))
        kept.append(finding)
    return kept


def _near(message: str, groups: Mapping[str, object]) -> str:
    """The group that says nearly the same as a message, numbers, paths and what is quoted left aside; else its own."""
    from rapidfuzz import fuzz, process  # where more than one failure was found

    shape = _VARIABLE.sub("", message[:TITLE])
    if shape in groups or not groups:
        return shape
    near = process.extractOne(shape, groups.keys(), scorer=fuzz.ratio, score_cutoff=NEARLY)
    return near[0] if near and len(shape) >= SHORT else shape


def _with_what_follows(ranked: Sequence[Finding], context: Context) -> list[Finding]:
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
    return [_with_last_words(f, left, context) if f.role in FOLLOWS else f for f in left]


def _line(related: Related) -> int:
    return related.line


def _with_last_words(finding: Finding, others: Sequence[Finding], context: Context) -> Finding:
    """What follows from something that no rule knows, with the lines before it: there it stands, as a rule."""
    lowest = context.sections[finding.section].start + 1 if finding.section >= 0 else 0
    lowest = max(lowest, *(other.end for other in others if other.end <= finding.start), 0)
    start = max(lowest, finding.start - LAST_WORDS)
    while start < finding.start and not context.message(start).strip():
        start += 1
    return replace(finding, start=min(start, finding.start))


def _running(block: Block, section: int, context: Context) -> tuple[Related, ...]:
    """What was going on when the program or its machine was stopped: the last line before."""
    if block.category not in _STOPPED or block.severity is not Level.ERROR or block.end - block.start > 1:
        return ()
    lowest = context.sections[section].start if section >= 0 else 0
    found = (
        n for n in range(block.start - 1, max(lowest, block.start - LAST_WORDS) - 1, -1) if context.message(n).strip()
    )
    return tuple(Related(line, "the last line before it") for line in islice(found, 1))


def _category(block: Block, message: str) -> Category:
    named = (category for category, words in _NAMED if block.category in _UNNAMED and words.search(message))
    return next(named, Category(block.category))


def _with_place(finding: Finding, other: Finding, why: str = AGAIN) -> Finding:
    if len(finding.related) >= RELATED:
        return finding
    return replace(finding, related=(*finding.related, Related(other.anchor, why)))


def _subject(test: str) -> str:
    """A test's name as all of its runner's reports have it: without the file before it and the class behind it."""
    name = test.rsplit(".py::", maxsplit=1)[-1].replace("::", ".").strip()
    return re.sub(r"^ERROR at (?:setup|teardown) of |[ ]?\([^()]*\)$", "", name)


def _first(finding: Finding) -> tuple[float, ...]:
    return -finding.severity, -finding.score, finding.start


def _severity(block: Block, section: int, context: Context) -> Level:
    """The rule's, but no more than a warning where what it stands in passed, and for hints."""
    passed = context.verdict is Verdict.PASSED or (section >= 0 and context.sections[section].outcome is Outcome.PASSED)
    passed = passed or context.expected(block.line, _pack(block))
    return min(block.severity, Level.WARNING) if passed or block.role == "hint" else block.severity


def _pack(block: Block) -> str:
    return block.rule.partition("/")[0]


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


def _locations(block: Block) -> tuple[Location, ...]:
    path = block.groups.get("path")
    if not path:
        return ()
    number = {k: int(v) for k in ("line", "column") if (v := block.groups.get(k, "")).isdecimal() and len(v) < 10}
    return (Location(path.strip(), number.get("line", 0), number.get("column", 0), block.line),)


_ROLES: dict[str, Callable[[Weights], tuple[float, str]]] = {
    "summary": lambda w: (w.summary, "sums up what is told elsewhere"),
    "consequence": lambda w: (w.consequence, "follows from something else"),
    "hint": lambda w: (w.hint, "only a hint"),
}


def _score(b: Block, section: int, first: bool, context: Context, weights: Weights) -> tuple[float, tuple[str, ...]]:
    sign = "a sure sign" if b.specificity >= 70 else "a known sign" if b.specificity >= KNOWN else "a general sign"
    outcome = context.sections[section].outcome if section >= 0 else Outcome.UNKNOWN
    failing = outcome is Outcome.FAILED
    repeats = context.repeats(b.anchor)
    behind = (context.ended if context.ended >= 0 else context.count) - b.end
    tens = log10(max(behind, FAR) / FAR)
    said: list[tuple[float, str]] = []
    if b.severity is Level.WARNING:
        said.append((weights.warning, _WARNING))
    elif b.severity < Level.WARNING:
        said.append((weights.info, "only information"))
    if b.role != "cause":
        said.append(_ROLES[b.role](weights))
    if failing:
        title = context.sections[section].title
        said.append((weights.failing_section, f"in the step that failed: {title[:60]}"))
        if first:
            said.append((weights.first, "the first there"))
    elif outcome is Outcome.PASSED:
        said.append((weights.passed_section, "in a step that passed"))
    if context.verdict is Verdict.PASSED:
        said.append((weights.passed_run, "the run passed"))
    elif context.expected(b.line, _pack(b)):
        said.append((weights.passed_section, "in a test that passed"))
    if 0 <= context.ended < b.line:
        said.append((weights.after_end, "after the failure was reported"))
    if context.let(b.line, _pack(b)):
        said.append((weights.let, _LET))
    if repeats <= RARE:
        times = "said nowhere else in this log" if repeats == 1 else f"said only {repeats} times"
        said.append((weights.rare, times))
    if b.role == "cause" and b.category is Category.RUNTIME and behind <= 1 and b.end - b.start >= TRACE:
        said.append((weights.last_words, "the log ends with it"))
    if tens > 0 and not (failing and b.specificity >= CERTAIN):
        said.append((weights.far * tens, f"{behind} lines before the end"))
    if repeats > 20:
        said.append((weights.repeated, f"said {repeats} times"))
    return b.specificity + sum(a for a, _ in said), (f"{sign} of failure ({b.rule})", *(reason for _, reason in said))
