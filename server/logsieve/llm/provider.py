"""What LogSieve needs to know of a model's API, as a Protocol; each provider is a module of that form.

Providers are pure: they make bodies and headers and read events. `client` does the talking, alike for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from logsieve.settings import Llm

__all__ = ["Call", "Message", "Provider", "Tool", "Turn", "calls_sent", "text_of"]

Message = Mapping[str, str]  # role (system, user or assistant) and content
MOST_CALLS = 32  # tool calls of one turn that are read: more is no question but a flood


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a model may ask for: what it is told of it, and the JSON Schema of the arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(slots=True)
class Call:
    """What a model asks for; `arguments` is JSON as it wrote it, which may be none."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Turn:
    """One answer of a model, while it comes: its text, what it asks for, and how it ended (empty: it has not)."""

    text: str = ""
    calls: list[Call] = field(default_factory=list)
    finish: Literal["", "stop", "length"] = ""

    def call(self, index: int) -> Call:
        """The call of this number. Raises ValueError where there are too many."""
        if not 0 <= index < MOST_CALLS:
            raise ValueError("too many tool calls")
        while len(self.calls) <= index:
            self.calls.append(Call())
        return self.calls[index]

    @property
    def length(self) -> int:
        """Characters so far."""
        return len(self.text) + sum(len(call.arguments) for call in self.calls)


class Provider(Protocol):
    """A model's API. Bodies are what JSON holds; events are decoded JSON of the stream."""

    SDK: str  # the package that carries the requests, and the extra that brings it
    HOST: str  # the maker's own host, which a key of VARIABLE goes to
    VARIABLE: str

    def path(self, endpoint: str) -> str:
        """Where requests go, below the endpoint."""

    def headers(self, llm: Llm, key: str) -> dict[str, str]:
        """What tells who asks; the key may be empty."""

    def body(self, llm: Llm, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
        """The request for a streamed answer."""

    def follow(self, body: dict[str, Any], turn: Turn, results: Sequence[str], last: bool) -> dict[str, Any]:
        """The request after a turn: the body before, what the model asked for, and that. `last`: no more tools."""

    def read(self, event: Mapping[str, Any], turn: Turn) -> str:
        """Take an event into the turn; the text in it. Raises ValueError where it is none of this API."""


def text_of(body: Mapping[str, Any]) -> str:
    """A body as text that a person can read, and that is sent as it is."""
    return json.dumps(body, ensure_ascii=False, indent=2)


def calls_sent(turn: Turn) -> list[tuple[Call, dict[str, Any]]]:
    """What the model asked for, as it is said back to it: with an id, and with arguments that are an object."""
    out = []
    for number, call in enumerate(turn.calls):
        try:
            given = json.loads(call.arguments or "{}")
        except ValueError:
            given = {}
        out.append((Call(call.id or f"call_{number}", call.name), given if isinstance(given, dict) else {}))
    return out
