"""Explain a failure with a language model: the worker prepares and verifies, the front shows, asks and sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.features.reduced import check_finding
from logsieve.lsp.views import log_of
from logsieve.settings import Settings

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.llm.explain import Prepared
    from logsieve.llm.verify import Verified
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol import ExplainParams, ExplainPreviewParams, ExplainPreviewResult, ExplainResult

NOT_SHOWN = "The text is not the one that was shown last, or the endpoint has changed since. Ask again."
NO_CONSENT = "Nothing was sent: sending to {} has not been agreed to."


def prepare(analysis: Analysis, _at: Coordinates, settings: Settings, finding: int | None) -> Prepared:
    """What would be sent."""
    from logsieve.llm import explain

    check_finding(analysis, finding)
    return explain.prepare(analysis, settings, finding)


def verify(analysis: Analysis, _at: Coordinates, answer: str, uri: str) -> Verified:
    """The answer with its claims looked up in the log."""
    from logsieve.llm import verify

    return verify.verify(answer, analysis, uri)


async def preview(front: Front, params: ExplainPreviewParams) -> ExplainPreviewResult:
    """`logsieve/explainPreview`."""
    from logsieve.llm.consent import Consent
    from logsieve.lsp.protocol import ExplainPreviewResult

    log = log_of(params.uri)
    found: Prepared = await front.session.ask(log, f"{__name__}:prepare", front.settings, params.finding)
    front.shown[log] = (found.payload, found.endpoint)
    consented = bool(found.endpoint) and Consent().granted(found.endpoint)
    return ExplainPreviewResult(found.endpoint, found.model, found.payload, found.tokens, consented, found.problem)


async def explain(front: Front, params: ExplainParams) -> ExplainResult:
    """`logsieve/explain`: sends nothing but what was shown, to nothing but the endpoint that was shown with it."""
    from logsieve.llm.client import LlmError
    from logsieve.llm.consent import Consent
    from logsieve.llm.explain import run
    from logsieve.lsp.protocol import ExplainChunkParams, ExplainResult

    log, settings = log_of(params.uri), front.settings
    endpoint = settings.llm.endpoint
    if front.shown.get(log) != (params.payload, endpoint):
        return ExplainResult("", 0, 0, NOT_SHOWN)
    if params.consent and params.remember:
        Consent().grant(endpoint)
    elif not params.consent and not Consent().granted(endpoint):
        return ExplainResult("", 0, 0, NO_CONSENT.format(endpoint or "no endpoint"))
    error: str | None = None
    try:
        text = await run(
            params.payload,
            settings,
            lambda piece: front.protocol.notify("logsieve/explainChunk", ExplainChunkParams(params.id, piece)),
        )
    except LlmError as failure:
        text, error = failure.partial, str(failure)
    checked: Verified = await front.session.ask(log, f"{__name__}:verify", text, log)
    return ExplainResult(checked.text, checked.verified, checked.unverified, error)
