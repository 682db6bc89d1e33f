"""Explain a failure with a language model: the worker prepares and verifies, the front shows, asks and sends."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.features.reduced import check_finding
from logsieve.lsp.views import log_of
from logsieve.settings import Settings

if TYPE_CHECKING:
    from logsieve.codebase import Codebase
    from logsieve.core.analysis import Analysis
    from logsieve.llm.explain import Prepared
    from logsieve.llm.prompt import Source
    from logsieve.llm.provider import Call
    from logsieve.llm.reading import Looked
    from logsieve.llm.verify import Verified
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol_llm import ExplainParams, ExplainPreviewParams, ExplainPreviewResult, ExplainResult

NOT_SHOWN = "The text is not the one that was shown last, or the endpoint has changed since. Ask again."
NO_CONSENT = "Nothing was sent: sending to {} has not been agreed to."


def prepare(analysis: Analysis, _at: Coordinates, code: Codebase, settings: Settings, finding: int | None) -> Prepared:
    """What would be sent."""
    from logsieve.llm import explain

    check_finding(analysis, finding)
    return explain.prepare(analysis, settings, finding, code.functions(analysis, finding, settings.llm.source))


def looked(
    analysis: Analysis,
    _at: Coordinates,
    code: Codebase,
    settings: Settings,
    finding: int | None,
    payload: str,
    calls: Sequence[Call],
) -> tuple[Looked, ...]:
    """What the model gets for all that it asked for so far."""
    from logsieve.llm import explain

    source = code.functions(analysis, finding, settings.llm.source)
    return explain.looked(analysis, settings, finding, payload, calls, source)


def smaller(
    analysis: Analysis,
    _at: Coordinates,
    code: Codebase,
    settings: Settings,
    finding: int | None,
    payload: str,
    times: int,
    tools: bool,
) -> str | None:
    """The payload with fewer of its lines, or without tools."""
    from logsieve.llm import explain

    source = code.functions(analysis, finding, settings.llm.source)
    return explain.smaller(analysis, settings, finding, payload, times, tools, source)


def verify(
    analysis: Analysis,
    _at: Coordinates,
    code: Codebase,
    answer: str,
    uri: str,
    source: Sequence[Source],
    unfinished: bool = False,
) -> Verified:
    """The answer with its claims looked up in the log, and in the code that went along."""
    from logsieve.llm import verify

    def uri_of(path: str) -> str:
        there = (Path(folder, path) for folder in code.folders)
        return next((file.as_uri() for file in there if file.is_file()), "")

    parts = [verify.Code(part.path, uri_of(part.path), part.first, part.lines) for part in source]
    return verify.verify(answer, analysis, uri, parts, unfinished=unfinished)


async def preview(front: Front, params: ExplainPreviewParams) -> ExplainPreviewResult:
    """`logsieve/explainPreview`."""
    from logsieve.llm.consent import Consent
    from logsieve.lsp.protocol_llm import ExplainPreviewResult

    log = log_of(params.uri)
    found: Prepared = await front.session.ask(log, f"{__name__}:prepare", front.settings, params.finding, code=True)
    front.shown[log], front.along[log] = found, found.source
    consented = bool(found.endpoint) and Consent().granted(found.endpoint, front.folder_of(log), found.code)
    return ExplainPreviewResult(
        found.endpoint, found.model, found.payload, found.tokens, found.terms, found.code, consented, found.problem
    )


async def explain(front: Front, params: ExplainParams) -> ExplainResult:
    """`logsieve/explain`: sends nothing but what was shown, to nothing but the endpoint that was shown with it."""
    from logsieve.llm.consent import Consent
    from logsieve.llm.errors import LlmError
    from logsieve.llm.explain import run
    from logsieve.lsp.protocol_llm import ExplainChunkParams, ExplainNoteParams, ExplainResult

    log, settings = log_of(params.uri), front.settings
    endpoint, folder = settings.llm.endpoint, front.folder_of(log)
    shown = front.shown.get(log)
    if shown is None or (shown.payload, shown.endpoint) != (params.payload, endpoint):
        return ExplainResult("", "", 0, 0, [], NOT_SHOWN)
    if params.consent and params.remember:
        Consent().grant(endpoint, folder, shown.code)
    elif not params.consent and not Consent().granted(endpoint, folder, shown.code):
        return ExplainResult("", "", 0, 0, [], NO_CONSENT.format(endpoint or "no endpoint"))

    async def ask(function: str, *more: Any) -> Any:
        asked = settings, params.finding, params.payload, *more
        return await front.session.ask(log, f"{__name__}:{function}", *asked, code=True)

    error: str | None = None
    try:
        text, further = await run(
            params.payload,
            settings,
            lambda piece: front.protocol.notify("logsieve/explainChunk", ExplainChunkParams(params.id, piece)),
            note=lambda words: front.protocol.notify("logsieve/explainNote", ExplainNoteParams(params.id, words)),
            look=partial(ask, "looked"),
            less=partial(ask, "smaller"),
        )
    except LlmError as failure:
        text, further, error = failure.partial, failure.further, str(failure)
    checked: Verified = await front.session.ask(log, f"{__name__}:verify", text, log, shown.source, code=True)
    return ExplainResult(checked.header, checked.text, checked.verified, checked.unverified, list(further), error)
