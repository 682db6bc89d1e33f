"""What agents and models of the editor get: tools, prompts and checks by the server; the client only carries them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from logsieve.tools import TOOLS
from lsp.client import Client, ServerError, running
from openai_server import serve

URI = "untitled:Untitled-1"
SECRET = "ghp_" + "a1B2c3D4" * 4 + "a1B2"
LOG = f"start\nusing token {SECRET}\nerror: the disk is full\nend\n"
MODEL = {"vendor": "copilot", "model": "copilot/small"}


async def greeted(client: Client, text: str = LOG) -> Client:
    await client.initialize(initializationOptions={"settings": client.settings})
    client.open(URI, text)
    return client


async def test_a_tool_answers_as_over_mcp_whatever_the_log_is_called(client: Client, tmp_path: Path) -> None:
    await greeted(client)
    about = {"uri": URI, "tool": "triage", "path": "logs/build.log"}
    answer = json.loads((await client.request("logsieve/tool", about))["answer"])
    (log,) = answer["logs"]
    assert (log["path"], log["verdict"], log["findings"][0]["line"]) == ("logs/build.log", "failed", 3)
    assert answer.keys() == TOOLS["triage"].gives["properties"].keys()
    assert SECRET not in json.dumps(answer)
    closed = tmp_path / "closed.log"
    closed.write_text(LOG)
    reduce = {"uri": closed.as_uri(), "tool": "reduce", "path": "closed.log", "finding": 1, "budget": 500}
    answer = json.loads((await client.request("logsieve/tool", reduce))["answer"])
    assert "3 | error: the disk is full" in answer["text"]
    assert answer["tokens"] <= 500


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"tool": "reduce", "finding": 9}, "no finding 9"),
        ({"tool": "triage", "finding": 1}, "has no finding"),
        ({"tool": "triage", "budget": 1}, "budget: expected"),
        ({"tool": "triage", "budget": 10**9}, "budget: expected"),
        ({"tool": "triage", "uri": "file:///nowhere/at.all"}, "nowhere"),
        ({"tool": "dance"}, "no parameters"),
    ],
)
async def test_a_tool_says_what_does_not_fit(client: Client, more: dict[str, Any], complaint: str) -> None:
    await greeted(client)
    with pytest.raises(ServerError, match=complaint):
        await client.request("logsieve/tool", {"uri": URI, "path": "a.log", **more})
    assert client.all_of("window/showMessage") == []


async def test_a_prompt_is_messages_about_the_log_and_then_what_the_user_says(client: Client) -> None:
    await greeted(client)
    turns = [{"role": "user", "content": f"Whose disk? And whose is {SECRET}?"}]
    shown = await client.request("logsieve/prompt", {"uri": URI, **MODEL, "turns": turns})
    assert (shown["endpoint"], shown["model"], shown["consented"]) == ("editor:copilot", "copilot/small", False)
    sent = json.loads(shown["payload"])
    assert [message["role"] for message in sent["messages"]] == ["user", "user", "user"]
    assert "the disk is full" in sent["messages"][1]["content"]
    assert sent["messages"][2]["content"] == "Whose disk? And whose is <secret:1>?"
    assert "using token <secret:1>" in sent["messages"][1]["content"]
    assert SECRET not in shown["payload"]
    assert shown["tokens"] > 0


async def test_a_small_model_gets_a_small_excerpt(client: Client) -> None:
    await greeted(client, "".join(f"a.c:{i}: error: unknown type name 'type_{i}'\n" for i in range(400)))
    large = await client.request("logsieve/prompt", {"uri": URI, **MODEL})
    small = await client.request("logsieve/prompt", {"uri": URI, **MODEL, "context": 3000})
    assert small["tokens"] < 3000 < large["tokens"]


async def test_consent_to_a_model_of_the_editor_is_remembered_and_taken_back(client: Client) -> None:
    await greeted(client)
    assert await client.request("logsieve/consent", {}) == {"endpoints": []}
    granted = await client.request("logsieve/consent", {"endpoint": "editor:copilot", "granted": True})
    assert granted == {"endpoints": ["editor:copilot"]}
    asked = {"uri": URI, **MODEL}
    async with running() as other:
        await greeted(other)
        assert (await other.request("logsieve/prompt", asked))["consented"]
        assert not (await other.request("logsieve/prompt", {**asked, "vendor": "elsewhere"}))["consented"]
    assert await client.request("logsieve/consent", {"endpoint": "editor:copilot"}) == {"endpoints": []}
    assert not (await client.request("logsieve/prompt", asked))["consented"]


async def test_consent_that_is_taken_back_is_asked_for_again(client: Client) -> None:
    with serve() as endpoint:
        client.settings = {"llm": {"endpoint": endpoint.url, "model": "test-model", "timeout": 30}}
        await greeted(client)
        shown = await client.request("logsieve/explainPreview", {"uri": URI})
        asked = {"uri": URI, "id": "one", "payload": shown["payload"], "consent": True}
        assert (await client.request("logsieve/explain", asked))["error"] is None
        await client.request("logsieve/consent", {"endpoint": endpoint.url})
        assert not (await client.request("logsieve/explainPreview", {"uri": URI}))["consented"]
        answer = await client.request("logsieve/explain", {**asked, "consent": False})
        assert "has not been agreed to" in answer["error"]
        assert len(endpoint.received) == 1


async def test_an_answer_is_checked_line_by_line_as_in_one_piece(client: Client) -> None:
    await greeted(client)
    lines = [
        "## Cause\n",
        "The disk is full, see L3.\n",
        "\n",
        "- L3: `error: the disk is full`\n",
        "- L2: `no such thing is said`\n",
    ]
    checked = [
        await client.request("logsieve/verify", {"uri": URI, "text": "".join(lines[:count])})
        for count in range(1, len(lines) + 1)
    ]
    for before, after in pairwise(checked):
        assert after["text"].startswith(before["text"])
    assert (checked[-1]["verified"], checked[-1]["unverified"]) == (2, 1)
    assert f"[L3]({URI}#L3)" in checked[-1]["text"]
    assert "not found in the log" in checked[-1]["text"]
