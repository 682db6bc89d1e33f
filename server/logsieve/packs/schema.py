"""What a pack may say. The TOML keys are the field names of these dataclasses; each field's comment is its
documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

from logsieve.model import Category, Level

__all__ = [
    "BlockRule",
    "EnvelopeRule",
    "IgnoreRule",
    "NoiseRule",
    "OutcomeRule",
    "Pack",
    "PackSet",
    "Pattern",
    "Problem",
    "Rule",
    "Sample",
    "SectionRule",
]

Role = Literal["cause", "summary", "consequence", "hint"]


class _Kept:
    """What is pickled as the values of its fields: as dataclasses with slots do it, it takes twice as long to load."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), tuple(getattr(self, f.name) for f in fields(self))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class BlockRule(_Kept):
    """How far a block reaches from the line its rule matched. Patterns are searched in messages; all parts are
    optional.

    Upward: `start` looks back for a line that matches and begins the block there (nothing happens if there is none
    within `back` lines); else `before` takes the lines directly above for as long as they match. Downward, the first
    of these that is given: `through` ends with the first line that matches (inclusive), `until` before it, `keep`
    goes on while lines match, `indent` while lines are indented deeper than the anchor, `lines` takes a fixed number.
    `caret` beside `keep` or `indent` (or alone) takes lines that match and the line above each of them: source code
    with a mark under it, however it is indented.
    With `closed` there is no block, and nothing found, where no line matches `through`.
    `until` may stand beside `keep` or `indent` and then ends them early. `blank` allows blank lines inside for `keep`
    and `indent`. `through` beside `indent` takes the first line that is not deeper too, where it matches (the last
    line of a Python traceback). `again`: where the next line with text after the end matches, the block goes on there
    as from its anchor (the next of a chain).
    """

    start: str = ""
    back: int = 60
    before: str = ""
    through: str = ""
    until: str = ""
    keep: str = ""
    again: str = ""
    caret: str = ""
    indent: bool = False
    lines: int = 0
    blank: bool = False
    closed: bool = False
    max: int = 120


@dataclass(frozen=True, slots=True)
class Rule(_Kept):
    """A line that matters. Named groups: message, path, line, column, test, code, and any that `title` names; `below`
    and the block's `start` may have some too.

    `role`: a "cause" says what went wrong; a "summary" repeats or counts what is told elsewhere; a "consequence"
    follows from a cause (exit codes, "make: *** Error 2"); a "hint" lifts no finding by itself. `specificity` (0 to
    100): how surely the line is what it looks like; the generic pack stays under 40, a tool's own grammar stands over
    50. `message`: searched in the block, gives title and anchor where the anchor line is only a header; `last` takes
    the last match instead of the first (root of a cause chain). `chain`: lines of the block that match are links of a
    chain of causes; all but the anchor, its root, are other places of the finding. `unless`: the rule does not count
    where the line also matches this (a count of zero, a passing test's name). `below`: the rule counts only where the
    line below matches this (a general line that only the next one shows to be the tool's). `forgiven`: the rule only
    warns where one of the three lines below matches this (it is tried again, or make ignores it). `at_level` instead of
    a pattern: lines whose envelope names this level and on which no other rule matched.
    """

    id: str
    pattern: str = ""
    at_level: Level | None = None
    severity: Level = Level.ERROR
    category: Category | None = None  # the pack's where None
    title: str = ""  # a template over the named groups, "{test}: {message}"; the message where empty
    role: Role = "cause"
    specificity: int = 60
    unless: str = ""
    below: str = ""
    forgiven: str = ""
    message: str = ""
    last: bool = False
    chain: str = ""
    echoes: str = ""
    raw: bool = False  # matched on the line as written, before overwritten frames are dropped
    block: BlockRule = field(default_factory=BlockRule)


@dataclass(frozen=True, slots=True)
class IgnoreRule(_Kept):
    """A line that looks like a failure and is none: rules less specific than `specificity` do not count on it."""

    pattern: str
    reason: str
    specificity: int = 50


@dataclass(frozen=True, slots=True)
class NoiseRule(_Kept):
    """A line that says nothing new, and the reason users see ("downloads", "passing tests")."""

    pattern: str
    reason: str


@dataclass(frozen=True, slots=True)
class OutcomeRule(_Kept):
    """A line that says how something ended. With result "code" the group `code` decides: zero passed, all else failed.
    With "unknown" it says that part of the log is missing.

    `scope`: "run" speaks of the whole log, "section" of the section it stands in, "tool" of one tool's own work,
    "test" of one test, whose lines begin with the first one since the last test's end that matches `since`: what other
    tools' rules find in those of a test that passed was expected. `unless` as in Rule, not for tests. With `ends` it is
    the last word of one run of the tool: of a run that failed and that another one followed the step made nothing.
    """

    pattern: str
    result: Literal["passed", "failed", "code", "unknown"]
    scope: Literal["run", "section", "tool", "test"] = "tool"
    unless: str = ""
    since: str = ""
    raw: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class SectionRule(_Kept):
    """A runner's own unit. `start` may name groups title, name; with `end` the section lasts to the end line of the
    same name, without it to the next start of the same or a lower depth. Depth: 0 job, 1 stage or module, 2 step, 3
    group inside a step. `header`: the last of the lines that announce it (a command of many lines, its environment),
    within 100 lines; no rule counts on them. With `header_sign` only where one of them matches it: what follows a
    marker that users write too may be output. How long it took is told by the group `time` (seconds since 1970) of
    both `start` and `end`, by the group `nanoseconds` of `end`, or else by the times before its first and last line.
    """

    kind: str
    start: str
    end: str = ""
    depth: int = 2
    raw: bool = False
    header: str = ""
    header_sign: str = ""


@dataclass(frozen=True, slots=True)
class EnvelopeRule(_Kept):
    """What is wrapped around each message. `pattern` is matched at the start of what outer layers left; group `level`
    is a level word, group `stream` the name of one of several programs that write at the same time: a block stays in
    its stream.

    Used where at least `share` of the sampled lines carry it. `layer` orders: 0 outermost (runner), 5 time, 6 stream,
    8 level.
    """

    name: str
    pattern: str
    layer: int = 5
    share: float = 0.2


@dataclass(frozen=True, slots=True)
class Sample(_Kept):
    """A piece of real log and what must come of it. `rule` is the id of the finding's rule, empty for a negative: no
    error found.

    `line` is the 1-based line of the finding's anchor, `block` its first and last line, 1-based and inclusive.
    `verdict` is optional.
    """

    text: str
    rule: str = ""
    line: int = 0
    level: Level = Level.ERROR
    block: tuple[int, int] = (0, 0)
    verdict: str = ""
    at: int = field(default=0, metadata={"given": False})  # its line in the pack's file, set by the loader


@dataclass(frozen=True, slots=True)
class Pack(_Kept):
    """One tool's knowledge, and the file it came from."""

    name: str
    title: str
    origin: str
    built_in: bool = False
    url: str = ""
    category: Category = Category.OTHER
    rules: tuple[Rule, ...] = ()
    ignores: tuple[IgnoreRule, ...] = ()
    noise: tuple[NoiseRule, ...] = ()
    outcomes: tuple[OutcomeRule, ...] = ()
    sections: tuple[SectionRule, ...] = ()
    envelopes: tuple[EnvelopeRule, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a pack (or a part of it) is not used: file, 1-based line (0 where none fits), reason."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


Part = Literal["rule", "ignore", "noise", "outcome", "test", "start", "end"]  # test: how one of many ended


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern of the scan and what it belongs to. Its number is its place in PackSet.patterns."""

    regex: str
    raw: bool
    pack: Pack
    part: Part
    owner: Rule | IgnoreRule | NoiseRule | OutcomeRule | SectionRule


@dataclass(frozen=True, eq=False)
class PackSet:
    """All packs in use, what was wrong with the others, and the patterns of the one scan."""

    packs: tuple[Pack, ...]
    problems: tuple[Problem, ...] = ()

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """All patterns in scan order; numbers index this tuple."""
        return tuple(self._patterns())

    @cached_property
    def level_rules(self) -> tuple[Pattern, ...]:
        """The rules that look at a line's level and not at its text."""
        return tuple(Pattern("", False, p, "rule", r) for p in self.packs for r in p.rules if r.at_level is not None)

    @cached_property
    def envelopes(self) -> tuple[EnvelopeRule, ...]:
        """All envelope rules, outermost layers first."""
        return tuple(sorted((e for p in self.packs for e in p.envelopes), key=lambda e: e.layer))

    def _patterns(self) -> Iterator[Pattern]:
        for pack in self.packs:
            for rule in pack.rules:
                if rule.pattern:
                    yield Pattern(rule.pattern, rule.raw, pack, "rule", rule)
            for ignore in pack.ignores:
                yield Pattern(ignore.pattern, False, pack, "ignore", ignore)
            for noise in pack.noise:
                yield Pattern(noise.pattern, False, pack, "noise", noise)
            for outcome in pack.outcomes:
                part: Part = "test" if outcome.scope == "test" else "outcome"
                yield Pattern(outcome.pattern, outcome.raw, pack, part, outcome)
            for section in pack.sections:
                yield Pattern(section.start, section.raw, pack, "start", section)
                if section.end:
                    yield Pattern(section.end, section.raw, pack, "end", section)
