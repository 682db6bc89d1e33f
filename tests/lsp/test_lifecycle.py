"""From start to exit, over real pipes and a real socket."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp.client import EVERYTHING, Client, ServerError, running, span

LOG = "ok\nerror: boom\n"
URI = "untitled:Untitled-1"


async def test_greeting_announces_what_is_served(client: Client) -> None:
    result = await client.initialize()
    assert result["serverInfo"]["name"] == "logsieve"
    capabilities = result["capabilities"]
    assert capabilities["textDocumentSync"] == {"openClose": True, "change": 2, "save": False}
    assert capabilities["workspace"]["textDocumentContent"] == {"schemes": ["logsieve"]}
    for provider in ("hover", "definition", "documentSymbol", "foldingRange", "codeAction"):
        assert capabilities[f"{provider}Provider"]
    assert await client.shut_down() == 0
    assert client.errors == ""


async def test_leaving_without_goodbye_is_an_error(server: Client) -> None:
    server.notify("exit")
    assert await server.ended() == 1


async def test_a_client_that_vanishes_ends_the_server(server: Client) -> None:
    server.open(URI, LOG)
    await server.diagnostics(URI)
    assert server.process.stdin
    server.process.stdin.close()
    assert await server.ended() == 1


async def test_a_client_that_says_nothing_of_itself(client: Client) -> None:
    await client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    client.notify("initialized", {})
    client.open(URI, LOG)
    assert [d["range"]["start"]["line"] for d in await client.diagnostics(URI)] == [1]
    methods = {m["method"] for m in client.heard}
    assert methods <= {"textDocument/publishDiagnostics", "logsieve/status"}
    assert await client.shut_down() == 0


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(None, "utf-16"), (["utf-8", "utf-16"], "utf-8"), (["utf-32"], "utf-32"), (["utf-7"], "utf-16")],
)
async def test_the_position_encoding_is_the_first_both_know(
    client: Client, offered: list[str] | None, chosen: str
) -> None:
    result = await client.initialize({"general": {"positionEncodings": offered}} if offered else {})
    assert result["capabilities"]["positionEncoding"] == chosen


async def test_a_bad_request_is_answered_and_spoils_nothing(server: Client) -> None:
    server.open(URI, LOG)
    for method, params in (
        ("logsieve/noSuchThing", {}),
        ("logsieve/reduce", {"uri": "untitled:nothing"}),
        ("logsieve/reduce", {"uri": URI, "budget": 0}),
        ("logsieve/reduce", {"uri": URI, "finding": 99}),
        ("logsieve/reduce", {"uri": URI, "finding": -1}),
        ("workspace/textDocumentContent", {"uri": "logsieve://reduced/x.log"}),
        ("workspace/textDocumentContent", {"uri": "logsieve://reduced/x.log?uri=untitled%253Anothing&budget=100"}),
    ):
        with pytest.raises(ServerError):
            await server.request(method, params)
    assert len((await server.request("logsieve/findings", {"uri": URI}))["findings"]) == 1
    assert server.all_of("window/showMessage") == []
    assert await server.shut_down() == 0


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("logsieve/findings", {}),
        ("logsieve/reduce", None),
        ("logsieve/reduce", [1]),
        ("textDocument/hover", {"x": 1}),
        ("textDocument/hover", None),
        ("workspace/textDocumentContent", {}),
    ],
)
async def test_bad_parameters_are_answered_as_such(server: Client, method: str, params: Any) -> None:
    with pytest.raises(ServerError, match=method) as caught:
        await server.request(method, params)
    assert caught.value.code == -32602
    server.notify(method, params)  # without an id there is nobody to answer
    assert await server.shut_down() == 0


async def test_notifications_about_unknown_documents_are_harmless(server: Client) -> None:
    server.change("untitled:never-opened", 2, {"text": "x"})
    server.close("untitled:never-opened")
    server.notify("$/cancelRequest", {"id": 4711})
    server.open(URI, LOG)
    assert await server.diagnostics(URI)
    assert await server.shut_down() == 0
    assert server.errors == ""


async def test_the_front_does_without_the_engine() -> None:
    code = "import sys, logsieve.lsp.front; print([m for m in ('numpy', 'hyperscan', 're2') if m in sys.modules])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().strip() == "[]"


async def test_modules_in_the_current_folder_are_not_run(tmp_path: Path) -> None:
    for name in ("numpy.py", "logsieve.py", "hyperscan.py"):
        (tmp_path / name).write_text("raise SystemExit('run from the workspace')\n")
    async with running(cwd=tmp_path) as client:
        await client.initialize()
        client.open(URI, LOG)
        assert await client.diagnostics(URI)
        assert await client.shut_down() == 0


async def test_one_client_over_a_loopback_socket() -> None:
    command = (sys.executable, "-m", "logsieve", "lsp", "--tcp", "0")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr
    line = (await process.stderr.readline()).decode()
    found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
    assert found, line
    client = Client(process, *await asyncio.open_connection("127.0.0.1", int(found[1])))
    await client.initialize()
    client.open(URI, LOG)
    assert await client.diagnostics(URI)
    assert await client.shut_down() == 0


async def test_nothing_is_asked_before_the_greeting_is_answered(client: Client) -> None:
    await client.request("initialize", {"processId": None, "rootUri": None, "capabilities": EVERYTHING})
    assert client.heard == []
    assert await client.request("shutdown") is None  # without `initialized` nothing is asked at all
    assert client.heard == []


async def test_typing_goes_on_while_nothing_is_asked(server: Client) -> None:
    server.open(URI, LOG)
    for version in range(2, 200):
        server.change(URI, version, {"range": span(0, 0, 0, 0), "text": "x"})
    assert [d["range"]["start"]["line"] for d in await server.diagnostics(URI, 199)] == [1]
    found = await server.request("logsieve/reduce", {"uri": URI})
    assert found["text"].startswith("x" * 198 + "ok\n")


async def test_what_comes_out_of_turn_is_refused(client: Client) -> None:
    async def refusal(method: str, params: Any) -> int:
        with pytest.raises(ServerError) as caught:
            await client.request(method, params)
        return caught.value.code

    asked: dict[str, Any] = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    greeting: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    client.open(URI, LOG)  # nobody is there yet
    not_initialized, invalid_request = -32002, -32600
    assert await refusal("textDocument/hover", asked) == not_initialized
    assert await refusal("logsieve/reduce", {"uri": URI}) == not_initialized
    assert await refusal("shutdown", None) == not_initialized
    await client.initialize()
    assert await refusal("initialize", greeting) == invalid_request
    with pytest.raises(ServerError, match="neither an open document nor a file"):
        await client.request("logsieve/reduce", {"uri": URI})
    client.open(URI, LOG)
    assert len(await client.diagnostics(URI)) == 1
    await client.request("shutdown")
    assert await refusal("textDocument/hover", asked) == invalid_request
    assert await refusal("initialize", greeting) == invalid_request
    assert await refusal("shutdown", None) == invalid_request
    client.close(URI)
    client.notify("exit")
    assert await client.ended() == 0


async def test_who_leaves_before_the_greeting_may(client: Client) -> None:
    client.notify("exit")
    assert await client.ended() == 1
