"""The transport against real HTTP servers on loopback: what goes out, what comes back, and every way it fails.

Both APIs, wherever what counts is not the form of their events.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest
import trustme

from logsieve.llm import client, errors, explain
from logsieve.llm.provider import text_of
from logsieve.settings import DEFAULTS, Settings
from openai_server import serve
from wire import ANTHROPIC, OPENAI, Anthropic, OpenAI, http, sse, wire

KEY = "sk-" + "madeUp7Key9" * 3
MESSAGES = [{"role": "system", "content": "Be “brief”."}, {"role": "user", "content": "1 | ünï ```\n2 | error: nö 💥"}]
Api = OpenAI | Anthropic

ENVIRONMENT = (
    "OPENAI_API_KEY OPENAI_ORG_ID OPENAI_PROJECT_ID OPENAI_BASE_URL ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN "
    "ANTHROPIC_BASE_URL ANTHROPIC_CUSTOM_HEADERS HTTP_PROXY http_proxy HTTPS_PROXY https_proxy ALL_PROXY all_proxy"
)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT.split():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=[OPENAI, ANTHROPIC], ids=lambda api: api.provider)
def api(request: pytest.FixtureRequest) -> Api:
    """Each of the two APIs."""
    chosen: Api = request.param
    return chosen


def settings(url: str, api: Api = OPENAI, **changes: object) -> Settings:
    llm = replace(DEFAULTS.llm, provider=api.provider, endpoint=url, model="test-model", timeout=20)  # type: ignore[arg-type]  # one of the two
    return replace(DEFAULTS, llm=replace(llm, **changes))  # type: ignore[arg-type]  # names and types as in Llm


def payload_of(to: Settings) -> str:
    return text_of(client.PROVIDERS[to.llm.provider].body(to.llm, MESSAGES, ()))


async def ask(to: Settings, note: Callable[[str], None] = lambda _: None) -> str:
    return (await explain.run(payload_of(to), to, lambda _: None, note=note)).text


def headers_of(head: str) -> dict[str, str]:
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}


# What goes out


async def test_the_body_on_the_wire_is_the_payload_that_was_shown() -> None:
    with serve("ok") as endpoint:
        to = settings(endpoint.url)
        payload = payload_of(to)
        pieces: list[str] = []
        answer, _ = await explain.run(payload, to, pieces.append)
    assert [r.body for r in endpoint.received] == [payload.encode()]
    assert endpoint.received[0].path == "/v1/chat/completions"
    assert json.loads(payload)["messages"] == MESSAGES
    assert len(pieces) > 1
    assert "".join(pieces) == answer
    assert "error: nö 💥" in answer


async def test_any_text_is_sent_as_it_is(api: Api) -> None:
    odd = '{"model": "m",\r\n\t "messages": [{"content": "\\u00e4 ä"}] }  \n'
    async with wire(sse(*api.text("fine"), *api.end())) as server:
        await explain.run(odd, settings(server.url, api), lambda _: None)
    assert server.bodies == [odd.encode()]


async def test_nothing_goes_out_beside_it_but_what_is_named_here(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "of-another-account")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Of-Another: account")
    async with wire(sse(*api.text("fine"), *api.end())) as server:
        await ask(settings(server.url, api))
    told = headers_of(server.heads[0])
    assert told.pop("anthropic-version", "") == ("2023-06-01" if api is ANTHROPIC else "")
    assert told.pop("content-length") == str(len(server.bodies[0]))
    assert told == {
        "host": server.url.removeprefix("http://").removesuffix("/v1"),
        "content-type": "application/json",
        "accept": "text/event-stream",
        "user-agent": "logsieve",
    }


async def test_each_api_has_its_path_and_form() -> None:
    bodies = {}
    for api, path in ((OPENAI, "/v1/chat/completions"), (ANTHROPIC, "/v1/messages")):
        async with wire(sse(*api.text("fine"), *api.end())) as server:
            await ask(settings(server.url, api))
            await ask(settings(server.url.removesuffix("/v1"), api)) if api is ANTHROPIC else None
        assert {head.split("\r\n")[0] for head in server.heads} == {f"POST {path} HTTP/1.1"}
        bodies[api.provider] = json.loads(server.bodies[0])
    assert bodies["openai"] == {"model": "test-model", "stream": True, "messages": MESSAGES}
    assert bodies["anthropic"].pop("max_tokens") > 1000
    assert bodies["anthropic"] == {
        "model": "test-model",
        "stream": True,
        "system": MESSAGES[0]["content"],
        "messages": MESSAGES[1:],
    }


async def test_the_key_comes_from_the_named_variable(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", KEY)
    async with wire(sse(*api.text("fine"), *api.end())) as server:
        await ask(settings(server.url, api, keyVariable="ACME_KEY"))
    told = headers_of(server.heads[0])
    assert told["authorization" if api is OPENAI else "x-api-key"] == (f"Bearer {KEY}" if api is OPENAI else KEY)


async def test_a_makers_key_goes_to_the_maker_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    async with wire(sse(*api.text("fine"), *api.end())) as server:
        await ask(settings(server.url, api))
    assert KEY not in server.heads[0]
    async with wire(http("502 Bad Gateway", b"", Content_Length="0")) as proxy:  # what goes to the maker goes there
        maker = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}[api.provider]
        with pytest.raises(errors.UnreachableError):
            await ask(settings(maker, api, proxy=proxy.url.removesuffix("/v1")))
    name = client._key_name(settings(maker, api).llm)
    assert name == {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}[api.provider]


async def test_further_headers_and_the_organisation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY", "Bearer s3cr3t")
    headers = ("X-Team: build farm", "Proxy-Authorization: ${GATEWAY}")
    async with wire(sse(*OPENAI.text("fine"), *OPENAI.end())) as server:
        await ask(settings(server.url, headers=headers, organisation="org-1"))
    told = headers_of(server.heads[0])
    wanted = {"x-team": "build farm", "proxy-authorization": "Bearer s3cr3t", "openai-organization": "org-1"}
    assert wanted.items() <= told.items()


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("no header", "is no header"),
        ("X-A: b\r\nX-B: c", "is no header"),
        ("Authorization: Bearer abc", "no business of a settings file"),
        ("api-key: abc", "no business of a settings file"),
        ("X-A: ${NOT_SET_HERE}", "NOT_SET_HERE is not set"),
    ],
)
def test_a_header_that_is_none_or_holds_a_secret_is_refused(header: str, says: str) -> None:
    assert says in str(client.problem(settings("https://models.example/v1", headers=(header,)).llm))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"endpoint": ""}, "Set logsieve.llm.endpoint"),
        ({"endpoint": "localhost:11434"}, "no base URL"),
        ({"endpoint": "http://["}, "no base URL"),
        ({"endpoint": "ftp://host/v1"}, "no base URL"),
        ({"endpoint": "https://user:pw@host/v1"}, "holds more than an address"),
        ({"model": ""}, "Set logsieve.llm.model"),
        ({"proxy": "http://user:pw@proxy:3128"}, "HTTPS_PROXY"),
        ({"proxy": "proxy:3128"}, "no plain URL of a proxy"),
    ],
)
async def test_what_is_not_configured_is_said_with_what_to_do(change: dict[str, str], says: str) -> None:
    to = settings("http://127.0.0.1:1/v1", OPENAI, **change)
    assert says in str(client.problem(to.llm))
    with pytest.raises(errors.NotConfiguredError, match=says):
        await ask(to)


async def test_the_editors_own_models_answer_in_the_editor() -> None:
    to = settings("http://127.0.0.1:1/v1", provider="editor")
    assert "in VS Code only" in str(client.problem(to.llm))
    with pytest.raises(errors.NotConfiguredError, match="in VS Code only"):
        await explain.run("{}", to, lambda _: None)


async def test_a_key_never_crosses_a_network_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", KEY)
    with pytest.raises(errors.InsecureError, match=r"unencrypted to models\.example"):
        await ask(settings("http://models.example/v1", keyVariable="ACME_KEY"))


async def test_a_key_that_is_none_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "schlüssel\nwith a line end")
    with pytest.raises(errors.NotConfiguredError) as caught:
        await ask(settings("https://models.example/v1", keyVariable="ACME_KEY"))
    assert "schlüssel" not in str(caught.value)


# Statuses


async def test_no_server_is_unreachable(api: Api) -> None:
    async with wire() as server:
        pass
    with pytest.raises(errors.UnreachableError, match="Is the server running"):
        await ask(settings(server.url, api))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("401 Unauthorized", errors.UnauthorisedError),
        ("403 Forbidden", errors.UnauthorisedError),
        ("404 Not Found", errors.UnknownModelError),
        ("429 Too Many Requests", errors.RateLimitedError),
        ("500 Internal Server Error", errors.ServerError),
        ("503 Service Unavailable", errors.ServerError),
        ("529 Overloaded", errors.ServerError),
        ("400 Bad Request", errors.RejectedError),
        ("413 Payload Too Large", errors.TooLongError),
    ],
)
async def test_an_error_status_has_its_error_and_the_endpoints_words(
    api: Api, status: str, error: type[Exception]
) -> None:
    body = json.dumps({"error": {"message": "not\x1b[31m like\nthis"}}).encode()
    async with wire(http(status, body, retry_after_ms="1")) as server:
        with pytest.raises(error, match=r"not \[31m like this") as caught:
            await ask(settings(server.url, api))
    assert type(caught.value) is error
    again = status[:3] in ("429", "500", "503", "529")  # where another try can help
    assert len(server.requests) == (1 + client.RETRIES if again else 1)
    assert len(set(server.bodies)) == 1


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"])
async def test_what_fails_once_is_tried_again_and_the_user_is_told(api: Api, status: str) -> None:
    failed = http(status, b'{"error": {"message": "busy"}}', Retry_After="1")
    notes: list[str] = []
    async with wire(turns=[failed, sse(*api.text("fine"), *api.end())]) as server:
        assert await ask(settings(server.url, api), notes.append) == "fine"
    assert len(server.requests) == 2
    assert [note.partition(": ")[2] for note in notes] == ["trying again in 1 s (1 of 3)."]


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "in a while"}, 4),
        ({"retry-after": "-3"}, 4),
        ({}, 4),
    ],
)
def test_how_long_to_wait(after: dict[str, str], seconds: float) -> None:
    from httpx2 import Headers

    assert client._wait(Headers(after), 2) == seconds


def test_retry_after_may_be_a_date() -> None:
    from httpx2 import Headers

    assert client._wait(Headers({"retry-after": formatdate(time() - 100, usegmt=True)}), 0) == 0
    assert 3000 < client._wait(Headers({"retry-after": formatdate(time() + 3600, usegmt=True)}), 0) <= 3600


@pytest.mark.parametrize(
    ("message", "after", "says"),
    [("busy", "3600", "It asks to wait for 3,600 s."), ("You exceeded your current quota", "1", "quota")],
)
async def test_what_no_wait_helps_is_not_tried_again(message: str, after: str, says: str) -> None:
    body = json.dumps({"error": {"message": message}}).encode()
    async with wire(http("429 Too Many Requests", body, Retry_After=after)) as server:
        with pytest.raises(errors.RateLimitedError, match=says):
            await ask(settings(server.url))
    assert len(server.requests) == 1


async def test_an_error_never_repeats_the_key_or_a_header(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", KEY)
    monkeypatch.setenv("GATEWAY", "s3cr3t-of-the-gateway")
    body = json.dumps({"error": {"message": f"Incorrect: {KEY} s3cr3t-of-the-gateway"}}).encode()
    async with wire(http("401 Unauthorized", body)) as server:
        with pytest.raises(errors.UnauthorisedError) as caught:
            await ask(settings(server.url, api, keyVariable="ACME_KEY", headers=("X-Gateway-Token: ${GATEWAY}",)))
    assert KEY not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert "ACME_KEY" in str(caught.value)


async def test_whoever_has_no_key_is_told_where_it_goes() -> None:
    async with wire(http("401 Unauthorized", b"{}")) as server:
        with pytest.raises(errors.UnauthorisedError, match=r"logsieve\.llm\.keyVariable"):
            await ask(settings(server.url))
        with pytest.raises(errors.UnauthorisedError, match="logsieve keys set ACME_KEY"):
            await ask(settings(server.url, keyVariable="ACME_KEY"))


async def test_a_redirect_is_not_followed(api: Api) -> None:
    with serve("ok") as elsewhere:
        redirect = http("307 Temporary Redirect", b"", Location=f"{elsewhere.url}/chat/completions")
        async with wire(redirect) as server:
            with pytest.raises(errors.RejectedError, match="redirects to"):
                await ask(settings(server.url, api))
    assert not elsewhere.received


# Answers


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (http("200 OK", b"<html>Sign in</html>", Content_Type="text/html; charset=utf-8"), "text/html"),
        (http("200 OK", json.dumps({"choices": []}).encode()), "application/json"),
        (sse(b"{this is no JSON"), "no JSON"),
        (sse(b"\xff\xfe"), "no JSON"),
        (sse(b"[1, 2]"), "something else"),
        (sse(b'{"object": "list"}'), "no chunk|no event"),
    ],
)
async def test_what_is_no_stream_of_the_api_is_a_bad_answer(api: Api, answer: bytes, says: str) -> None:
    async with wire(answer) as server:
        with pytest.raises(errors.BadAnswerError, match=says):
            await ask(settings(server.url, api))


async def test_garbage_from_the_test_endpoint_is_a_bad_answer() -> None:
    with serve("garbage") as endpoint, pytest.raises(errors.BadAnswerError):
        await ask(settings(endpoint.url))


async def test_an_error_inside_the_stream_is_told(api: Api) -> None:
    async with wire(sse(*api.text("so far"), api.error("out of memory"))) as server:
        with pytest.raises(errors.ServerError, match="reports: out of memory") as caught:
            await ask(settings(server.url, api))
    assert caught.value.partial == "so far"


@pytest.mark.parametrize("how", ["connection", "no end", "token limit"])
async def test_an_answer_that_ends_in_the_middle_is_cut_off(api: Api, how: str) -> None:
    truncated = {
        "connection": sse(*api.text("so far"), length=10_000),
        "no end": sse(*api.text("so far")),
        "token limit": sse(*api.text("so far"), *api.end("length")),
    }
    async with wire(truncated[how]) as server:
        with pytest.raises(errors.CutOffError) as caught:
            await ask(settings(server.url, api))
    assert caught.value.partial == "so far"


async def test_a_cut_stream_of_the_test_endpoint_keeps_what_came() -> None:
    text = "twelve chars, and then some more of it"
    with serve("cut", text) as endpoint, pytest.raises(errors.CutOffError) as caught:
        await ask(settings(endpoint.url))
    assert caught.value.partial == "twelve chars, and then s"


@pytest.mark.parametrize("text", ["", None, " \n"])
async def test_an_answer_without_text_is_empty(api: Api, text: str | None) -> None:
    async with wire(sse(*api.text(text), *api.end())) as server:
        with pytest.raises(errors.EmptyAnswerError):
            await ask(settings(server.url, api))


async def test_an_answer_is_whole_without_the_final_done_and_with_usage() -> None:
    async with wire(sse(*OPENAI.text("all of it"), *OPENAI.end(), {"choices": [], "usage": {}})) as server:
        assert await ask(settings(server.url)) == "all of it"


async def test_a_whole_answer_stays_whole_however_its_connection_ends(api: Api) -> None:
    async with wire(sse(*api.text("all"), *api.text(" of it"), *api.end(), length=10_000)) as server:
        assert await ask(settings(server.url, api)) == "all of it"


async def test_events_of_kinds_that_are_new_are_passed_over() -> None:
    new: list[Any] = [{"type": "message_start", "message": {}}, {"type": "surprise", "delta": 1}]
    async with wire(sse(*new, *ANTHROPIC.text("fine"), *ANTHROPIC.end())) as server:
        assert await ask(settings(server.url, ANTHROPIC)) == "fine"


# Time, and leaving


async def test_silence_before_the_answer_ends_at_the_timeout(api: Api) -> None:
    async with wire(None) as server:
        with pytest.raises(errors.NoAnswerError, match="within 1 s"):
            await ask(settings(server.url, api, timeout=1))
        await asyncio.wait_for(server.left.wait(), 20)


async def test_silence_in_the_answer_ends_at_the_timeout_even_with_comments(api: Api) -> None:
    head = sse(*api.text("so far"), length=10_000)
    async with wire(head, b": still thinking\n\n", None) as server:
        with pytest.raises(errors.NoAnswerError) as caught:
            await ask(settings(server.url, api, timeout=1))
        await asyncio.wait_for(server.left.wait(), 20)
    assert caught.value.partial == "so far"


async def test_a_slow_answer_comes_piece_by_piece() -> None:
    with serve("slow", "twelve chars, and some more") as endpoint:
        to, pieces = settings(endpoint.url), asyncio.Queue[str]()
        task = asyncio.create_task(explain.run(payload_of(to), to, pieces.put_nowait))
        for wanted in ("twelve ", "chars, and some ", "more"):  # whole words
            assert pieces.empty()
            endpoint.step.release()
            assert await asyncio.wait_for(pieces.get(), 20) == wanted
        assert (await task).text == "twelve chars, and some more"


@pytest.mark.parametrize("what", ["text", "arguments"])
async def test_an_endless_answer_is_stopped(api: Api, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST", 1000)
    flood = "blah " * 50
    many = [
        e for n in range(20) for e in (api.text(flood) if what == "text" else api.calls(("id", "lines", flood * 9)))
    ]
    async with wire(sse(*many, length=10_000_000), None) as server:
        with pytest.raises(errors.NoAnswerError, match="keeps talking"):
            await ask(settings(server.url, api))
        await asyncio.wait_for(server.left.wait(), 20)


async def test_a_flood_of_tool_calls_is_stopped(api: Api) -> None:
    async with wire(sse(*api.calls(*(("id", "lines", "{}") for _ in range(40))), length=10_000_000), None) as server:
        with pytest.raises(errors.BadAnswerError, match="too many tool calls"):
            await ask(settings(server.url, api))
        await asyncio.wait_for(server.left.wait(), 20)


async def test_cancelling_closes_the_connection(api: Api) -> None:
    async with wire(sse(*api.text("so far"), length=10_000), None) as server:
        to = settings(server.url, api)
        begun = asyncio.Event()
        task = asyncio.create_task(explain.run(payload_of(to), to, lambda _: begun.set()))
        await asyncio.wait_for(begun.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 20)


async def test_cancelling_before_the_answer_closes_the_connection(api: Api) -> None:
    async with wire(None) as server:
        task = asyncio.create_task(ask(settings(server.url, api)))
        await asyncio.wait_for(server.arrived.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 20)


async def test_cancelling_while_waiting_for_another_try() -> None:
    told = asyncio.Event()
    async with wire(http("429 Too Many Requests", b"{}", Retry_After="50")) as server:
        task = asyncio.create_task(ask(settings(server.url), lambda _: told.set()))
        await asyncio.wait_for(told.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(server.requests) == 1


# The way there


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate of an authority of our own, and the file with the authority's."""
    ours = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ours.cert_pem.write_to_path(file)
    return context, file


async def test_a_certificate_of_nobody_known_is_refused(api: Api, authority: tuple[ssl.SSLContext, Path]) -> None:
    async with wire(sse(*api.text("fine"), *api.end()), secure=authority[0]) as server:
        with pytest.raises(errors.UntrustedError, match=r"logsieve\.llm\.certificates"):
            await ask(settings(server.url, api))
    assert server.requests == []


async def test_an_authority_of_ones_own_makes_it_good(api: Api, authority: tuple[ssl.SSLContext, Path]) -> None:
    async with wire(sse(*api.text("fine"), *api.end()), secure=authority[0]) as server:
        assert await ask(settings(server.url, api, certificates=str(authority[1]))) == "fine"


@pytest.mark.parametrize("text", [None, "no certificate"])
async def test_a_file_without_certificates_is_told(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "ca.pem"
    if text:
        file.write_text(text)
    with pytest.raises(errors.NotConfiguredError, match="holds no certificates"):
        await ask(settings("https://127.0.0.1:1/v1", certificates=str(file)))


async def test_a_proxy_gets_the_request_as_it_is(api: Api) -> None:
    async with wire(sse(*api.text("fine"), *api.end())) as proxy:
        to = settings("http://models.example:8080/v1", api, proxy=proxy.url.removesuffix("/v1"))
        assert await ask(to) == "fine"
    assert proxy.heads[0].startswith("POST http://models.example:8080/v1/")
    assert proxy.bodies == [payload_of(to).encode()]


async def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        wire(sse(*api.text("by proxy"), *api.end())) as proxy,
        wire(sse(*api.text("here"), *api.end())) as server,
    ):
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        assert await ask(settings("http://models.example/v1", api)) == "by proxy"
        assert await ask(settings(server.url, api)) == "here"
        assert await ask(settings(server.url, api, proxy=proxy.url.removesuffix("/v1"))) == "here"
    assert len(proxy.requests) == 1


async def test_the_key_is_in_no_log(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ACME_KEY", KEY)
    caplog.set_level(0)
    async with wire(turns=[sse(*api.text("fine"), *api.end()), http("401 Unauthorized", b"{}")]) as server:
        await ask(settings(server.url, api, keyVariable="ACME_KEY"))
        with pytest.raises(errors.UnauthorisedError):
            await ask(settings(server.url, api, keyVariable="ACME_KEY"))
    assert KEY not in caplog.text
