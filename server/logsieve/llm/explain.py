"""Explain a failure: `prepare` turns an analysis into the payload, `run` sends it and streams the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logsieve.llm import client
from logsieve.settings import Settings

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis

__all__ = ["Prepared", "messages", "prepare", "run"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a user is shown before anything is sent.

    `payload` is the exact body, `tokens` its size, `problem` what is not configured and what to do, or None.
    """

    payload: str
    tokens: int
    endpoint: str
    model: str
    problem: str | None


def messages(
    analysis: Analysis, budget: int, finding: int | None = None, turns: Sequence[dict[str, str]] = ()
) -> list[dict[str, str]]:
    """What a model is told, with an excerpt of at most `budget` tokens, and then in a conversation. Pure."""
    from logsieve.core.excerpts import reduced
    from logsieve.llm import prompt

    shown = reduced(analysis, budget, finding)
    first = prompt.messages(shown.rendered, analysis, shown.redactor, finding)
    # Redacted as well, with the numbers of the excerpt: a question is often a piece of the log.
    said = shown.redactor.texts(turn["content"] for turn in turns)
    return [*first, *({**turn, "content": prompt.inert(text)} for turn, text in zip(turns, said, strict=True))]


def prepare(analysis: Analysis, settings: Settings, finding: int | None = None) -> Prepared:
    """The payload that explains the whole failure, or one finding of `analysis.findings`. Pure; returns plain data."""
    # Imported here, because the language server's front uses `run` alone and stays free of the engine.
    from logsieve.core.render import tokens_of

    payload = client.payload(settings, messages(analysis, settings.llm.budget, finding))
    wrong = client.problem(settings)
    return Prepared(
        payload=payload,
        tokens=tokens_of(payload),
        endpoint=settings.llm.endpoint,
        model=settings.llm.model,
        problem=None if wrong is None else str(wrong),
    )


async def run(payload: str, settings: Settings, on_chunk: Callable[[str], None]) -> str:
    """Send exactly this payload; `on_chunk` gets each piece of the answer as it comes. The whole answer.

    Raises client.LlmError, whose `partial` holds what had come. Cancelling closes the connection.
    """
    pieces: list[str] = []
    try:
        async with aclosing(client.stream(settings, payload)) as answer:
            async for piece in answer:
                pieces.append(piece)
                on_chunk(piece)
    except client.LlmError as error:
        error.partial = "".join(pieces)
        raise
    text = "".join(pieces)
    if not text.strip():
        raise client.EmptyAnswerError("The model answered nothing. Try again, or another model.")
    return text
