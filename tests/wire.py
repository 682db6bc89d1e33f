"""Raw HTTP servers on loopback that answer with given bytes, and how the two APIs write a streamed answer."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ANTHROPIC", "OPENAI", "Anthropic", "OpenAI", "Wire", "http", "sse", "wire"]


@dataclass
class Wire:
    """A raw server: its base URL, the requests it got, and the events that one came and that a client left."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def heads(self) -> list[str]:
        """The requests' lines and headers."""
        return [request.partition(b"\r\n\r\n")[0].decode() for request in self.requests]

    @property
    def bodies(self) -> list[bytes]:
        """The requests' bodies."""
        return [request.partition(b"\r\n\r\n")[2] for request in self.requests]


@asynccontextmanager
async def wire(
    *answers: bytes | None, turns: Sequence[bytes | None] = (), secure: ssl.SSLContext | None = None
) -> AsyncIterator[Wire]:
    """Answer every connection with these bytes, each with the next of `turns`; None: hold it till the client leaves."""
    state = Wire()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0)
        state.requests.append(head + await reader.readexactly(size))
        state.arrived.set()
        for answer in [turns[len(state.requests) - 1]] if turns else answers:
            if answer is None:
                with suppress(ConnectionError):  # it leaves without a word, while there is something to read
                    await reader.read()
                state.left.set()
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=secure)
    scheme = "https" if secure else "http"
    state.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield state
    finally:
        server.close()


def http(status: str, body: bytes, **headers: str) -> bytes:
    """A whole answer; `headers` with underscores for dashes."""
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(head).encode() + body


def sse(*events: Any, length: int | None = None) -> bytes:
    """A stream of events: bytes as they are, others as JSON, under their `type` if they have one."""
    body = b"".join(map(_event, events))
    return http(
        "200 OK", body, Content_Type="text/event-stream", Content_Length=str(len(body) if length is None else length)
    )


def _event(event: Any) -> bytes:
    if isinstance(event, bytes):
        return b"event: message_delta\ndata: " + event + b"\n\n"
    named = isinstance(event, dict) and isinstance(event.get("type"), str)
    name = f"event: {event['type']}\n" if named else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


class OpenAI:
    """Events as chat completions write them."""

    provider = "openai"

    def text(self, text: str | None) -> list[Any]:
        """A piece of the answer."""
        return [self._chunk({"content": text})]

    def calls(self, *asked: tuple[str, str, str]) -> list[Any]:
        """Tool calls (id, name, arguments), the arguments in several pieces."""
        out = []
        for index, (id_, name, arguments) in enumerate(asked):
            first = {"index": index, "id": id_, "type": "function", "function": {"name": name, "arguments": ""}}
            pieces = [
                {"index": index, "function": {"arguments": arguments[i : i + 5]}} for i in range(0, len(arguments), 5)
            ]
            out += [self._chunk({"tool_calls": [piece]}) for piece in (first, *pieces)]
        return out

    def end(self, why: str = "stop") -> list[Any]:
        """The end: stop, length or tools."""
        return [self._chunk({}, {"tools": "tool_calls"}.get(why, why))]

    def error(self, message: str) -> Any:
        """An error inside the stream."""
        return {"error": {"message": message}}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


class Anthropic:
    """Events as messages write them."""

    provider = "anthropic"

    def text(self, text: str | None) -> list[Any]:
        """A piece of the answer."""
        delta = {"type": "text_delta", "text": text}
        return [{"type": "content_block_delta", "index": 0, "delta": delta}] if text else [{"type": "ping"}]

    def calls(self, *asked: tuple[str, str, str]) -> list[Any]:
        """Tool calls (id, name, arguments), the arguments in several pieces."""
        out: list[Any] = []
        for index, (id_, name, arguments) in enumerate(asked, 1):
            block = {"type": "tool_use", "id": id_, "name": name, "input": {}}
            out.append({"type": "content_block_start", "index": index, "content_block": block})
            for i in range(0, len(arguments), 5):
                delta = {"type": "input_json_delta", "partial_json": arguments[i : i + 5]}
                out.append({"type": "content_block_delta", "index": index, "delta": delta})
            out.append({"type": "content_block_stop", "index": index})
        return out

    def end(self, why: str = "stop") -> list[Any]:
        """The end: stop, length or tools."""
        reason = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use"}[why]
        return [{"type": "message_delta", "delta": {"stop_reason": reason}}, {"type": "message_stop"}]

    def error(self, message: str) -> Any:
        """An error inside the stream."""
        return {"type": "error", "error": {"type": "overloaded_error", "message": message}}


OPENAI, ANTHROPIC = OpenAI(), Anthropic()
