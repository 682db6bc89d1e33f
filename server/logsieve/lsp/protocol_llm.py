"""The part of our protocol (`protocol.py`) that is about language models and agents."""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ConsentParams",
    "ConsentResult",
    "ExplainChunkParams",
    "ExplainNoteParams",
    "ExplainParams",
    "ExplainPreviewParams",
    "ExplainPreviewResult",
    "ExplainResult",
    "PromptParams",
    "ToolParams",
    "ToolResult",
    "Turn",
    "VerifyParams",
    "VerifyResult",
]


@dataclass(frozen=True, slots=True)
class ToolParams:
    """`logsieve/tool`: what the tool of that name of `logsieve mcp` says of a log, for an agent in the editor.

    `path` is how the agent calls the log; the other arguments are the tool's own.
    """

    uri: str
    tool: Literal["triage", "reduce"]
    path: str
    finding: int | None = None
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer as JSON, secrets redacted, no larger than the budget."""

    answer: str


@dataclass(frozen=True, slots=True)
class ExplainPreviewParams:
    """`logsieve/explainPreview`: what `explain` would send, and where."""

    uri: str
    finding: int | None = None


@dataclass(frozen=True, slots=True)
class ExplainPreviewResult:
    """`payload` is the exact body. `consented`: the endpoint was agreed to before in this workspace. `problem`: what to
    set up. `terms`: what the user agrees to beside the payload, in words: size, costs, further lines. `code`: code of
    the workspace goes along, which is agreed to apart from what is sent of logs.
    """

    endpoint: str
    model: str
    payload: str
    tokens: int
    terms: str
    code: bool
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
    """The whole answer, how many of its quotes stand in the log and how many do not; `error` where it failed.

    `header` is said above it. `further`: what else of the log was sent, because the model asked for it, in words.
    """

    header: str
    text: str
    verified: int
    unverified: int
    further: list[str]
    error: str | None


@dataclass(frozen=True, slots=True)
class ExplainChunkParams:
    """`logsieve/explainChunk`, to the client: a further piece of the answer to the `explain` request with this id."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class ExplainNoteParams:
    """`logsieve/explainNote`, to the client: what keeps the `explain` request with this id waiting, in words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said before, or is asked now, in the user's own words or the model's."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class PromptParams:
    """`logsieve/prompt`: as `explainPreview`, for a model of the editor's, which the client asks itself.

    `context` is how many tokens the model takes. `turns` follow the excerpt. Of the result's `payload` the client
    sends the `messages`, as they are, once the user has agreed to its `endpoint`.
    """

    uri: str
    vendor: str
    model: str
    finding: int | None = None
    context: int | None = None
    turns: list[Turn] | None = None


@dataclass(frozen=True, slots=True)
class VerifyParams:
    """`logsieve/verify`: look up in the log what a model's answer says of it.

    Of an `unfinished` one come the lines with which it will begin when it is finished.
    """

    uri: str
    text: str
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """As in `ExplainResult`."""

    header: str
    text: str
    verified: int
    unverified: int


@dataclass(frozen=True, slots=True)
class ConsentParams:
    """`logsieve/consent`: remember that the user agreed to an endpoint for the workspace of the log `uri`, or forget it
    everywhere; without an endpoint nothing changes.
    """

    uri: str | None = None
    endpoint: str | None = None
    granted: bool = False
    code: bool = False  # as the preview had it


@dataclass(frozen=True, slots=True)
class ConsentResult:
    """The endpoints that are agreed to."""

    endpoints: list[str]
