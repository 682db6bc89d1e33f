"""Explaining with a language model: nothing leaves without consent, and what leaves is what was shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lsp.client import Client, ServerError, running, within
from openai_server import Endpoint, serve
from wire import OPENAI, http, sse, wire

URI = "untitled:Untitled-1"
LOG = "start\nerror: the disk is full\nend\n"


async def greeted(client: Client, endpoint: str, model: str = "test-model") -> Client:
    client.settings = {"llm": {"endpoint": endpoint, "model": model, "timeout": 30}}
    await client.initialize(initializationOptions={"settings": client.settings})
    client.open(URI, LOG)
    return client


async def preview(client: Client, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await client.request("logsieve/explainPreview", {"uri": URI, **more})
    return found


def asked(payload: str, **more: Any) -> dict[str, Any]:
    return {"uri": URI, "id": "one", "consent": True, "payload": payload, **more}


@pytest.fixture
async def fresh() -> AsyncIterator[Client]:
    """Another server of the same user."""
    async with running() as client:
        yield client


async def test_what_is_shown_is_what_is_sent_and_the_answer_streams(client: Client) -> None:
    with serve() as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        assert (shown["endpoint"], shown["model"], shown["problem"]) == (endpoint.url, "test-model", None)
        assert not shown["consented"]
        assert "the disk is full" in shown["payload"]
        assert shown["tokens"] > 0
        assert endpoint.received == []
        answer = await client.request("logsieve/explain", asked(shown["payload"]))
        assert answer["error"] is None
        assert answer["verified"] >= 1
        assert answer["unverified"] == 0
        [received] = endpoint.received
        assert received.body.decode() == shown["payload"]
        chunks = client.all_of("logsieve/explainChunk")
        assert len(chunks) > 3
        assert {c["id"] for c in chunks} == {"one"}
        assert "## Cause" in "".join(c["text"] for c in chunks)


async def test_consent_is_remembered_for_the_endpoint(client: Client, fresh: Client) -> None:
    with serve() as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        assert (await client.request("logsieve/explain", asked(shown["payload"])))["error"] is None
        await greeted(fresh, endpoint.url)
        shown = await preview(fresh)
        assert shown["consented"]
        assert (await fresh.request("logsieve/explain", asked(shown["payload"], consent=False)))["error"] is None
        assert len(endpoint.received) == 2


async def test_consent_to_one_send_is_not_remembered(client: Client) -> None:
    with serve() as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        once = asked(shown["payload"], remember=False)
        assert (await client.request("logsieve/explain", once))["error"] is None
        assert not (await preview(client))["consented"]


async def test_nothing_is_sent_without_consent(client: Client) -> None:
    with serve() as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        answer = await client.request("logsieve/explain", asked(shown["payload"], consent=False))
        assert "has not been agreed to" in answer["error"]
        assert endpoint.received == []


async def test_nothing_is_sent_but_what_was_shown_last(client: Client) -> None:
    with serve() as endpoint, serve() as other:
        await greeted(client, endpoint.url)
        early = await client.request("logsieve/explain", asked("{}"))
        shown = await preview(client)
        changed = await client.request("logsieve/explain", asked(shown["payload"] + " "))
        client.settings["llm"]["endpoint"] = other.url
        heard = len(client.heard)
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        await client.wait_for("workspace/foldingRange/refresh", skip=heard)  # comes when the settings are in force
        elsewhere = await client.request("logsieve/explain", asked(shown["payload"]))
        for answer in (early, changed, elsewhere):
            assert "not the one that was shown last" in answer["error"]
        assert endpoint.received == other.received == []


async def test_what_is_not_set_up_is_said(client: Client) -> None:
    await greeted(client, "")
    shown = await preview(client)
    assert "logsieve.llm.endpoint" in shown["problem"]
    answer = await client.request("logsieve/explain", asked(shown["payload"]))
    assert "logsieve.llm.endpoint" in answer["error"]


async def test_a_finding_that_is_not_there(client: Client) -> None:
    await greeted(client, "http://127.0.0.1:9/v1")
    assert "the disk is full" in (await preview(client, finding=0))["payload"]
    with pytest.raises(ServerError, match="no finding 7"):
        await preview(client, finding=7)


@pytest.mark.parametrize("mode", ["500", "401", "garbage", "cut"])
async def test_an_endpoint_that_fails_is_an_error_in_words(client: Client, mode: Any) -> None:
    with serve(mode) as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        answer = await client.request("logsieve/explain", asked(shown["payload"]))
        assert answer["error"]
        assert client.all_of("window/showMessage") == []


async def test_quotes_that_are_not_in_the_log_are_counted_and_marked(client: Client) -> None:
    with serve("lies") as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        answer = await client.request("logsieve/explain", asked(shown["payload"]))
        assert answer["verified"] == 0
        assert answer["unverified"] >= 1
        assert "not found in the log" in answer["text"]


async def test_cancelling_stops_the_answer_and_the_server_goes_on(client: Client) -> None:
    with serve("stall") as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        number, answer = client.start("logsieve/explain", asked(shown["payload"]))
        await client.wait_for("logsieve/explainChunk")
        client.notify("$/cancelRequest", {"id": number})
        with pytest.raises(ServerError) as caught:
            await within(answer)
        assert caught.value.code == -32800
        assert await asyncio.to_thread(left, endpoint)
        assert (await preview(client))["payload"] == shown["payload"]
        assert await client.shut_down() == 0


def left(endpoint: Endpoint) -> bool:
    """Whether the client of an endpoint hangs up; waits for it."""
    return endpoint.gone.acquire(timeout=60)


async def test_consent_is_kept_in_the_users_own_folder(client: Client, private_folders: Path) -> None:
    with serve() as endpoint:
        await greeted(client, endpoint.url)
        shown = await preview(client)
        await client.request("logsieve/explain", asked(shown["payload"]))
        [file] = (private_folders / "data").rglob("consent.json")
        assert endpoint.url in json.dumps(json.loads(file.read_text()))


# Further lines, less, and where consent goes for


async def test_further_lines_are_told_while_they_go_and_with_the_answer(client: Client) -> None:
    calls = OPENAI.calls(("one", "lines", '{"a": 1, "b": 2}'))
    turns = [sse(*calls, *OPENAI.end("tools")), sse(*OPENAI.text("See L2."), *OPENAI.end())]
    async with wire(turns=turns) as server:
        await greeted(client, server.url)
        shown = await preview(client)
        assert "The model may ask for up to 4,000 tokens of further lines of this log" in shown["terms"]
        answer = await client.request("logsieve/explain", asked(shown["payload"]))
    assert answer["error"] is None
    assert answer["further"] == ["lines: L1-L2"]
    notes = client.all_of("logsieve/explainNote")
    assert notes == [{"id": "one", "text": "Sending what the model asks for: lines: L1-L2"}]
    assert server.bodies[0].decode() == shown["payload"]
    assert "1 | start\\n2 | error: the disk is full" in server.bodies[1].decode()


async def test_lines_of_a_log_that_has_changed_are_not_sent(client: Client) -> None:
    calls = OPENAI.calls(("one", "lines", '{"a": 1, "b": 2}'))
    turns = [sse(*calls, *OPENAI.end("tools")), sse(*OPENAI.text("So."), *OPENAI.end())]
    async with wire(turns=turns) as server:
        await greeted(client, server.url)
        shown = await preview(client)
        whole = {"text": "another: error: text\n"}
        document = {"uri": URI, "version": 2}
        client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [whole]})
        answer = await client.request("logsieve/explain", asked(shown["payload"]))
    assert answer["further"] == []
    assert "The log has changed" in server.bodies[1].decode()
    assert "another" not in server.bodies[1].decode()


async def test_an_endpoint_that_finds_it_too_long_gets_less_of_it(client: Client) -> None:
    too_long = http("400 Bad Request", b'{"error": {"message": "exceeds the context size"}}')
    async with wire(turns=[too_long, sse(*OPENAI.text("So."), *OPENAI.end())]) as server:
        await greeted(client, server.url)
        client.open("untitled:long", "".join(f"a.c:{i}: error: unknown type name 'type_{i}'\n" for i in range(400)))
        shown = await client.request("logsieve/explainPreview", {"uri": "untitled:long"})
        answer = await client.request("logsieve/explain", {**asked(shown["payload"]), "uri": "untitled:long"})
    assert answer["error"] is None
    assert len(server.bodies[1]) < len(server.bodies[0]) == len(shown["payload"].encode())
    assert "fewer of the lines shown" in client.all_of("logsieve/explainNote")[0]["text"]


async def test_consent_goes_for_the_workspace_of_the_log(client: Client, tmp_path: Path) -> None:
    logs = [tmp_path / name / "build.log" for name in ("here", "there")]
    for log in logs:
        log.parent.mkdir()
        log.write_text(LOG)
    folders = [{"uri": log.parent.as_uri(), "name": log.parent.name} for log in logs]
    with serve() as endpoint:
        client.settings = {"llm": {"endpoint": endpoint.url, "model": "test-model", "timeout": 30}}
        await client.initialize(initializationOptions={"settings": client.settings}, workspaceFolders=folders)
        first, second = ({"uri": log.as_uri()} for log in logs)
        shown = await client.request("logsieve/explainPreview", first)
        agreed = {**first, "id": "one", "consent": True, "payload": shown["payload"]}
        assert (await client.request("logsieve/explain", agreed))["error"] is None
        assert (await client.request("logsieve/explainPreview", first))["consented"]
        assert not (await client.request("logsieve/explainPreview", second))["consented"]


async def test_the_editors_own_models_are_not_asked_by_the_server(client: Client) -> None:
    client.settings = {"llm": {"provider": "editor"}}
    await client.initialize(initializationOptions={"settings": client.settings})
    client.open(URI, LOG)
    assert "in VS Code only" in (await preview(client))["problem"]
