"""Clients that are odd, broken or hostile: each request is answered, nothing goes wrong inside, and others go on."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from lsp.client import ANSWER, EVERYTHING, PULLING, Client, ServerError, frame, running, span, within
from lsp.test_documents import needs_proc, worker_of
from lsp.test_faults import LOUDLY, QUIETLY

URI = "untitled:Untitled-1"
DOCUMENT = {"textDocument": {"uri": URI}}
LOG = "ok\n2024-05-01T10:00:00Z 😀 error: boom\rerror: bang\n" + "Downloading a-1.0.whl (3 kB)\n" * 6
MOST = 2**31 - 1  # what the protocol has for a number
REFUSED = {-32602, -32803, -32601, -32600}  # with a reason, none of which is that we have failed


async def refused(client: Client, method: str, params: Any) -> int:
    """Ask, whatever comes of it but a failure of ours; the code of a refusal, 0 for an answer."""
    code = 0
    try:
        await client.request(method, params)
    except ServerError as error:
        code = error.code
    assert code in {0, *REFUSED}, f"{method} {params}"
    return code


async def is_well(client: Client) -> None:
    """Nothing went wrong, and the server is there for the next one."""
    client.open("untitled:next", "error: next\n")
    [found] = (await client.request("logsieve/findings", {"uri": "untitled:next"}))["findings"]
    assert found["title"] == "next"
    assert client.all_of("window/showMessage") == []
    assert await client.shut_down() == 0
    assert "Traceback" not in client.errors


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_positions_and_ranges_that_are_nowhere(client: Client, encoding: str) -> None:
    await client.initialize({**PULLING, "general": {"positionEncodings": [encoding]}})
    client.open(URI, LOG)
    everywhere = {"context": {"includeDeclaration": True, "diagnostics": []}}
    places: list[tuple[Any, Any]] = [(MOST, MOST), (0, MOST), (MOST, 0), (1, 22), (1, 23), (2, 5), (10**30, 0)]
    for place in [*places, (-1, -1), (1.5, 0), ("1", 0), (None, None)]:
        position = {"line": place[0], "character": place[1]}
        first = {"line": 0, "character": 0}
        for method in ("hover", "definition", "references", "documentHighlight"):
            await refused(client, f"textDocument/{method}", {**DOCUMENT, **everywhere, "position": position})
        for method in ("inlayHint", "semanticTokens/range", "codeAction"):
            for chosen in ({"start": first, "end": position}, {"start": position, "end": first}):
                await refused(client, f"textDocument/{method}", {**DOCUMENT, **everywhere, "range": chosen})
        for method, params in (
            ("locate", {"line": place[0]}),
            ("failure", {"line": place[0], "step": 1}),
            ("search", {"line": place[0]}),
            ("reduce", {"finding": place[0]}),
        ):
            await refused(client, f"logsieve/{method}", {"uri": URI, **params})
    await is_well(client)


async def test_edits_that_are_nowhere_and_versions_that_go_backwards(server: Client) -> None:
    async def text() -> str:
        found = await server.request("logsieve/reduce", {"uri": URI, "budget": 1000})
        return str(found["text"])

    server.open(URI, "error: never seen\n", version=7)
    server.open(URI, "one\nerror: two\n", version=-5)  # again: it is this text now
    assert await text() == "one\nerror: two\n"
    server.change(URI, 3, {"range": span(0, MOST, 0, MOST), "text": "!"})
    server.change(URI, 2, {"range": span(MOST, MOST, MOST, MOST), "text": "end\n"})
    server.change(URI, 2, {"range": span(0, 0, 0, 0), "rangeLength": 77, "text": "at "})
    server.change(URI, 0)
    assert await text() == "at one!\nerror: two\nend\n"
    server.change(URI, 1, {"range": span(1, 0, 0, 0), "text": ""})  # from behind: whatever it is, it is no crash
    server.change(URI, 1, *({"text": f"error: {n}\n"} for n in range(1000)), {"text": "error: last\n"})
    assert await text() == "error: last\n"
    server.close(URI)
    server.close(URI)
    server.change(URI, 9, {"text": "x"})
    assert await refused(server, "logsieve/reduce", {"uri": URI})
    await is_well(server)


ODD = [
    "",
    "x",
    "file:",
    "file:///%00",
    "file:///a%00b.log",
    "file:///\x00",
    "file:///%zz",
    "file:///\ud800.log",
    "untitled:\ud800",
    "file://server/share/x.log",
    "file:///C:/x.log",
    "file:///c%3A/x.log",
    "file://[::1",
    "file://[bad]/x",
    "file:\\\\a\\b",
    "//x",
    "http://x/y",
    "x" * 100_000,
    "file:///" + "a" * 5000,
    "file:///" + "a/" * 5000,
    "file:///dev/stdin",
    "file:///x.zip%21/..%2f..%2fetc%2fpasswd",
    "logsieve:",
    "logsieve://[bad?uri=x",
    "logsieve://reduced/x?uri=",
    "logsieve://reduced/x?uri=%2500&budget=5",
    "logsieve://reduced/x?uri=logsieve%3A%2F%2Freduced&budget=10",
    "logsieve://window/x?uri=file:///&start=0",
    "logsieve://window/x?uri=file:///x&start=99999999999999",
]


async def test_documents_of_any_name(client: Client) -> None:
    await client.initialize(PULLING)
    for uri in ODD:
        for opened in (False, True):
            if opened:
                client.open(uri, LOG)
            for method in LOUDLY | {"workspace/textDocumentContent": 0, "logsieve/view": 0}:
                await refused(client, method, {"uri": uri})
            for method, line in (("logsieve/expand", 0), ("logsieve/locate", 0)):
                await refused(client, method, {"uri": uri, "line": line})
            for method, params in QUIETLY.items():
                await refused(client, method, {**params, "textDocument": {"uri": uri}})
            rule = {"command": "logsieve.notAnError", "arguments": [uri, 0]}  # of which nothing was found
            assert await refused(client, "workspace/executeCommand", rule)
            client.change(uri, 2, {"text": LOG})
            client.close(uri)
    folders = [{"uri": uri, "name": "odd"} for uri in ODD]
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 1} for uri in ODD]})
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": folders, "removed": []}})
    client.settings = {"diagnostics": {"minimum": "error"}}  # which reach the worker all the same
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    client.open(URI, "warning: old\nerror: boom\n")
    async with asyncio.timeout(ANSWER):
        while [d["severity"] for d in (await client.pull(URI))["items"]] != [1]:
            pass
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": folders}})
    await is_well(client)


async def test_half_a_character(server: Client) -> None:
    server.open(URI, "error: \ud83d boom\n")  # as a client may send that cuts a text within one
    server.change(URI, 2, {"range": span(0, 0, 0, 0), "text": "\udc00\n"})
    [found] = (await server.request("logsieve/findings", {"uri": URI}))["findings"]
    assert found["line"] == 1
    for method, params in (
        ("logsieve/search", {"uri": URI, "text": "\ud800"}),
        ("workspace/symbol", {"query": "\ud800"}),
    ):
        assert await refused(server, method, params) == 0
    await is_well(server)


async def test_numbers_of_requests_are_the_clients(server: Client) -> None:
    server.open(URI, "error: boom\n")
    for number in ("a", "", 0, -1, "1", 2**63, "\ud800"):
        assert (await within(server.start("logsieve/findings", {"uri": URI}, number)[1]))["findings"]
    for answer in ({"result": None}, {"error": {"code": 1, "message": "x"}}, {}, {"error": None}, {"error": 5}):
        server.writer.write(frame({"id": "of nobody", **answer}))
    for method in ("$/unknown", "initialized", "textDocument/didOpen", "", "window/showMessage"):
        assert await refused(server, method, {})  # whoever gives a number waits for an answer
    await is_well(server)


PARAMETERS: list[Any] = [None, {}, [], [1], "x", 5, {"textDocument": None}, {"textDocument": {"uri": 5}}, {"id": None}]
PARAMETERS += [{"id": {}}, {"token": "zz", "value": 5}, {"value": "verbose"}, {"event": None}, {"changes": [{}]}]


async def test_notifications_without_sense(server: Client) -> None:
    methods = ["didOpen", "didChange", "didClose", "didSave"]
    others = ["initialized", "exiting", "workspace/didRenameFiles", "workspace/didChangeWatchedFiles"]
    others += ["workspace/didChangeWorkspaceFolders", "window/workDoneProgress/cancel", "$/setTrace", "$/progress"]
    for method in [*(f"textDocument/{name}" for name in methods), *others, "$/cancelRequest"]:
        for params in PARAMETERS:
            server.notify(method, params)
    await is_well(server)


@pytest.mark.parametrize(
    "said",
    [
        {"workspaceFolders": [{"uri": "file://[::1", "name": "x"}, {"uri": "untitled:x", "name": ""}]},
        {"rootUri": "file://[::1"},
        {"initializationOptions": [1]},
        {"initializationOptions": {"settings": None, "commands": "x", "trusted": "yes", "buttons": 1, "numbers": None}},
        {"clientInfo": {"name": ""}},
        {"processId": 999_999_999},
        {"capabilities": {"general": {"positionEncodings": []}}},
        {"capabilities": {"textDocument": None, "workspace": None, "window": None, "odd": {}}},
        {"capabilities": {"textDocument": {"codeAction": None, "foldingRange": {"rangeLimit": 0}}}},
    ],
)
async def test_odd_greetings(client: Client, said: dict[str, Any]) -> None:
    greeting = {"processId": None, "rootUri": None, "capabilities": {}, **said}
    await within(client.start("initialize", greeting)[1])
    client.notify("initialized", {})
    client.open(URI, LOG)
    assert await refused(client, "textDocument/foldingRange", DOCUMENT) == 0
    await is_well(client)


async def test_a_greeting_that_says_nothing_can_be_said_again(client: Client) -> None:
    for params in (None, {}, {"capabilities": None}, {"processId": "x", "capabilities": {}}):
        assert await refused(client, "initialize", params) == -32602
    await client.initialize()
    await is_well(client)


@pytest.mark.parametrize("answer", [None, [], [None], {}, 5, [[]], [{}, {}]])
async def test_settings_that_are_none(client: Client, answer: Any) -> None:
    client.answers["workspace/configuration"] = lambda _: answer
    await client.initialize()
    await client.wait_for("workspace/configuration")
    await is_well(client)


@pytest.mark.parametrize(("name", "line", "column"), [("Visual Studio Code", 2, 0), ("Neovim", 0, 8)])
async def test_a_text_whose_lines_all_end_with_a_carriage_return(
    client: Client, name: str, line: int, column: int
) -> None:
    await client.initialize(clientInfo={"name": name})
    client.open(URI, "one\rtwo\rerror: boom")  # as the screen has it, the last one is what is left
    client.change(URI, 2, {"range": span(line, column, line, column), "text": "!\r"})
    line, column = (line + 1, 0) if line else (0, column + len("!\r"))
    [found] = await client.diagnostics(URI, 2)
    assert found["range"] == span(line, column, line, column + len("error: boom"))
    await is_well(client)


@needs_proc
async def test_every_request_can_be_given_up(client: Client) -> None:
    await client.initialize(PULLING)
    client.open(URI, LOG)
    await client.settled(URI)
    view = (await client.request("logsieve/reducedView", {"uri": URI}))["uri"]
    asked = QUIETLY | LOUDLY
    asked |= {f"logsieve/{name}": {"uri": view, "line": 0} for name in ("expand", "locate", "view")}
    asked |= {
        "workspace/textDocumentContent": {"uri": view},
        "textDocument/semanticTokens/range": {**DOCUMENT, "range": span(0, 0, 9, 0)},
        "textDocument/documentLink": DOCUMENT,
        "logsieve/search": {"uri": URI, "text": "boom"},
        "logsieve/explainPreview": {"uri": URI},
        "logsieve/prompt": {"uri": URI, "vendor": "v", "model": "m"},
        "logsieve/tool": {"uri": URI, "tool": "triage", "path": "a.log"},
    }
    del asked["textDocument/diagnostic"]  # it is known: there is nothing to wait for
    os.kill(worker_of(client), signal.SIGSTOP)
    started = {method: client.start(method, params) for method, params in asked.items()}
    for number, _ in started.values():
        client.notify("$/cancelRequest", {"id": number})
    for method, (_, answer) in started.items():
        with pytest.raises(ServerError) as caught:
            await within(answer)
        assert caught.value.code == -32800, method
    os.kill(worker_of(client), signal.SIGCONT)
    await is_well(client)


@needs_proc
async def test_goodbye_in_the_midst_of_work() -> None:
    async with running() as client:
        await client.initialize(EVERYTHING)
        client.open(URI, LOG)
        await client.settled(URI)
        os.kill(worker_of(client), signal.SIGSTOP)
        answers = [client.start(method, params)[1] for method, params in (QUIETLY | LOUDLY).items()]
        assert await client.shut_down() == 0
        await asyncio.gather(*answers, return_exceptions=True)
