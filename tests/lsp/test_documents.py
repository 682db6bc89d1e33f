"""Which documents are looked at, and that what is said about them stands where the client sees it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp.client import COMMANDS, EVERYTHING, Client, ServerError, running, span, within

URI = "untitled:Untitled-1"
LOG = "ok\nerror: boom\n"
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def width(text: str, encoding: str) -> int:
    codec, unit = UNITS[encoding]
    return len(text.encode(codec)) // unit


@pytest.mark.parametrize("encoding", UNITS)
async def test_columns_are_those_of_the_raw_line_in_the_clients_units(client: Client, encoding: str) -> None:
    await client.initialize({**EVERYTHING, "general": {"positionEncodings": [encoding]}})
    before, message, after = (
        "2024-05-01T10:00:00.0000000Z \x1b[31m",
        "error: 😀 e\u0301 \x1b[1mboom\x1b[22m 😀",
        "\x1b[0m",
    )
    client.open(URI, "2024-05-01T10:00:00.0000000Z fine 😀\n" * 9 + f"{before}{message}{after}\n")
    [found] = await client.diagnostics(URI)
    start = width(before, encoding)
    assert found["range"] == span(9, start, 9, start + width(message, encoding))


@pytest.mark.parametrize("encoding", UNITS)
async def test_edits_count_in_the_clients_units(client: Client, encoding: str) -> None:
    await client.initialize({**EVERYTHING, "general": {"positionEncodings": [encoding]}})
    client.open(URI, "😀 e\u0301rror: boom\n")
    at = width("😀 e", encoding)
    client.change(URI, 2, {"range": span(0, at, 0, at + width("\u0301", encoding)), "text": ""})
    [found] = await client.diagnostics(URI, 2)
    assert "boom" in found["message"]


@pytest.mark.parametrize(("name", "line"), [("Visual Studio Code", 3), ("Neovim", 1)])
async def test_a_lone_carriage_return_is_a_line_end_as_the_client_has_it(
    client: Client, name: str, line: int, tmp_path: Path
) -> None:
    await client.initialize(clientInfo={"name": name})
    log = "start\n 1%\r 50%\rerror: boom\nend\n"
    client.open(URI, log)
    [found] = await client.diagnostics(URI)
    column = 0 if line == 3 else len(" 1%\r 50%\r")
    assert found["range"] == span(line, column, line, column + len("error: boom"))
    hover = await client.request("textDocument/hover", position(URI, line))
    assert hover
    # The same in a file that is not open, which an editor would split in the same way.
    file = tmp_path / "build.log"
    file.write_bytes(log.encode())
    view = (await client.request("logsieve/reducedView", {"uri": file.as_uri()}))["uri"]
    text = (await client.request("workspace/textDocumentContent", {"uri": view}))["text"]
    shown = next(i for i, row in enumerate(text.split("\n")) if "boom" in row)
    place = await client.request("textDocument/definition", position(view, shown))
    assert place["range"]["start"] == {"line": line, "character": column}


def position(uri: str, line: int, character: int = 0) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


async def test_form_feed_and_line_separators_end_no_line(server: Client) -> None:
    server.open(URI, "a\x0cb\u2028c\u2029d\x85e\x0bf\nerror: boom\n")
    assert [d["range"]["start"]["line"] for d in await server.diagnostics(URI)] == [1]
    server.change(URI, 2, {"range": span(1, 7, 1, 11), "text": "bang"})
    assert "bang" in (await server.diagnostics(URI, 2))[0]["message"]


@pytest.mark.parametrize(
    ("language", "text", "rule", "spoken_of"),
    [
        ("log", "Dear Ann,\nthank you.\nerror: none\n", "never", True),
        ("plaintext", LOG, "recognised", True),
        ("text", LOG, "recognised", True),
        ("plaintext", LOG, "never", False),
        ("plaintext", "Dear Ann,\nthank you.\n", "recognised", False),
        ("plaintext", "Dear Ann,\nthank you.\n", "always", True),
    ],
)
async def test_plain_text_is_looked_at_as_the_user_has_set(
    client: Client, language: str, text: str, rule: str, spoken_of: bool
) -> None:
    client.settings = {"plaintext": rule}
    await client.initialize(initializationOptions={"settings": client.settings, "commands": COMMANDS})
    client.open(URI, text, language)
    found = await client.diagnostics(URI)
    actions = await client.request(
        "textDocument/codeAction",
        {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": {"diagnostics": []}},
    )
    assert bool(actions) is spoken_of
    assert bool(found) is (spoken_of and text == LOG)
    # Whoever asks by hand gets an answer in any case.
    assert (await client.request("logsieve/reduce", {"uri": URI}))["text"].startswith(text.split("\n", maxsplit=1)[0])


async def test_a_pack_that_quotes_a_log_is_none(server: Client) -> None:
    server.open("file:///packs/mine.toml", LOG, "plaintext")
    assert await server.diagnostics("file:///packs/mine.toml") == []


async def test_diagnostics_are_capped_by_importance(client: Client) -> None:
    log = "".join(f"warning: thing {c} is old\nerror: {c * 3} broke\n" for c in "abcdefgh")
    client.settings = {"diagnostics": {"max": 3}}
    await client.initialize()
    client.open(URI, log)
    await client.settled(URI)
    await client.wait_for("textDocument/publishDiagnostics", lambda p: len(p["diagnostics"]) == 3)
    found = client.all_of("textDocument/publishDiagnostics")[-1]["diagnostics"]
    assert [d["severity"] for d in found] == [1, 1, 1]


@pytest.mark.parametrize(("minimum", "severities"), [("error", {1}), ("warning", {1, 2})])
async def test_what_is_less_severe_than_wanted_is_not_shown(client: Client, minimum: str, severities: set[int]) -> None:
    client.settings = {"diagnostics": {"minimum": minimum}}
    await client.initialize(initializationOptions={"settings": client.settings})
    client.open(URI, "warning: old\nerror: boom\n")
    assert {d["severity"] for d in await client.diagnostics(URI)} == severities


async def test_the_root_cause_is_published_first(server: Client, fixtures: Path) -> None:
    log = fixtures / "pytest" / "colour-two-failures" / "log.txt"
    server.open(log.as_uri(), log.read_bytes().decode())
    found = await server.diagnostics(log.as_uri())
    assert found[0]["range"]["start"]["line"] == 190  # line 191 in expected.toml
    assert found[0]["severity"] == 1
    assert found[0]["source"] == "logsieve"
    assert found[0]["code"].startswith("pytest/")
    assert found[0]["data"] == {"index": 0}


@pytest.mark.parametrize("name", ["Neovim", "Visual Studio Code"])
async def test_the_end_of_a_long_log_is_published_before_the_whole(client: Client, name: str) -> None:
    await client.initialize(clientInfo={"name": name})
    middle = "".join(f"10%\r20%\rstep {chr(97 + n % 26) * (n % 60)} {n}\n" for n in range(60_000))
    text = f"error: cannot open the first door\n{middle}error: cannot open the last door\n"
    client.open(URI, text)
    await client.settled(URI)
    early, whole = client.all_of("textDocument/publishDiagnostics")
    last = text.count("\n") - 1 + (text.count("\r") if name != "Neovim" else 0)
    assert [(d["range"]["start"]["line"], d.get("data")) for d in early["diagnostics"]] == [(last, None)]
    assert sorted(d["range"]["start"]["line"] for d in whole["diagnostics"]) == [0, last]
    assert all("index" in d["data"] for d in whole["diagnostics"])


async def test_closing_takes_the_diagnostics_back(server: Client) -> None:
    server.open(URI, LOG)
    assert await server.diagnostics(URI)
    server.close(URI)
    await server.wait_for("textDocument/publishDiagnostics", lambda p: p["uri"] == URI and p["diagnostics"] == [])
    with pytest.raises(ServerError, match="neither an open document nor a file"):
        await server.request("logsieve/findings", {"uri": URI})


async def test_closing_at_once_leaves_nothing_behind(server: Client) -> None:
    server.open(URI, LOG * 50_000)
    server.close(URI)
    server.open("untitled:other", LOG)
    await server.settled("untitled:other")
    published = [p for p in server.all_of("textDocument/publishDiagnostics") if p["uri"] == URI]
    assert published[-1]["diagnostics"] == []


async def test_views_are_not_logs(server: Client) -> None:
    view = "logsieve://reduced/x.reduced.log?uri=untitled%253AUntitled-1&budget=4000"
    server.open(view, LOG)
    server.open(URI, LOG)
    await server.settled(URI)
    assert all(p["uri"] == URI for p in server.all_of("textDocument/publishDiagnostics"))
    server.close(view)
    assert await server.shut_down() == 0


# Cancellation and death, with the worker stopped so that it is certainly at work


def worker_of(client: Client) -> int:
    """The process id of a server's worker."""
    [child] = Path(f"/proc/{client.process.pid}/task/{client.process.pid}/children").read_text().split()
    return int(child)


async def taken(client: Client) -> None:
    """Wait until the front has read all that was sent; it answers this by itself."""
    assert await client.request("logsieve/consent", {}) == {"endpoints": []}


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="finds the worker's process in /proc")


@needs_proc
async def test_many_edits_are_published_once(server: Client) -> None:
    server.open(URI, LOG)
    await server.settled(URI)
    worker = worker_of(server)
    os.kill(worker, signal.SIGSTOP)  # the first of them is still being worked on when the others come
    for version in range(2, 102):
        server.change(URI, version, {"range": span(0, 0, 0, 0), "text": "more\n"})
    await taken(server)
    os.kill(worker, signal.SIGCONT)
    assert [d["range"]["start"]["line"] for d in await server.diagnostics(URI, 101)] == [101]
    await server.settled(URI, 101)
    assert [p["version"] for p in server.all_of("textDocument/publishDiagnostics")] == [1, 101]


@needs_proc
async def test_a_cancelled_request_is_answered_at_once(server: Client) -> None:
    server.open(URI, LOG)
    await server.settled(URI)
    os.kill(worker_of(server), signal.SIGSTOP)
    number, answer = server.start("logsieve/reduce", {"uri": URI})
    server.notify("$/cancelRequest", {"id": number})
    with pytest.raises(ServerError) as caught:
        await within(answer)
    assert caught.value.code == -32800
    os.kill(worker_of(server), signal.SIGCONT)
    assert "boom" in (await server.request("logsieve/reduce", {"uri": URI}))["text"]


@needs_proc
async def test_typing_does_not_wait_for_the_worker(server: Client) -> None:
    server.open(URI, LOG)
    await server.settled(URI)
    os.kill(worker_of(server), signal.SIGSTOP)
    for version in range(2, 12):
        server.change(URI, version, {"range": span(0, 0, 0, 0), "text": "x\n"})
    await taken(server)
    os.kill(worker_of(server), signal.SIGCONT)
    assert [d["range"]["start"]["line"] for d in await server.diagnostics(URI, 11)] == [11]


@needs_proc
async def test_a_killed_worker_costs_a_message_and_nothing_else(server: Client) -> None:
    server.open(URI, LOG)
    server.change(URI, 2, {"range": span(0, 0, 0, 0), "text": "one more line\n"})
    await server.settled(URI, 2)
    for expected_messages in (1, 1):  # the user is told once, however often it happens
        worker = worker_of(server)
        os.kill(worker, signal.SIGSTOP)
        _, answer = server.start("logsieve/reduce", {"uri": URI})
        await taken(server)
        os.kill(worker, signal.SIGKILL)
        assert (await within(answer))["text"].startswith("one more line\nok\nerror: boom")
        told = [m for m in server.all_of("window/showMessage") if "started again" in m["message"]]
        assert len(told) == expected_messages
    assert "ended with code" in server.errors
    assert await server.shut_down() == 0


@needs_proc
async def test_a_worker_that_keeps_dying_is_left_alone_and_the_front_stays(server: Client) -> None:
    server.open(URI, LOG)
    await server.settled(URI)
    for _ in range(3):
        died = server.errors.count("ended with code")
        os.kill(worker_of(server), signal.SIGKILL)
        if died < 2:
            await server.request("logsieve/findings", {"uri": URI})  # answered by the next worker
    await server.wait_for("window/showMessage", lambda p: "is not started again" in p["message"])
    with pytest.raises(ServerError, match="analysis process has stopped"):
        await server.request("logsieve/reduce", {"uri": URI})
    assert await server.request("textDocument/foldingRange", {"textDocument": {"uri": URI}}) in ([], None)
    server.change(URI, 2, {"text": "x\n"})
    assert await server.shut_down() == 0


@needs_proc
async def test_the_worker_ends_with_the_front() -> None:
    async with running() as client:
        await client.initialize()
        client.open(URI, LOG)
        await client.settled(URI)
        worker = worker_of(client)
        descriptor = os.pidfd_open(worker)
        client.process.kill()
        await client.ended()
        os.set_blocking(descriptor, False)
        assert await ended(descriptor)


async def ended(descriptor: int) -> bool:
    """Whether the process behind a pidfd ends; waits for it."""
    import asyncio
    import select

    def wait() -> bool:
        return bool(select.select([descriptor], [], [], 60)[0])

    try:
        return await asyncio.to_thread(wait)
    finally:
        os.close(descriptor)
