"""The API of OpenAI's chat completions, which most endpoints speak: Ollama, llama.cpp, vLLM, LM Studio and others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from logsieve.llm.provider import Message, Tool, Turn, calls_sent
from logsieve.settings import Llm

__all__ = ["HOST", "SDK", "VARIABLE", "body", "follow", "headers", "path", "read"]

SDK = "openai"
HOST = "api.openai.com"
VARIABLE = "OPENAI_API_KEY"


def path(_endpoint: str) -> str:
    """Endpoints are given with their version."""
    return "/chat/completions"


def headers(llm: Llm, key: str) -> dict[str, str]:
    """A key may be left out, for local endpoints."""
    told = {"Authorization": f"Bearer {key}"} if key else {}
    return told | ({"OpenAI-Organization": llm.organisation} if llm.organisation else {})


def body(llm: Llm, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
    """Nothing but what every endpoint knows: no temperature, no limit."""
    told = {"model": llm.model, "stream": True, "messages": [dict(message) for message in messages]}
    offered = [
        {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
        for t in tools
    ]
    return told | ({"tools": offered} if offered else {})


def follow(body: dict[str, Any], turn: Turn, results: Sequence[str], last: bool) -> dict[str, Any]:
    """The body with the assistant's calls and a message of the role `tool` for each."""
    calls = calls_sent(turn)
    asked = [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(given)}}
        for c, given in calls
    ]
    said = {"role": "assistant", "content": turn.text or None, "tool_calls": asked}
    told = [
        {"role": "tool", "tool_call_id": c.id, "content": result} for (c, _), result in zip(calls, results, strict=True)
    ]
    more = {"messages": [*body["messages"], said, *told]}
    return body | more | ({"tool_choice": "none"} if last else {})


def read(event: Mapping[str, Any], turn: Turn) -> str:
    """A chunk: text, pieces of tool calls by their index, or why the answer ends."""
    choices = event.get("choices")
    if not isinstance(choices, list):
        raise ValueError("no chunk")
    choice = choices[0] if choices and isinstance(choices[0], Mapping) else {}  # usage comes without choices
    delta = choice.get("delta")
    delta = delta if isinstance(delta, Mapping) else {}
    asked = delta.get("tool_calls")
    for number, part in enumerate(asked if isinstance(asked, list) else ()):
        if isinstance(part, Mapping):
            _call(part, number, turn)
    if reason := choice.get("finish_reason"):
        turn.finish = "length" if reason == "length" else "stop"
    text = delta.get("content")
    return text if isinstance(text, str) else ""


def _call(part: Mapping[str, Any], number: int, turn: Turn) -> None:
    index, function = part.get("index"), part.get("function")
    call = turn.call(index if isinstance(index, int) else number)
    given = str(part.get("id") or "")
    if given and call.id and given != call.id:  # another call, by a server that gives all of them one index
        call = turn.call(len(turn.calls))
    call.id = call.id or given
    if isinstance(function, Mapping):
        call.name = call.name or str(function.get("name") or "")
        arguments = function.get("arguments")
        call.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""
