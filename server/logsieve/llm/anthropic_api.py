"""Anthropic's own API (messages)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from logsieve.llm.provider import Message, Tool, Turn, calls_sent
from logsieve.settings import Llm

__all__ = ["HOST", "SDK", "VARIABLE", "body", "follow", "headers", "path", "read"]

SDK = "anthropic"
HOST = "api.anthropic.com"
VARIABLE = "ANTHROPIC_API_KEY"
VERSION = "2023-06-01"
ANSWER = 4096  # the API wants a limit; an explanation has some hundred tokens


def path(endpoint: str) -> str:
    """The version is part of the path, unless the endpoint has it already."""
    return "/messages" if endpoint.rstrip("/").endswith("/v1") else "/v1/messages"


def headers(_llm: Llm, key: str) -> dict[str, str]:
    """A gateway may need no key."""
    return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})


def body(llm: Llm, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
    """What the system says is no message here."""
    told = {
        "model": llm.model,
        "max_tokens": ANSWER,
        "stream": True,
        "system": "\n\n".join(m["content"] for m in messages if m["role"] == "system"),
        "messages": [dict(m) for m in messages if m["role"] != "system"],
    }
    offered = [{"name": t.name, "description": t.description, "input_schema": t.parameters} for t in tools]
    return told | ({"tools": offered} if offered else {})


def follow(body: dict[str, Any], turn: Turn, results: Sequence[str], last: bool) -> dict[str, Any]:
    """The body with the blocks of the assistant's turn, and the results as blocks of the user's."""
    calls = calls_sent(turn)
    said: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text.strip() else []
    said += [{"type": "tool_use", "id": c.id, "name": c.name, "input": given} for c, given in calls]
    told = [
        {"type": "tool_result", "tool_use_id": c.id, "content": result}
        for (c, _), result in zip(calls, results, strict=True)
    ]
    messages = [*body["messages"], {"role": "assistant", "content": said}, {"role": "user", "content": told}]
    return body | {"messages": messages} | ({"tool_choice": {"type": "none"}} if last else {})


def read(event: Mapping[str, Any], turn: Turn) -> str:
    """An event of a message; those of kinds that are new are passed over, as the API wants it."""
    match event:
        case {"type": "content_block_start", "content_block": {"type": "tool_use", "id": str(id_), "name": str(name)}}:
            call = turn.call(len(turn.calls))
            call.id, call.name = id_, name
        case {"type": "content_block_start", "content_block": {"type": "text", "text": str(text)}}:
            return text
        case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(text)}}:
            return text
        case {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": str(part)}}:
            if turn.calls:
                turn.calls[-1].arguments += part
        case {"type": "message_delta", "delta": {"stop_reason": str(reason)}}:
            turn.finish = "length" if reason in ("max_tokens", "model_context_window_exceeded") else "stop"
        case {"type": str()}:
            pass
        case _:
            raise ValueError("no event")
    return ""
