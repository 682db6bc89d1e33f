"""The editor's own models: the server writes what is sent and checks what comes back, the client only carries it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.features.explain import verify as check
from logsieve.lsp.features.reduced import check_finding
from logsieve.lsp.views import log_of

if TYPE_CHECKING:
    from logsieve.codebase import Codebase
    from logsieve.core.analysis import Analysis
    from logsieve.llm.prompt import Source
    from logsieve.llm.verify import Verified
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol_llm import (
        ConsentParams,
        ConsentResult,
        ExplainPreviewResult,
        PromptParams,
        VerifyParams,
        VerifyResult,
    )

ANSWER = 1500  # tokens of a model's context that are left for its answer


def write(
    analysis: Analysis,
    _at: Coordinates,
    code: Codebase,
    model: str,
    budget: int,
    source: int,
    room: int | None,
    finding: int | None,
    turns: list[dict[str, str]],
) -> tuple[str, int, str, list[Source]]:
    """The payload, which holds the messages as the client sends them, its size in tokens, and what code goes along: in
    words, and as it is sent.
    """
    from logsieve.core.render import tokens_of
    from logsieve.llm import explain, prompt

    check_finding(analysis, finding)

    functions = code.functions(analysis, finding, source)
    parts: list[Source] = []

    def made(budget: int) -> list[prompt.Message]:
        messages, parts[:] = explain.messages(analysis, budget, finding, turns, functions)
        return messages

    messages = made(budget) if room is None else prompt.fitted(made, budget, room)
    # Editors know no system role: their models take for it what they are told first.
    sent = [{**message, "role": message["role"].replace("system", "user")} for message in messages]
    payload = json.dumps({"model": model, "messages": sent}, ensure_ascii=False, indent=2)
    return payload, tokens_of(payload), explain.along(functions), parts


async def prompt(front: Front, params: PromptParams) -> ExplainPreviewResult:
    """`logsieve/prompt`."""
    from logsieve.llm.consent import Consent
    from logsieve.lsp.protocol_llm import ExplainPreviewResult

    room = None if params.context is None else params.context - ANSWER
    turns = [{"role": turn.role, "content": turn.content} for turn in params.turns or []]
    llm = front.settings.llm
    asked: tuple[Any, ...] = (params.model, llm.budget, llm.source, room, params.finding, turns)
    log = log_of(params.uri)
    payload, tokens, along, front.along[log] = await front.session.ask(log, f"{__name__}:write", *asked, code=True)
    endpoint = f"editor:{params.vendor}"
    consented = Consent().granted(endpoint, front.folder_of(log), bool(along))
    terms = f"About {tokens:,} tokens{along}."
    return ExplainPreviewResult(endpoint, params.model, payload, tokens, terms, bool(along), consented, None)


async def verify(front: Front, params: VerifyParams) -> VerifyResult:
    """`logsieve/verify`."""
    from logsieve.lsp.protocol_llm import VerifyResult

    log = log_of(params.uri)
    asked = params.text, log, front.along.get(log, ()), params.unfinished
    found: Verified = await front.session.ask(log, f"{check.__module__}:{check.__name__}", *asked, code=True)
    return VerifyResult(found.header, found.text, found.verified, found.unverified)


async def consent(front: Front, params: ConsentParams) -> ConsentResult:
    """`logsieve/consent`."""
    from logsieve.llm.consent import Consent
    from logsieve.lsp.protocol_llm import ConsentResult

    known = Consent()
    if params.endpoint is not None and params.granted:
        known.grant(params.endpoint, front.folder_of(log_of(params.uri or "")), params.code)
    elif params.endpoint is not None:
        known.revoke(params.endpoint)
    return ConsentResult(sorted({granted.endpoint for granted in known.all()}))
