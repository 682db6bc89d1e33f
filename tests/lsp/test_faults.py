"""What goes wrong around the server is answered, told at most once, and over when its cause is."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lsp.client import PULLING, Client, ServerError, running, span, within
from lsp.test_documents import needs_proc, taken, worker_of

URI = "untitled:Untitled-1"
LOG = "ok\nerror: boom\n"
DOCUMENT = {"textDocument": {"uri": URI}}
ERROR = {**DOCUMENT, "position": {"line": 1, "character": 1}}
# What is asked while the worker dies, of all kinds. Editors ask the first by themselves, users the others.
QUIETLY: dict[str, Any] = {
    "textDocument/diagnostic": DOCUMENT,
    "textDocument/foldingRange": DOCUMENT,
    "textDocument/documentSymbol": DOCUMENT,
    "textDocument/hover": ERROR,
    "textDocument/definition": ERROR,
    "textDocument/documentHighlight": ERROR,
    "textDocument/references": {**ERROR, "context": {"includeDeclaration": True}},
    "textDocument/semanticTokens/full": DOCUMENT,
    "textDocument/inlayHint": {**DOCUMENT, "range": span(0, 0, 9, 0)},
    "textDocument/codeAction": {**DOCUMENT, "range": span(0, 0, 9, 0), "context": {"diagnostics": []}},
    "workspace/symbol": {"query": ""},
}
LOUDLY: dict[str, Any] = {
    "logsieve/reduce": {"uri": URI},
    "logsieve/reducedView": {"uri": URI},
    "logsieve/findings": {"uri": URI},
    "logsieve/failure": {"uri": URI},
    "logsieve/noise": {"uri": URI},
}
# The limit of three deaths in a minute would end this at once.
NEVER_GIVEN_UP = "from logsieve.lsp import server, session; session.WITHIN = 0.0; server.main()"


async def outcome(answer: asyncio.Future[Any], refusable: bool) -> str:
    """What comes of a request over which a worker has died; no other error but that it has, where it may be."""
    try:
        await within(answer)
    except ServerError as error:
        if not refusable or "analysis process has stopped" not in str(error):
            raise
        return "refused"
    return "answered"


@pytest.mark.slow
@needs_proc
async def test_a_worker_killed_a_hundred_times_costs_one_message_and_nothing_else() -> None:
    choose = random.Random(1)
    quiet = "".join(f"step {n} is done\n" for n in range(2000))
    outcomes: Counter[str] = Counter()
    async with running(code=NEVER_GIVEN_UP) as client:
        await client.initialize(PULLING)
        client.open(URI, LOG + quiet)
        await client.settled(URI)
        for death in range(1, 101):
            # Wherever it is: before the questions, at some point behind them, or certainly in the midst of them.
            worker, moment = worker_of(client), choose.choice(["before", "some", "some", "amidst"])
            if moment == "before":
                os.kill(worker, signal.SIGKILL)
            elif moment == "amidst":
                os.kill(worker, signal.SIGSTOP)
            client.change(URI, death + 1, {"range": span(0, 0, 0, 0), "text": "one more line\n"})
            asked = choose.sample(list((QUIETLY | LOUDLY).items()), 3)
            answers = [client.start(*question)[1] for question in asked]
            if moment != "before":
                for _ in range(choose.randrange(1 if moment == "amidst" else 0, 6)):
                    await taken(client)
                os.kill(worker, signal.SIGKILL)
            for (method, _), answer in zip(asked, answers, strict=True):
                outcomes[await outcome(answer, refusable=method in LOUDLY)] += 1
            [found] = (await client.request("logsieve/findings", {"uri": URI}))["findings"]
            assert found["line"] == death + 1  # nothing of the text was lost
        assert [d["range"]["start"]["line"] for d in (await client.pull(URI))["items"]] == [101]
        [told] = client.all_of("window/showMessage")
        assert "started again" in told["message"]
        assert await client.shut_down() == 0
    assert client.errors.count("ended with code -9; starting another") == 100
    assert "Traceback" not in client.errors
    assert sum(outcomes.values()) == 300
    assert outcomes["answered"] > outcomes["refused"]


@needs_proc
async def test_without_a_worker_nothing_is_shown_of_a_new_text_and_nobody_waits(client: Client) -> None:
    await client.initialize(PULLING)
    client.open(URI, LOG)
    known = await client.pull(URI)
    assert len(known["items"]) == 1
    for _ in range(2):
        os.kill(worker_of(client), signal.SIGKILL)
        await client.request("logsieve/findings", {"uri": URI})  # answered by the next worker
    os.kill(worker_of(client), signal.SIGKILL)
    await client.wait_for("window/showMessage", lambda p: "is not started again" in p["message"])
    assert (await client.pull(URI, known["resultId"]))["kind"] == "unchanged"  # it is still true
    client.change(URI, 2, {"text": f"more\n{LOG}"})
    assert (await client.pull(URI, known["resultId"]))["items"] == []
    assert len(client.all_of("window/showMessage")) == 2  # that it was started again, and that it is not
    assert await client.shut_down() == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"Content-Length: 7\r\n\r\n{broken",
        b"Content-Length: 2\r\n\r\n[]",
        b'Content-Length: 17\r\n\r\n{"jsonrpc":"2.0"}',
        b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x01",
        b"X-" + b"y" * 100_000 + b": z\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}",
        b"Content-Length: 9000000000\r\n\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: -2\r\n\r\n{}",
        b"content-length:2\n\n{} and more",
        b"\x00\xff" * 50_000,
    ],
    ids=[
        "no JSON",
        "a list",
        "no method",
        "no UTF-8",
        "a header of 100 kB",
        "a length of 30 digits",
        "a length of 9 GB",
        "a length of nothing",
        "a length below nothing",
        "more than its length",
        "100 kB of bytes",
    ],
)
async def test_what_is_no_message_is_passed_over(server: Client, garbage: bytes) -> None:
    for _ in range(20):
        server.writer.write(garbage)
    server.open(URI, LOG)
    assert [d["range"]["start"]["line"] for d in await server.diagnostics(URI)] == [1]
    assert server.all_of("window/showMessage") == []
    assert await server.shut_down() == 0


# A limit on the size of files is a full disk for whoever writes: files can be made, and nothing can be written to them.
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from logsieve.lsp import server
server.main()
"""


@pytest.mark.slow  # without a cache the patterns are prepared anew
@needs_proc
async def test_a_full_disk_takes_nothing_away_and_leaves_nothing_half_written(
    tmp_path: Path, private_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    endpoint = "http://127.0.0.1:9/v1"
    folder = tmp_path / "workspace"
    folder.mkdir()
    log = folder / "build.log"
    log.write_text(LOG)

    def kept() -> list[Path]:
        return [path for room in (tmp_path, private_folders) for path in room.rglob("*") if path.is_file()]

    async with running(code=FULL) as client:
        await client.initialize(
            workspaceFolders=[{"uri": folder.as_uri(), "name": "workspace"}],
            initializationOptions={"settings": {}, "trusted": True},
        )
        client.open(log.as_uri(), LOG)
        assert len(await client.diagnostics(log.as_uri())) == 1
        rule = {"command": "logsieve.notAnError", "arguments": [log.as_uri(), 1]}
        consent = {"endpoint": endpoint, "granted": True, "uri": log.as_uri()}
        for _ in range(10):
            with pytest.raises(ServerError, match=r"the rule cannot be written to .*not-an-error.*: File too large"):
                await client.request("workspace/executeCommand", rule)
            with pytest.raises(ServerError, match="File too large"):
                await client.request("logsieve/consent", consent)
            assert await client.request("logsieve/consent", {}) == {"endpoints": []}
        assert kept() == [log]
        assert not (folder / ".logsieve").exists()
        assert client.all_of("window/showMessage") == []  # the answers have said it
        resource.prlimit(client.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        written = await client.request("workspace/executeCommand", rule)
        assert await client.request("logsieve/consent", consent) == {"endpoints": [endpoint]}
        assert Path(written["uri"].removeprefix("file://")) in kept()
        assert log.read_text() == LOG
        assert await client.shut_down() == 0
        assert "Traceback" not in client.errors


# Root may read whatever it likes, unless it gives that up; a process has given it up when it is another program.
NOT_ALL_MIGHTY = """
import ctypes, os, sys
if os.geteuid() == 0:
    drop, dac_override, dac_read_search = 24, 1, 2
    for capability in (dac_override, dac_read_search):
        assert ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-P", "-m", "logsieve", "lsp"])
"""


@needs_proc
async def test_what_may_not_be_read_or_written_is_told_until_it_may(tmp_path: Path) -> None:
    folder, log, locked = tmp_path, tmp_path / "build.log", tmp_path / ".logsieve"
    log.write_text(LOG)
    uri = log.as_uri()
    async with running(code=NOT_ALL_MIGHTY) as client:
        await client.initialize(
            workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "workspace"}],
            initializationOptions={"settings": {}, "trusted": True},
        )
        rule = {"command": "logsieve.alwaysAnError", "arguments": [uri, 0]}
        for turn in range(10):
            log.write_text("more\n" * turn + LOG)  # what is known of a file that is the same is not read again
            log.chmod(0)
            for method in LOUDLY:
                with pytest.raises(ServerError, match=r"cannot read .*Permission denied"):
                    await client.request(method, {"uri": uri})
            log.chmod(0o600)
            assert len((await client.request("logsieve/findings", {"uri": uri}))["findings"]) == 1
            folder.chmod(0o500)
            with pytest.raises(ServerError, match=r"cannot be written to .*Permission denied"):
                await client.request("workspace/executeCommand", rule)
            assert not locked.exists()
            folder.chmod(0o700)
        await client.request("workspace/executeCommand", rule)
        assert len(list(locked.rglob("*.toml"))) == 1
        told = {message["message"].partition(":")[0] for message in client.all_of("window/showMessage")}
        assert told == {"Lines like this are always an error"}
        assert await client.shut_down() == 0
        assert "Traceback" not in client.errors


@pytest.mark.skipif(sys.platform == "win32", reason="files that are open cannot be deleted there")
async def test_a_file_that_goes_is_told_and_read_again_when_it_comes(server: Client, tmp_path: Path) -> None:
    file = tmp_path / "build.log"
    uri = file.as_uri()
    for _ in range(10):
        file.write_text(LOG)
        assert len((await server.request("logsieve/findings", {"uri": uri}))["findings"]) == 1
        file.unlink()
        with pytest.raises(ServerError, match="cannot read"):
            await server.request("logsieve/reduce", {"uri": uri})
        file.mkdir()
        with pytest.raises(ServerError, match="is not a file"):
            await server.request("logsieve/reduce", {"uri": uri})
        file.rmdir()
    assert server.all_of("window/showMessage") == []
    assert await server.shut_down() == 0


async def test_a_log_that_is_deleted_while_it_is_open_stays(server: Client, tmp_path: Path) -> None:
    file = tmp_path / "build.log"
    uri = file.as_uri()
    server.open(uri, LOG)
    for version in range(2, 12):
        file.write_text(LOG)
        view = (await server.request("logsieve/reducedView", {"uri": uri}))["uri"]
        file.unlink()
        server.change(uri, version, {"range": span(0, 0, 0, 0), "text": "more\n"})
        assert [d["range"]["start"]["line"] for d in await server.diagnostics(uri, version)] == [version]
        assert "boom" in (await server.request("workspace/textDocumentContent", {"uri": view}))["text"]
    assert server.all_of("window/showMessage") == []
    assert await server.shut_down() == 0


async def test_a_file_that_is_deleted_while_a_view_shows_it_is_shown_again_when_it_is_back(
    server: Client, tmp_path: Path
) -> None:
    file = tmp_path / "build.log"
    file.write_text(LOG)
    view = (await server.request("logsieve/reducedView", {"uri": file.as_uri()}))["uri"]
    for turn in range(5):
        assert "boom" in (await server.request("workspace/textDocumentContent", {"uri": view}))["text"]
        file.unlink()
        with pytest.raises(ServerError, match="cannot read"):
            await server.request("workspace/textDocumentContent", {"uri": view})
        heard = len(server.heard)
        file.write_text(f"turn {turn}\n{LOG}")
        await server.wait_for("workspace/textDocumentContent/refresh", lambda p: p["uri"] == view, heard)
        assert f"turn {turn}" in (await server.request("workspace/textDocumentContent", {"uri": view}))["text"]
    assert server.all_of("window/showMessage") == []
    assert await server.shut_down() == 0
