"""What LogSieve adds to the Language Server Protocol: requests, notifications and their data. Clients mirror it.

Positions are in the encoding agreed on at `initialize`; lines are 0-based, as the client counts; ends are inclusive.

None of it is needed: a plain client gets diagnostics, folds, the outline, hover and definition. In
`initializationOptions` it may give `settings` (the tree of the section "logsieve"), `trusted` (true: packs of the
workspace are loaded) and `commands`, those of COMMANDS that it can run: code actions are offered for these alone,
so a client that gives none gets none.
"""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import attrs
from lsprotocol.types import Range

__all__ = [
    "COMMANDS",
    "NOTIFICATIONS",
    "REQUESTS",
    "SCHEME",
    "ExplainChunkParams",
    "ExplainParams",
    "ExplainPreviewParams",
    "ExplainPreviewResult",
    "ExplainResult",
    "Finding",
    "FindingsParams",
    "FindingsResult",
    "NoiseParams",
    "NoiseResult",
    "NoiseRun",
    "Omitted",
    "ReduceParams",
    "ReduceResult",
    "ReducedViewParams",
    "ReducedViewResult",
    "RequestMessage",
    "StatusParams",
]

SCHEME = "logsieve"  # of read-only documents whose text `workspace/textDocumentContent` gives
COPY_REDUCED = "logsieve.copyReduced"
COPY_FINDING = "logsieve.copyFinding"
OPEN_REDUCED = "logsieve.openReduced"
EXPLAIN = "logsieve.explain"
# Run by the client, with the arguments [uri, index of a finding?].
COMMANDS = (COPY_REDUCED, COPY_FINDING, OPEN_REDUCED, EXPLAIN)

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class StatusParams:
    """`logsieve/status`, to the client: how a log stands. While `busy` the rest is what was last known."""

    uri: str
    version: int | None
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
class ExplainChunkParams:
    """`logsieve/explainChunk`, to the client: a further piece of the answer to the `explain` request with this id."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class FindingsParams:
    """`logsieve/findings`: what was found in a document."""

    uri: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `index` names it in other requests; `anchor` is the line that says what happened."""

    index: int
    range: Range
    anchor: int
    severity: Severity
    category: str
    rule: str
    title: str
    message: str
    count: int
    why: list[str]


@dataclass(frozen=True, slots=True)
class FindingsResult:
    """Best first: the first is the root cause."""

    findings: list[Finding]


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
    """In the order of the log."""

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
class ReduceResult:
    """The text (secrets redacted), which lines it holds as [first, last], and which it does not."""

    text: str
    tokens: int
    lines: list[list[int]]
    omitted: list[Omitted]
    redacted: int


@dataclass(frozen=True, slots=True)
class ReducedViewParams:
    """`logsieve/reducedView`: the URI of a document that shows the reduced log with the original's line numbers."""

    uri: str
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class ReducedViewResult:
    """`workspace/textDocumentContent` gives the text; `textDocument/definition` leads from it to the original."""

    uri: str


@dataclass(frozen=True, slots=True)
class ExplainPreviewParams:
    """`logsieve/explainPreview`: what `explain` would send, and where."""

    uri: str
    finding: int | None = None


@dataclass(frozen=True, slots=True)
class ExplainPreviewResult:
    """`payload` is the exact body. `consented`: the endpoint was agreed to before. `problem`: what to set up."""

    endpoint: str
    model: str
    payload: str
    tokens: int
    consented: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class ExplainParams:
    """`logsieve/explain`: send the previewed `payload` and stream the answer as `explainChunk` with this `id`.

    `consent` says that the user has seen the preview and agreed; `remember`, that this goes for later sends as well.
    """

    uri: str
    id: str
    consent: bool
    payload: str
    finding: int | None = None
    remember: bool = True


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """The whole answer, how many of its quotes stand in the log and how many do not; `error` where it failed."""

    text: str
    verified: int
    unverified: int
    error: str | None


REQUESTS: dict[str, tuple[type, type]] = {
    "logsieve/findings": (FindingsParams, FindingsResult),
    "logsieve/noise": (NoiseParams, NoiseResult),
    "logsieve/reduce": (ReduceParams, ReduceResult),
    "logsieve/reducedView": (ReducedViewParams, ReducedViewResult),
    "logsieve/explainPreview": (ExplainPreviewParams, ExplainPreviewResult),
    "logsieve/explain": (ExplainParams, ExplainResult),
}
NOTIFICATIONS: dict[str, type] = {"logsieve/status": StatusParams, "logsieve/explainChunk": ExplainChunkParams}

P = TypeVar("P")


@attrs.define
class RequestMessage(Generic[P]):
    """A custom request as it comes over the wire."""

    id: int | str
    method: str
    params: P
    jsonrpc: str = "2.0"
