"""The pipeline on one screen: from a log's text, the packs and the settings to everything LogSieve knows about it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from itertools import count
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from logsieve.core import (
    blocks,
    envelope,
    findings,
    kept,
    located,
    merging,
    noise,
    outcomes,
    relevance,
    scan,
    sections,
    shapes,
)
from logsieve.core.findings import Words
from logsieve.core.outline import Sections
from logsieve.core.parts import Part
from logsieve.model import Block, Category, Envelope, Finding, Level, Likely, Line, Noise, Outcome, Verdict
from logsieve.packs import PackSet, Pattern
from logsieve.packs.patterns import compiled
from logsieve.settings import DEFAULTS, Redact, Settings
from logsieve.text import CHUNK, LONGEST, LogText

__all__ = ["Analysis", "Progress", "Scanning", "analyse", "scanned_here"]

NEVER = 101  # above every specificity: no rule counts on the line
_LEVELS = tuple(Level)
LAST_LINES = 3  # at the end of a log: a tool's word there is the last one, though no line end follows
SCANNING = 0.9  # share of the work that the scan is, about
WATCHED = CHUNK // 2  # bytes scanned between two reports of progress: about ten milliseconds
OFTEN = 50  # messages, hits and the like between two reports of progress after it: some milliseconds
MARKERS = ("start", "end", "outcome", "test")  # what tells sections, how they ended and which tests passed
SURE = 60  # specificity from which a failure after a tool's success counts against it

Item = TypeVar("Item")
Given = ParamSpec("Given")
Progress = Callable[[float], None]
Scanning = Callable[
    [LogText, Sequence[tuple[int, int]], PackSet, envelope.Wrapping], Iterator[Part]
]  # as `scanned_here`


@dataclass(frozen=True, eq=False)
class Grounds:
    """What findings were made of, for the analysis of a newer text: that of the blocks, what each says, its finding
    before others were looked at, and how often what it says is said (int32); how things ended, and the verdict that
    follows, with the line that tells it.
    """

    given: kept.Given
    words: list[Words]
    findings: list[Finding]
    repeats: NDArray[np.int32]
    told: outcomes.Marks
    ended: tuple[Verdict, int]


@dataclass(frozen=True, eq=False)
class Analysis:
    """What LogSieve knows about one log: a function of the text, the packs and the settings, and of nothing else.

    `findings` come best first, the first is the root cause. Columns have one entry a line: `shapes` uint64, `levels`
    int8 (Level). `ended` is the line that says how the run ended, -1 where none does. `recognised` is whether the
    text looks like a log at all. `redact` is what of the text must not leave. Nothing is known of lines before `since`.
    `second` is what a larger model says of some lines, once it has: int64 [lines] and their log odds, float32 [lines].
    """

    text: LogText
    verdict: Verdict
    verdict_why: str
    ended: int
    reports: tuple[int, ...]
    findings: tuple[Finding, ...]
    sections: Sections
    blocks: tuple[Block, ...]
    noise: tuple[Noise, ...]
    shapes: NDArray[np.uint64]
    levels: NDArray[np.int8]
    wrapping: envelope.Wrapping
    recognised: bool
    scanned: scan.Scanned
    redact: Redact
    grounds: Grounds
    since: int = 0
    second: tuple[NDArray[np.int64], NDArray[np.float32]] | None = None

    @property
    def sure(self) -> bool:
        """Whether packs know what failed."""
        return relevance.sure(self)

    @cached_property
    def likely(self) -> tuple[Likely, ...]:
        """Where the learned model sees a cause, likeliest first. It is asked when this is first read."""
        return relevance.likely(self)

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        """The layers wrapped around this log's messages, outermost first."""
        return self.wrapping.envelopes

    def section_at(self, line: int) -> int:
        """Index of the innermost section that holds `line`, or -1."""
        return self.sections.at(line)

    def foreign(self, line: int, to: int) -> bool:
        """Whether `line` comes from another stream than the line `to`, which names its own."""
        if not self.wrapping.has_stream:
            return False
        mine = self.wrapping.stream(self.text.clean(to))
        return mine != "" and self.wrapping.stream(self.text.clean(line)) != mine

    def line(self, number: int) -> Line:
        """A view of one line."""
        clean = self.text.clean(number)
        return Line(number, clean, self.wrapping.message(clean), Level(int(self.levels[number])))


def _watched(items: Iterable[Item], every: int, looked: Iterator[int], progress: Progress) -> Iterator[Item]:
    for item in items:
        if not next(looked) % every:
            progress(SCANNING)
        yield item


def scanned_here(
    text: LogText, ranges: Sequence[tuple[int, int]], packs: PackSet, wrapping: envelope.Wrapping
) -> Iterator[Part]:
    """What scanning finds in some ranges of lines, in their order."""
    return (scan.part(text, start, end, packs, wrapping, shapes.shapes) for start, end in ranges)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing made here is in a cycle, and to look for one again and again takes a tenth of the time. Nor is it looked
    at afterwards: by this freezing it is among what is old.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.unfreeze()
            gc.enable()


def _of_one_text(
    look: Callable[Concatenate[LogText, Given], Analysis],
) -> Callable[Concatenate[LogText, Given], Analysis]:
    """A file that is written anew while it is read gives lines of two texts: whatever comes of them, that is told."""

    @wraps(look)
    def checked(text: LogText, /, *given: Given.args, **named: Given.kwargs) -> Analysis:
        try:
            return look(text, *given, **named)
        finally:
            text.check()

    return checked


@_of_one_text
@_uncollected()
def analyse(
    text: LogText,
    packs: PackSet,
    settings: Settings = DEFAULTS,
    progress: Progress | None = None,
    earlier: Analysis | None = None,
    scanning: Scanning | None = None,
    outcome: tuple[Verdict, str] | None = None,
    since: int = 0,
) -> Analysis:
    """Analyse a log. `progress` is called with the share done (0 to 1) and may raise to stop the work; nothing else
    raises but what reading the text does: ChangedError where a file was written anew meanwhile.

    What an `earlier` analysis found in lines that are still there is taken over: the result is that of a fresh one.
    `scanning` scans for it, in other processes for example; without it this one does. `outcome` is how the run ended,
    and why, where that is known for sure: whoever ran a command knows its exit code. A first look at a long log is one
    at the lines from `since` on, without an `earlier` analysis.
    """
    wrapping = envelope.detect(text, packs)
    if progress:
        progress(0)

    def parts(text: LogText, ranges: Sequence[tuple[int, int]]) -> Iterator[Part]:
        done = 0
        if progress:
            progress(0)
        for found in (scanning or scanned_here)(text, ranges, packs, wrapping):
            yield found
            done += len(found)
            if progress:
                progress(SCANNING * done / len(text))

    scanned_before = (earlier.text, earlier.scanned) if earlier and earlier.wrapping == wrapping else None
    scanned = scan.run(text, packs, parts, scanned_before, since, WATCHED if progress else CHUNK)

    # The stages after the scan may be stopped between them, wherever they ask for a message, and where they go through
    # what they are given: whoever waits meanwhile is answered there. All count together: short loops are many.
    looked = count(1)

    def look() -> None:
        if progress:
            progress(SCANNING)

    def watched(items: Iterable[Item], every: int = OFTEN) -> Iterable[Item]:
        return _watched(items, every, looked, progress) if progress else items

    @lru_cache(maxsize=1 << 12)
    def message(line: int) -> str:
        if progress and not next(looked) % OFTEN:
            progress(SCANNING)
        return scan.message_of(scanned.messages(line, line + 1), text, line, wrapping)

    def messages(start: int, end: int) -> bytes:
        if (kept := scanned.messages(start, end)) is not None:
            return kept
        if text.starts[end] - text.starts[start] > CHUNK:
            return "\n".join(map(message, range(start, end))).encode("utf-8", "replace")
        return b"\n".join(wrapping.taken_off(text.clean_bytes(start, end))[0])

    as_written = lru_cache(maxsize=1 << 10)(lambda line: text.seen(line)[:LONGEST])

    def excluded(unless: str, line: int, raw: bool) -> bool:
        return compiled(unless).search((as_written if raw else message)(line))

    # Hits of a long log are many: none are kept that are not asked for any more.
    passing = outcomes.Tests(scanned.of("test"), messages)
    markers = scanned.of("end", "start")
    speaking = markers.patterns()
    same, changed = _same_sections(earlier, scanned, message)
    told = same.grounds.told if same else outcomes.marks(watched(scanned.of("outcome")), excluded)
    found = same.sections if same else sections.build(len(text), markers, told, message, text.clean, watched)
    del markers
    look()

    def bounds(line: int) -> tuple[int, int]:
        index = found.at(line)
        return (found.starts[index], found.ends[index]) if index >= 0 else (0, len(text))

    def level_of(line: int) -> Level:
        return _LEVELS[scanned.found.levels.item(line)]

    ignored = scanned.found.ignored.copy()
    for start, header in zip(found.starts, found.headers, strict=True):
        if header > start + 1:
            ignored[start + 1 : header] = NEVER
    stream = lru_cache(maxsize=1 << 14)(lambda line: wrapping.stream(text.clean(line))) if wrapping.has_stream else None
    look()
    lines, numbers, patterns = scanned.of_rules()
    look()

    def blocks_of(some: slice) -> list[Block]:
        of_some = lines[some], numbers[some], patterns
        return blocks.find(*of_some, ignored, bounds, message, as_written, level_of, stream)

    given = kept.Given.of(len(text), lines, numbers, patterns, ignored, found, blocks.reach)
    look()
    stays = kept.kept(earlier.grounds.given, earlier.blocks, given, scanned.same) if earlier else None
    between = blocks_of(stays.hits if stays else slice(None))
    made = stays.around(between) if stays else between
    if made is None:
        stays, made = None, (between := blocks_of(slice(None)))
    said = findings.words(watched(between), message)
    if stays and earlier:
        words = earlier.grounds.words
        said = [*words[: len(stays.before)], *said, *words[len(words) - len(stays.after) :]]
    sure = [b.line for b in made if b.severity is Level.ERROR and b.role == "cause" and b.specificity >= SURE]
    of_run = told.those(lambda mark: mark.scope != "section" or mark.outcome is not Outcome.PASSED)
    verdict, why, ended = outcomes.run_verdict(of_run, max(sure, default=-1), _cut(text, speaking, told))
    verdict, why = outcome or (verdict, why)
    anchors = np.array([b.anchor for b in made], np.int64)
    repeats, often = shapes.repeated(scanned.found.shapes, anchors, noise.REPEATS, watched)
    nothing = outcomes.Nothing(told.those(lambda mark: mark.ends != ""), found.outermost)
    context = findings.Context(
        message,
        found.at,
        found,
        verdict,
        ended,
        len(text),
        passing.passed,
        nothing.came_of,
        watched,
    )
    before = same.grounds if same and stays and same.grounds.ended == (verdict, ended) else None
    known: Sequence[Finding | None] = [None] * len(made)
    if before and stays:
        moved = (changed, passing.around(changed))
        known = kept.findings(stays, before.findings, before.repeats, repeats, moved)
    each = findings.build(made, said, repeats.tolist(), known, context)
    if before and same and each == before.findings and kept.apart(changed, same.findings):
        ranked = list(same.findings)
    else:
        look()
        ranked = merging.rank(findings.weighed(each, made, context), found, message, watched)
        ranked = located.located(ranked, message, watched)
    del passing, nothing, context  # hits of tests, of which there may be millions
    judged = verdict, ended
    if verdict is Verdict.UNKNOWN and any(f.severity is Level.ERROR for f in ranked):
        verdict, why = Verdict.FAILED, f"failures were found, though {why}"

    look()
    levels = scanned.found.levels.copy()
    np.maximum.at(levels, anchors, np.array([b.severity for b in made], np.int8))
    quiet = noise.find(
        scanned.found.shapes,
        often,
        scanned.reasons,
        scanned.found.reason_of,
        _in_sight(len(text), watched((*made, *ranked)), found, ended),
        found,
        levels,
        settings.folding.minimumLines,
        watched,
    )
    recognised = bool(found or made or told or wrapping.layers)
    return Analysis(
        text,
        verdict,
        why,
        ended,
        tuple(mark.line for mark in told.those(lambda mark: mark.outcome is Outcome.FAILED)),
        tuple(ranked),
        found,
        tuple(made),
        tuple(quiet),
        scanned.found.shapes,
        levels,
        wrapping,
        recognised,
        scanned,
        settings.redact,
        Grounds(given, said, each, repeats, told, judged),
        since,
    )


def _same_sections(
    earlier: Analysis | None, scanned: scan.Scanned, message: Callable[[int], str]
) -> tuple[Analysis | None, range]:
    """The earlier analysis, where sections and outcomes are those of that one; and the lines that have changed
    since.
    """
    changed = scanned.replaced(earlier.scanned) if earlier else None
    if not earlier or changed is None or scanned.says(changed, *MARKERS) or earlier.scanned.says(changed, *MARKERS):
        return None, range(0)
    same = sections.still(earlier.sections, changed, scanned.of("start"), message)
    return earlier if same else None, changed


def _cut(text: LogText, speaking: Sequence[Pattern], told: outcomes.Marks) -> bool:
    """Whether a runner has spoken in the log, but not its last word: it says at the end how the run ended and has not,
    or stops within a line.
    """
    runners = {id(p.pack): p.pack for p in speaking}.values()
    says = any(o.scope == "run" and o.result != "failed" for pack in runners for o in pack.outcomes)
    broken = (
        any(pack.category is Category.INFRA for pack in runners)
        and text.data[-1:] != b"\n"
        and not any(mark.line >= len(text) - LAST_LINES for mark in told)
    )
    return broken or (says and not any(told.those(lambda mark: mark.scope == "run")))


def _in_sight(count: int, made: Iterable[Block | Finding], found: Sections, ended: int) -> NDArray[np.bool_]:
    """Lines that noise never swallows: blocks and findings of warnings and worse, headers of sections, how it ended."""
    kept = np.zeros(count, bool)
    for b in made:
        if b.severity >= Level.WARNING:
            kept[b.start : b.end] = True
    kept[np.asarray(found.starts)] = True
    if ended >= 0:
        kept[ended] = True
    return kept
