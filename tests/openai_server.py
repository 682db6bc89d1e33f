"""A small OpenAI-compatible endpoint on loopback: real HTTP, streamed chat completions, and the ways they fail."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, get_args

__all__ = ["Endpoint", "Mode", "Received", "serve"]

Mode = Literal["ok", "slow", "stall", "500", "401", "garbage", "cut", "lies"]
"""ok: streams an answer that quotes a line it was given. slow: the same, each chunk only when `Endpoint.step` allows.
stall: two chunks, then silence until the client goes. 500, 401: an API error. garbage: a stream that is no JSON.
cut: the connection ends in the middle of the stream. lies: the answer quotes a line that is in no log."""

_NUMBERED = re.compile(r"^[ \t]*(\d+)[ \t]*[|:][ \t](.*\S)", re.MULTILINE)
_CHUNK = 12  # characters of a streamed piece: small enough that every answer comes in several
LIE = "kernel: reactor core temperature exceeds limits"


@dataclass(frozen=True)
class Received:
    """One request as it came in. `body` holds the exact bytes."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


@dataclass
class Endpoint:
    """A running endpoint. `received` grows by one with each request; `gone` counts clients that left before the end."""

    mode: Mode
    answer: Callable[[str], str]
    url: str = ""
    received: list[Received] = field(default_factory=list)
    step: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    gone: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    closing: threading.Event = field(default_factory=threading.Event)


def quoting(prompt: str) -> str:
    """An answer in Markdown that quotes the last numbered line of the prompt (`41 | text`)."""
    found = _NUMBERED.findall(prompt)
    number, text = found[-1] if found else ("1", "")
    return f"## Cause\n\nLine {number} says so:\n\n> {number} | {text}\n\n## Fix\n\nCorrect what line {number} names.\n"


def lying(_prompt: str) -> str:
    """An answer that quotes a line which no prompt holds."""
    return f"## Cause\n\nLine 999999 says so:\n\n> 999999 | {LIE}\n"


@contextmanager
def serve(mode: Mode = "ok", answer: str | None = None) -> Iterator[Endpoint]:
    """Run an endpoint on a free port of 127.0.0.1 while the context lasts; `Endpoint.url` is its base URL, with `/v1`.

    `answer` is streamed instead of one that the mode makes up from the prompt.
    """
    if mode not in get_args(Mode):
        raise ValueError(f"no mode {mode!r}")
    made_up = lying if mode == "lies" else quoting
    endpoint = Endpoint(mode, made_up if answer is None else lambda _: answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint))
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="openai-server")
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._record(b"")
            self._json(200, {"object": "list", "data": [{"id": "test-model", "object": "model"}]})

        def do_POST(self) -> None:
            self._record(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            if self.path != "/v1/chat/completions":
                self._error(404, "no such path")
            elif endpoint.mode == "500":
                self._error(500, "the model fell over")
            elif endpoint.mode == "401":
                self._error(401, "Incorrect API key provided")
            else:
                try:
                    self._stream(endpoint.received[-1].json)
                except OSError:
                    endpoint.gone.release()
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read `received`, not a log on stderr."""

        def _record(self, body: bytes) -> None:
            endpoint.received.append(Received(self.command, self.path, dict(self.headers.items()), body))

        def _stream(self, request: dict[str, Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if endpoint.mode == "garbage":
                self._chunk(b"data: {this is no JSON\n\n<html>proxy error</html>\n\n")
                self._chunk(b"")
                return
            text = endpoint.answer("\n".join(str(message["content"]) for message in request["messages"]))
            pieces = [text[i : i + _CHUNK] for i in range(0, len(text), _CHUNK)]
            for number, piece in enumerate(pieces):
                if number == 2 and endpoint.mode == "cut":
                    return  # without the last, empty chunk: the client sees a broken stream
                if number == 2 and endpoint.mode == "stall":
                    self._wait_until_gone()
                if endpoint.mode == "slow":
                    self._wait_for_step()
                self._event(request, {"content": piece}, None)
            self._event(request, {}, "stop")
            self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")

        def _wait_until_gone(self) -> None:
            self.connection.settimeout(0.05)
            while not endpoint.closing.is_set():
                try:
                    if not self.connection.recv(1):
                        break
                except TimeoutError:
                    continue
            raise ConnectionAbortedError("the client left a stalled stream")

        def _wait_for_step(self) -> None:
            while not endpoint.step.acquire(timeout=0.05):
                if endpoint.closing.is_set():
                    raise ConnectionAbortedError("the endpoint closes")

        def _event(self, request: dict[str, Any], delta: dict[str, str], finish: str | None) -> None:
            choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
            event = {
                "id": "chatcmpl-test",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": request.get("model", "test-model"),
                "choices": [choice],
            }
            self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _error(self, status: int, message: str) -> None:
            self._json(status, {"error": {"message": message, "type": "test", "code": status}})

        def _json(self, status: int, value: Any) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
