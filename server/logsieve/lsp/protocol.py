"""What LogSieve adds to the Language Server Protocol: requests, notifications and their data. Clients mirror it.

Positions are in the encoding agreed on at `initialize`; lines are 0-based, as the client counts; ends are inclusive.

A log is named by its URI: of an open document, or of a file on disk of any size, packed or not; one in a zip archive
by the archive's, `%21/` and its name there. It is also named by the URI of a view of it: views are read-only documents
of the scheme SCHEME, whose text `workspace/textDocumentContent` gives. There are the reduced log and, for logs that are
packed or too large for an editor, windows of some thousand lines. `textDocument/definition` leads from a line of the
reduced log to the log or a window of it, and from the first and last line of a window to the windows before and after.
Files that are shown in views are watched: views are refreshed and `status` is sent when they change.

None of it is needed: a plain client gets diagnostics, folds, the outline, hover and definition. In
`initializationOptions` it may give `settings` (the tree of the section "logsieve"), `trusted` (true: packs of the
workspace are loaded), `numbers` (false: views have no line numbers in their text; `logsieve/view` tells them) and
`commands`, those of COMMANDS that it can run: code actions are offered for these alone.

The server runs those of SERVER_COMMANDS itself, by `workspace/executeCommand`: they write rules for lines of logs. What
they have done is told in a message, which has buttons to open and to undo it where the client gave `buttons` (true):
with some editors a question stops everything else.
"""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import attrs
from lsprotocol.types import Location

from logsieve.lsp.protocol_llm import (
    ConsentParams,
    ConsentResult,
    ExplainChunkParams,
    ExplainNoteParams,
    ExplainParams,
    ExplainPreviewParams,
    ExplainPreviewResult,
    ExplainResult,
    PromptParams,
    ToolParams,
    ToolResult,
    VerifyParams,
    VerifyResult,
)
from logsieve.lsp.views import SCHEME

__all__ = [
    "COMMANDS",
    "NOTIFICATIONS",
    "REQUESTS",
    "SCHEME",
    "SERVER_COMMANDS",
    "ExpandParams",
    "ExpandResult",
    "FailureParams",
    "FailureResult",
    "Finding",
    "FindingsParams",
    "FindingsResult",
    "LocateParams",
    "LocateResult",
    "NoiseParams",
    "NoiseResult",
    "NoiseRun",
    "Omitted",
    "Place",
    "Redacted",
    "ReduceParams",
    "ReduceResult",
    "ReducedViewParams",
    "ReducedViewResult",
    "RequestMessage",
    "SearchHit",
    "SearchParams",
    "SearchResult",
    "StatusParams",
    "ViewParams",
    "ViewResult",
    "Within",
]

COPY_REDUCED = "logsieve.copyReduced"
COPY_FINDING = "logsieve.copyFinding"
OPEN_REDUCED = "logsieve.openReduced"
EXPLAIN = "logsieve.explain"
# Run by the client, with the arguments [uri, index of a finding?]; SHOW_LINE with [uri, the log's line, 1-based];
# FIND_SIMILAR with [uri, line] of a log or a view.
SHOW_LINE = "logsieve.showLine"
FIND_SIMILAR = "logsieve.findSimilar"
COMMANDS = (COPY_REDUCED, COPY_FINDING, OPEN_REDUCED, EXPLAIN, SHOW_LINE, FIND_SIMILAR)

NOT_AN_ERROR = "logsieve.notAnError"
ALWAYS_AN_ERROR = "logsieve.alwaysAnError"
HIDE_LINES = "logsieve.hideLines"
UNDO_RULE = "logsieve.undoRule"
# Run by the server. The first three take [uri, line] of a log or a view and answer with {uri, patterns, message} of the
# rule that they wrote; the last takes nothing and deletes what the last one of them wrote.
SERVER_COMMANDS = (NOT_AN_ERROR, ALWAYS_AN_ERROR, HIDE_LINES, UNDO_RULE)

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class StatusParams:
    """`logsieve/status`, to the client: how a log stands. While `busy` the rest is what was last known."""

    uri: str
    version: int | None  # of the document; None for a file
    verdict: Literal["failed", "passed", "unknown"]
    why: str
    errors: int
    warnings: int
    lines: int
    noiseLines: int  # noqa: N815 (a name of the protocol)
    tokens: int  # size of the reduced log at the budget that is set
    title: str | None  # of the root cause
    busy: bool


@dataclass(frozen=True, slots=True)
class FindingsParams:
    """`logsieve/findings`: what was found in a log."""

    uri: str


@dataclass(frozen=True, slots=True)
class Place:
    """Another place that belongs to a finding, and how. `line` is the log's own number of it, wherever it is shown."""

    location: Location
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Within:
    """The section (step, group, task) that a finding is in, and where it begins. `line` is as in `Place`."""

    location: Location
    line: int
    title: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding and where it is shown. `index` names it in other requests; `line` is as in `Place`."""

    index: int
    location: Location
    line: int
    severity: Severity
    category: str
    rule: str
    title: str
    message: str
    count: int
    why: list[str]
    places: list[Place]
    section: Within | None


@dataclass(frozen=True, slots=True)
class FindingsResult:
    """Best first: the first is the root cause. No more than there may be diagnostics."""

    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class FailureParams:
    """`logsieve/failure`: with `step` 1 or -1 the next or the previous failure seen from a line of a log or a view.

    With `step` 0 the finding at the line; where there is none, or no line is given, the root cause.
    """

    uri: str
    line: int | None = None
    step: Literal[-1, 0, 1] = 0


@dataclass(frozen=True, slots=True)
class FailureResult:
    """In the view that was asked, if it is shown there. `number` of `of` in the walk, 0 where it is no part of it.

    `around`: there is none further that way, so this is the first one at the other end of the log.
    """

    index: int
    title: str
    number: int
    of: int
    around: bool
    location: Location


@dataclass(frozen=True, slots=True)
class LocateParams:
    """`logsieve/locate`: where a line of a log (its own number) is shown: in itself, or in a window of it."""

    uri: str
    line: int


@dataclass(frozen=True, slots=True)
class LocateResult:
    """The place of the line's message."""

    location: Location


@dataclass(frozen=True, slots=True)
class SearchParams:
    """`logsieve/search`: the lines of a log that say about what a `text` says, in any order of words, spelt about
    right; or what a `line` of it, or of a view, says. With `meaning` also those that mean the same in other words.
    """

    uri: str
    text: str | None = None
    line: int | None = None
    meaning: bool = False
    workDoneToken: str | None = None  # noqa: N815 (a name of the protocol)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A line found, what it says, how much of what was looked for that is (0 to 1), and how many lines say the same but
    for numbers. `location` and `line` are as in `Finding`.
    """

    location: Location
    line: int
    text: str
    score: float
    count: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was looked for, and the lines found, best first. `more`: to ask again with `meaning` may find others, after
    some seconds. `note` is why meaning had no part, though asked for.
    """

    text: str
    hits: list[SearchHit]
    more: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class NoiseParams:
    """`logsieve/noise`: the runs of lines of a document that say nothing new."""

    uri: str


@dataclass(frozen=True, slots=True)
class NoiseRun:
    """One run; `text` is what a fold of it shows, for example "412 lines: downloads"."""

    start: int
    end: int
    lines: int
    reason: str
    worst: Severity | None
    text: str


@dataclass(frozen=True, slots=True)
class NoiseResult:
    """In the order of the log; with frames of libraries inside traces."""

    noise: list[NoiseRun]


@dataclass(frozen=True, slots=True)
class ReduceParams:
    """`logsieve/reduce`: the reduced log, or one finding with its surroundings."""

    uri: str
    budget: int | None = None
    finding: int | None = None


@dataclass(frozen=True, slots=True)
class Omitted:
    """Lines left out, and what they were."""

    start: int
    end: int
    lines: int
    what: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A value that was replaced in the text: what it was ("GitHub token"), its line, what stands in its place."""

    kind: str
    line: int
    placeholder: str


@dataclass(frozen=True, slots=True)
class ReduceResult:
    """The text, which lines it holds as [first, last], which it does not, and what in it was redacted."""

    text: str
    tokens: int
    lines: list[list[int]]
    omitted: list[Omitted]
    redacted: list[Redacted]


@dataclass(frozen=True, slots=True)
class ReducedViewParams:
    """`logsieve/reducedView`: a view of the reduced log with the original's line numbers, when it has been analysed."""

    uri: str
    budget: int | None = None
    workDoneToken: str | None = None  # noqa: N815 (a name of the protocol)


@dataclass(frozen=True, slots=True)
class ReducedViewResult:
    """The view, and its line that shows the root cause. Of an archive all its `logs`, those of failed runs first, and
    the view of the first of them; `status` is sent about each.
    """

    uri: str
    line: int
    logs: list[str]


@dataclass(frozen=True, slots=True)
class ViewParams:
    """`logsieve/view`: a view's text, as from `workspace/textDocumentContent`, with the numbers of its lines."""

    uri: str


@dataclass(frozen=True, slots=True)
class ViewResult:
    """`lines` has, for each line of `text`, the log's own number of it; -1 where the line stands for others."""

    text: str
    lines: list[int]


@dataclass(frozen=True, slots=True)
class ExpandParams:
    """`logsieve/expand`: show in a reduced log what its `line` stands for, of many lines the first and last ones; on a
    line that is shown for that reason, hide them again. The client then reads the view anew.
    """

    uri: str
    line: int


@dataclass(frozen=True, slots=True)
class ExpandResult:
    """The view's line where this has happened; null where the line is one that the reduced log has anyway."""

    line: int | None


REQUESTS: dict[str, tuple[type, type]] = {
    "logsieve/findings": (FindingsParams, FindingsResult),
    "logsieve/failure": (FailureParams, FailureResult),
    "logsieve/locate": (LocateParams, LocateResult),
    "logsieve/noise": (NoiseParams, NoiseResult),
    "logsieve/search": (SearchParams, SearchResult),
    "logsieve/reduce": (ReduceParams, ReduceResult),
    "logsieve/reducedView": (ReducedViewParams, ReducedViewResult),
    "logsieve/view": (ViewParams, ViewResult),
    "logsieve/expand": (ExpandParams, ExpandResult),
    "logsieve/tool": (ToolParams, ToolResult),
    "logsieve/explainPreview": (ExplainPreviewParams, ExplainPreviewResult),
    "logsieve/explain": (ExplainParams, ExplainResult),
    "logsieve/prompt": (PromptParams, ExplainPreviewResult),
    "logsieve/verify": (VerifyParams, VerifyResult),
    "logsieve/consent": (ConsentParams, ConsentResult),
}
NOTIFICATIONS: dict[str, type] = {
    "logsieve/status": StatusParams,
    "logsieve/explainChunk": ExplainChunkParams,
    "logsieve/explainNote": ExplainNoteParams,
}

P = TypeVar("P")


@attrs.define
class RequestMessage(Generic[P]):
    """A custom request as it comes over the wire."""

    id: int | str
    method: str
    params: P
    jsonrpc: str = "2.0"
