"""The transport against real HTTP servers on loopback: what goes out, what comes back, and every way it fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from logsieve.llm import client, explain
from logsieve.settings import DEFAULTS, Settings
from openai_server import serve

KEY = "sk-" + "madeUp7Key9" * 3
MESSAGES = [{"role": "system", "content": "Be “brief”."}, {"role": "user", "content": "1 | ünï ```\n2 | error: nö 💥"}]


ENVIRONMENT = "OPENAI_API_KEY OPENAI_ORG_ID OPENAI_PROJECT_ID HTTP_PROXY http_proxy ALL_PROXY all_proxy"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT.split():
        monkeypatch.delenv(name, raising=False)


def settings(url: str, **changes: object) -> Settings:
    llm = replace(DEFAULTS.llm, endpoint=url, model="test-model", timeout=20)
    return replace(DEFAULTS, llm=replace(llm, **changes))  # type: ignore[arg-type]  # names and types as in Llm


async def ask(to: Settings) -> str:
    return await explain.run(client.payload(to, MESSAGES), to, lambda _: None)


@dataclass
class Wire:
    """A raw server: its base URL, the requests it got, and the events that one came and that a client left."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def wire(*answers: bytes | None) -> AsyncIterator[Wire]:
    """Answer every connection with these bytes; None: hold the connection until the client leaves."""
    state = Wire()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length"))
        state.requests.append(head + await reader.readexactly(size))
        state.arrived.set()
        for answer in answers:
            if answer is None:
                await reader.read()
                state.left.set()
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield state
    finally:
        server.close()


def http(status: str, body: bytes, **headers: str) -> bytes:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(head).encode() + body


def sse(*events: object, length: int | None = None) -> bytes:
    body = b"".join(b"data: " + (e if isinstance(e, bytes) else json.dumps(e).encode()) + b"\n\n" for e in events)
    return http(
        "200 OK", body, Content_Type="text/event-stream", Content_Length=str(len(body) if length is None else length)
    )


def chunk(text: str | None, finish: str | None = None) -> Mapping[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


async def test_the_body_on_the_wire_is_the_payload_that_was_shown() -> None:
    with serve("ok") as endpoint:
        to = settings(endpoint.url)
        payload = client.payload(to, MESSAGES)
        pieces: list[str] = []
        answer = await explain.run(payload, to, pieces.append)
    assert [r.body for r in endpoint.received] == [payload.encode()]
    assert endpoint.received[0].path == "/v1/chat/completions"
    assert json.loads(payload)["messages"] == MESSAGES
    assert len(pieces) > 1
    assert "".join(pieces) == answer
    assert "error: nö 💥" in answer


async def test_any_text_is_sent_as_it_is() -> None:
    with serve("ok") as endpoint:
        odd = '{"model": "m",\r\n\t "messages": [{"content": "\\u00e4 ä"}] }  \n'
        await explain.run(odd, settings(endpoint.url), lambda _: None)
    assert endpoint.received[0].body == odd.encode()


async def test_without_a_key_no_key_and_no_account_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another-account")
    with serve("ok") as endpoint:
        await ask(settings(endpoint.url))
    names = {name.lower() for name in endpoint.received[0].headers}
    assert not names & {"authorization", "openai-organization", "openai-project"}


async def test_the_key_comes_from_the_named_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", KEY)
    with serve("ok") as endpoint:
        await ask(settings(endpoint.url, keyVariable="ACME_KEY"))
    headers = {name.lower(): value for name, value in endpoint.received[0].headers.items()}
    assert headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"endpoint": ""}, "Set logsieve.llm.endpoint"),
        ({"endpoint": "localhost:11434"}, "no base URL"),
        ({"endpoint": "http://["}, "no base URL"),
        ({"endpoint": "ftp://host/v1"}, "no base URL"),
        ({"endpoint": "https://user:pw@host/v1"}, "holds more than an address"),
        ({"model": ""}, "Set logsieve.llm.model"),
    ],
)
async def test_what_is_not_configured_is_said_with_what_to_do(change: dict[str, str], says: str) -> None:
    to = settings("http://127.0.0.1:1/v1", **change)
    assert says in str(client.problem(to))
    with pytest.raises(client.NotConfiguredError, match=says):
        await ask(to)


def test_a_key_never_crosses_a_network_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    far = settings("http://models.example/v1")
    assert client.problem(far) is None  # a server of the own network that needs no key
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert isinstance(client.problem(far), client.InsecureError)
    assert client.problem(settings("https://models.example/v1")) is None
    assert client.problem(settings("http://[::1]:8080/v1")) is None
    assert client.problem(settings("http://localhost:8080/v1")) is None


def test_a_key_that_is_none_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "schlüssel\nwith a line end")
    problem = client.problem(settings("https://models.example/v1"))
    assert isinstance(problem, client.NotConfiguredError)
    assert "schlüssel" not in str(problem)


async def test_no_server_is_unreachable() -> None:
    async with wire() as server:
        pass
    with pytest.raises(client.UnreachableError, match="Is the server running"):
        await ask(settings(server.url))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("401 Unauthorized", client.UnauthorisedError),
        ("403 Forbidden", client.UnauthorisedError),
        ("404 Not Found", client.UnknownModelError),
        ("429 Too Many Requests", client.RateLimitedError),
        ("500 Internal Server Error", client.ServerError),
        ("503 Service Unavailable", client.ServerError),
        ("400 Bad Request", client.RejectedError),
        ("413 Payload Too Large", client.RejectedError),
    ],
)
async def test_an_error_status_has_its_error_and_the_endpoints_words(status: str, error: type[Exception]) -> None:
    body = json.dumps({"error": {"message": "context\x1b[31m too\nlong"}}).encode()
    async with wire(http(status, body, retry_after_ms="1")) as server:
        with pytest.raises(error, match=r"context \[31m too long") as caught:
            await ask(settings(server.url))
    assert isinstance(caught.value, client.LlmError)
    assert len(server.requests) == (2 if status[:3] in ("429", "500", "503") else 1)  # one more try where that can help
    assert len({r.partition(b"\r\n\r\n")[2] for r in server.requests}) == 1


async def test_an_error_never_repeats_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode()
    async with wire(http("401 Unauthorized", body)) as server:
        with pytest.raises(client.UnauthorisedError) as caught:
            await ask(settings(server.url))
    assert KEY not in str(caught.value)
    assert "OPENAI_API_KEY" in str(caught.value)


async def test_a_redirect_is_not_followed() -> None:
    with serve("ok") as elsewhere:
        redirect = http("307 Temporary Redirect", b"", Location=f"{elsewhere.url}/chat/completions")
        async with wire(redirect) as server:
            with pytest.raises(client.RejectedError, match="redirects to"):
                await ask(settings(server.url))
    assert not elsewhere.received


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (http("200 OK", b"<html>Sign in</html>", Content_Type="text/html; charset=utf-8"), "text/html"),
        (http("200 OK", json.dumps({"choices": []}).encode()), "application/json"),
        (sse(b"{this is no JSON"), "no JSON"),
        (sse(b"\xff\xfe"), "no JSON"),
        (sse([1, 2]), "something else"),
        (sse({"object": "list"}), "something else"),
    ],
)
async def test_what_is_no_stream_of_chunks_is_a_bad_answer(answer: bytes, says: str) -> None:
    async with wire(answer) as server:
        with pytest.raises(client.BadAnswerError, match=says):
            await ask(settings(server.url))


async def test_garbage_from_the_test_endpoint_is_a_bad_answer() -> None:
    with serve("garbage") as endpoint, pytest.raises(client.BadAnswerError):
        await ask(settings(endpoint.url))


async def test_an_error_inside_the_stream_is_told() -> None:
    async with wire(sse(chunk("so far"), {"error": {"message": "out of memory"}})) as server:
        with pytest.raises(client.ServerError, match="out of memory") as caught:
            await ask(settings(server.url))
    assert caught.value.partial == "so far"


TRUNCATED = {
    "connection": sse(chunk("so far"), length=10_000),
    "no end": sse(chunk("so far")),
    "token limit": sse(chunk("so far"), chunk("", "length")),
}


@pytest.mark.parametrize("answer", list(TRUNCATED.values()), ids=TRUNCATED)
async def test_an_answer_that_ends_in_the_middle_is_cut_off(answer: bytes) -> None:
    async with wire(answer) as server:
        with pytest.raises(client.CutOffError) as caught:
            await ask(settings(server.url))
    assert caught.value.partial == "so far"


async def test_a_cut_stream_of_the_test_endpoint_keeps_what_came() -> None:
    text = "twelve chars, and then some more of it"
    with serve("cut", text) as endpoint, pytest.raises(client.CutOffError) as caught:
        await ask(settings(endpoint.url))
    assert caught.value.partial == "twelve chars, and then s"


@pytest.mark.parametrize("events", [[chunk("", "stop")], [chunk(None), chunk(" \n", "stop")]])
async def test_an_answer_without_text_is_empty(events: list[object]) -> None:
    async with wire(sse(*events, b"[DONE]")) as server:
        with pytest.raises(client.EmptyAnswerError):
            await ask(settings(server.url))


async def test_an_answer_is_whole_without_the_final_done_and_with_usage() -> None:
    async with wire(sse(chunk("all"), chunk(" of it", "stop"), {"choices": [], "usage": {}})) as server:
        assert await ask(settings(server.url)) == "all of it"


async def test_a_whole_answer_stays_whole_however_its_connection_ends() -> None:
    async with wire(sse(chunk("all"), chunk(" of it", "stop"), length=10_000)) as server:
        assert await ask(settings(server.url)) == "all of it"


async def test_silence_before_the_answer_ends_at_the_timeout() -> None:
    async with wire(None) as server:
        with pytest.raises(client.NoAnswerError, match="within 1 s"):
            await ask(settings(server.url, timeout=1))
        await asyncio.wait_for(server.left.wait(), 20)


async def test_silence_in_the_answer_ends_at_the_timeout_even_with_comments() -> None:
    head = sse(chunk("so far"), length=10_000)
    async with wire(head, b": still thinking\n\n", None) as server:
        with pytest.raises(client.NoAnswerError) as caught:
            await ask(settings(server.url, timeout=1))
        await asyncio.wait_for(server.left.wait(), 20)
    assert caught.value.partial == "so far"


async def test_an_endless_answer_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST", 1000)
    many = sse(*(chunk("blah " * 50) for _ in range(20)), length=1_000_000)
    async with wire(many, None) as server:
        with pytest.raises(client.NoAnswerError, match="keeps talking"):
            await ask(settings(server.url))
        await asyncio.wait_for(server.left.wait(), 20)


async def test_cancelling_closes_the_connection() -> None:
    with serve("stall") as endpoint:
        to = settings(endpoint.url)
        begun = asyncio.Event()
        task = asyncio.create_task(explain.run(client.payload(to, MESSAGES), to, lambda _: begun.set()))
        await asyncio.wait_for(begun.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(endpoint.gone.acquire, timeout=20)


async def test_cancelling_before_the_answer_closes_the_connection() -> None:
    async with wire(None) as server:
        task = asyncio.create_task(ask(settings(server.url)))
        await asyncio.wait_for(server.arrived.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 20)


async def test_a_loopback_endpoint_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with wire(http("502 Bad Gateway", b"proxy")) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
        monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
        with serve("ok") as endpoint:
            assert await ask(settings(endpoint.url))
    assert not server.requests


async def test_the_key_is_in_no_log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(0)
    with serve("ok") as endpoint:
        await ask(settings(endpoint.url))
    with serve("401") as endpoint, pytest.raises(client.UnauthorisedError):
        await ask(settings(endpoint.url))
    assert KEY not in caplog.text
