"""The plain, frozen data that flows through LogSieve. No behaviour beyond small derived properties, no imports of
other rooms.

Lines are 0-based and half-open (`start <= line < end`) everywhere in this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

__all__ = [
    "Block",
    "Category",
    "Envelope",
    "Excerpt",
    "Finding",
    "Gap",
    "Level",
    "Likely",
    "Line",
    "Location",
    "Noise",
    "Outcome",
    "Piece",
    "Related",
    "Section",
    "Verdict",
]


class Level(IntEnum):
    """Severity of a line or finding; larger is worse. UNKNOWN is what no rule has spoken about."""

    UNKNOWN = 0
    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4

    @property
    def word(self) -> str:
        """The word users see: "error", "warning", "info", "debug" or "unknown"."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Level:
        """The level a word names; KeyError if none."""
        return cls[word.upper()]


class Category(StrEnum):
    """What kind of failure a finding is."""

    COMPILE = "compile"
    TEST = "test"
    LINT = "lint"
    DEPENDENCY = "dependency"
    NETWORK = "network"
    RUNTIME = "runtime"
    RESOURCE = "resource"
    TIMEOUT = "timeout"
    CONFIG = "config"
    PERMISSION = "permission"
    VCS = "vcs"
    INFRA = "infra"
    SCRIPT = "script"
    OTHER = "other"


class Outcome(StrEnum):
    """How a section (or a tool's own summary) ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """How the whole run ended, as far as the log tells."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """A view of one line, built on demand. `text` is clean (no escape sequences, last frame), `message` also without
    envelope.
    """

    number: int
    text: str
    message: str
    level: Level


@dataclass(frozen=True, slots=True)
class Envelope:
    """One layer of what a runner wraps around each message: its name and its pattern (anchored at the line's start)."""

    name: str
    pattern: str


def duration_text(seconds: float | None) -> str:
    """How long something took, as people say it: "12 s", "3 min 5 s", "1 h 2 min"; empty where nobody told, and under a
    second.
    """
    whole = round(seconds or 0)
    if whole < 1:
        return ""
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


@dataclass(frozen=True, slots=True)
class Section:
    """A runner's own unit. `parent` is an index into Analysis.sections or -1; `exit_code` is None where none was
    printed; `header` is the end of the lines that announce it: its marker, its command, the environment. `seconds` is
    how long it took, None where the log does not tell.
    """

    title: str
    kind: str
    start: int
    end: int
    outcome: Outcome = Outcome.UNKNOWN
    parent: int = -1
    exit_code: int | None = None
    header: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together, as a rule found them on `line`; `anchor` is the line that says what happened.

    `rule` is "pack/id"; severity, role, specificity and title are the rule's; `groups` are the texts its patterns
    named; `links` are the other lines of the chain of causes whose root the anchor is.
    """

    rule: str
    category: Category
    severity: Level
    role: str
    specificity: int
    title: str
    line: int
    start: int
    end: int
    anchor: int
    groups: Mapping[str, str]
    links: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a source file as the log names it. `line` and `column` are 1-based as printed, 0 where absent; `at`
    is the log line.
    """

    path: str
    line: int
    column: int
    at: int


# Why what hangs on a finding does, by its role.
FOLLOWS = {"consequence": "follows from it", "summary": "summed up here"}


@dataclass(frozen=True, slots=True)
class Related:
    """Another place in the log that belongs to a finding, and how ("caused by", "also reported here", "follows from
    it").
    """

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A block that matters. `role` as in its rule: cause, summary, consequence or hint. `subject` is the test that
    failed, where one did. `why` says in words what put it at its rank; `count` is how many equal failures it stands
    for, `related` where they are and what else belongs to it.
    """

    rule: str
    category: Category
    severity: Level
    role: str
    title: str
    message: str
    start: int
    end: int
    anchor: int
    section: int = -1
    locations: tuple[Location, ...] = ()
    related: tuple[Related, ...] = ()
    subject: str = ""
    count: int = 1
    score: float = 0.0
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Likely:
    """Lines that read like what explains a failure, as a learned model sees it: `line` is the one that does so most,
    and `odds` its log odds.
    """

    start: int
    end: int
    line: int
    odds: float


@dataclass(frozen=True, slots=True)
class Noise:
    """A run of lines that says nothing new, why, and the worst level inside."""

    start: int
    end: int
    reason: str
    worst: Level = Level.UNKNOWN


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of original lines in an excerpt and why it is there ("root cause", "failing step", ...).

    `cut` maps a line of the piece to the columns (start, end) of its clean text that are kept when the line is too
    long to keep whole; `repeated` to the number of characters at its start that say no more than those of the line
    before, which is shown: the runner's time, its job and step.
    """

    start: int
    end: int
    reason: str
    cut: dict[int, tuple[int, int]] = field(default_factory=dict)
    repeated: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines left out of an excerpt, and what they were."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The reduced log: pieces in the order of the log, the gaps between them, and its estimated size in tokens (4
    bytes each).
    """

    pieces: tuple[Piece, ...]
    gaps: tuple[Gap, ...]
    tokens: int
    budget: int
