"""Diagnostics of clients that ask for them: of the text as it is, told once, and never pushed as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logsieve.lsp.views import Window
from lsp.client import EVERYTHING, PULLING, Client, ServerError, within

URI = "untitled:Untitled-1"
LOG = "ok\nerror: boom\n"
QUIET = "".join(f"step {n} of the build is done, and all is well with it\n" for n in range(100_000))
PUSHED = "textDocument/publishDiagnostics"
REFRESH = "workspace/diagnostic/refresh"


@pytest.fixture
async def puller(client: Client) -> Client:
    """A server that has been greeted by a client that asks."""
    result = await client.initialize(PULLING)
    provider = {"interFileDependencies": False, "workspaceDiagnostics": False}
    assert result["capabilities"]["diagnosticProvider"] == provider
    return client


def lines(report: dict[str, Any]) -> list[int]:
    assert report["kind"] == "full"
    return [d["range"]["start"]["line"] for d in report["items"]]


async def test_who_asks_is_told_of_each_text_once(puller: Client) -> None:
    puller.open(URI, LOG)
    first = await puller.pull(URI)
    assert lines(first) == [1]
    assert first["items"][0]["data"] == {"index": 0}
    assert await puller.pull(URI, first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}
    assert lines(await puller.pull(URI)) == [1]
    puller.change(URI, 2, {"text": f"more\n{LOG}"})
    second = await puller.pull(URI, first["resultId"])
    assert lines(second) == [2]
    # The same words at the same place, but the editor has moved its marks with the text that was there.
    puller.change(URI, 3, {"text": f"less\n{LOG}"})
    third = await puller.pull(URI, second["resultId"])
    assert lines(third) == [2]
    assert third["resultId"] != second["resultId"]
    puller.close(URI)
    assert await puller.pull(URI, third["resultId"]) == {"kind": "full", "items": []}
    assert puller.all_of(PUSHED) == []
    assert await puller.shut_down() == 0


async def test_who_asks_during_an_analysis_waits_for_the_text_as_it_is_then_and_nobody_else_does(
    puller: Client,
) -> None:
    other = "untitled:other"
    puller.open(other, LOG)
    assert lines(await puller.pull(other)) == [1]
    puller.open(URI, f"error: gone soon\n{QUIET * 3}")
    _, waiting = puller.start("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    number, cancelled = puller.start("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    assert lines(await puller.pull(other)) == [1]
    assert not waiting.done()
    puller.notify("$/cancelRequest", {"id": number})
    with pytest.raises(ServerError) as caught:
        await within(cancelled)
    assert caught.value.code == -32800
    puller.change(URI, 2, {"text": f"now\n{LOG}"})
    assert lines(await within(waiting)) == [2]
    puller.change(URI, 3, {"text": QUIET})
    _, waiting = puller.start("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    puller.close(URI)
    assert lines(await within(waiting)) == []
    assert await puller.shut_down() == 0


async def test_the_end_of_a_long_log_is_told_first_and_the_client_is_told_to_ask_for_the_rest(puller: Client) -> None:
    puller.open(URI, f"error: at the top\n{QUIET}error: at the end\n")
    early = await puller.pull(URI)
    assert lines(early) == [100_001]
    await puller.wait_for(REFRESH)
    whole = await puller.pull(URI, early["resultId"])
    assert sorted(lines(whole)) == [0, 100_001]
    assert all("data" in d for d in whole["items"])
    assert await puller.pull(URI, whole["resultId"]) == {"kind": "unchanged", "resultId": whole["resultId"]}
    assert len(puller.all_of(REFRESH)) == 1
    assert await puller.shut_down() == 0


async def test_who_has_not_asked_is_told_that_there_is_something_new(puller: Client) -> None:
    puller.open(URI, LOG)  # an editor asks only for what it shows
    await puller.wait_for(REFRESH)
    known = await puller.pull(URI)
    heard = len(puller.heard)
    puller.change(URI, 2, {"text": f"warning: odd\n{LOG}"})
    await puller.wait_for(REFRESH, skip=heard)
    assert lines(known := await puller.pull(URI, known["resultId"])) == [2, 0]
    heard = len(puller.heard)
    puller.settings = {"reduce": {"budget": 3000}}  # nothing of it depends on that
    puller.notify("workspace/didChangeConfiguration", {"settings": None})
    await puller.wait_for("logsieve/status", lambda s: not s["busy"], heard)
    assert (await puller.pull(URI, known["resultId"]))["kind"] == "unchanged"
    assert puller.all_of(REFRESH, heard) == []
    puller.settings = {"diagnostics": {"minimum": "error"}}
    puller.notify("workspace/didChangeConfiguration", {"settings": None})
    await puller.wait_for(REFRESH, skip=heard)
    assert lines(await puller.pull(URI, known["resultId"])) == [2]
    assert puller.all_of(PUSHED) == []


async def test_windows_are_asked_about_too(puller: Client, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(LOG)
    view = Window(log.as_uri(), 0).uri(2)
    await puller.request("workspace/textDocumentContent", {"uri": view})
    first = await puller.pull(view)
    assert lines(first) == [1]
    heard = len(puller.heard)
    log.write_text(f"more\n{LOG}")
    await puller.wait_for("workspace/textDocumentContent/refresh", skip=heard)
    await puller.request("workspace/textDocumentContent", {"uri": view})
    assert lines(await puller.pull(view, first["resultId"])) == [2]
    view = (await puller.request("logsieve/reducedView", {"uri": log.as_uri()}))["uri"]
    await puller.request("workspace/textDocumentContent", {"uri": view})
    assert lines(await puller.pull(view)) == []  # the log has them, the reduced log shows nothing else
    assert puller.all_of(PUSHED) == []


async def test_what_a_log_says_of_the_code_is_pushed_unless_the_code_is_open_here(
    client: Client, tmp_path: Path
) -> None:
    code, log = tmp_path / "tax.py", tmp_path / "build.log"
    code.write_text("def rate():\n    raise KeyError('xx')\n")
    trace = f"Traceback (most recent call last):\n  File \"{code}\", line 2, in rate\nKeyError: 'xx'\n"
    await client.initialize(PULLING, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "shop"}])
    client.open(log.as_uri(), trace)
    assert lines(await client.pull(log.as_uri())) == [2]

    async def pushed(skip: int) -> list[int]:
        told = await client.wait_for(PUSHED, skip=skip)
        assert told["uri"] == code.as_uri()
        return [d["range"]["start"]["line"] for d in told["diagnostics"]]

    assert await pushed(0) == [1]
    heard = len(client.heard)
    client.open(code.as_uri(), code.read_text(), language="plaintext")  # as an editor does that calls it so
    assert await pushed(heard) == []
    assert lines(await client.pull(code.as_uri())) == [1]
    heard = len(client.heard)
    client.close(code.as_uri())
    assert await pushed(heard) == [1]
    heard = len(client.heard)
    client.close(log.as_uri())
    assert await pushed(heard) == []


async def test_who_cannot_be_told_to_ask_again_is_pushed_to(client: Client) -> None:
    told = {**EVERYTHING, "textDocument": PULLING["textDocument"]}
    assert "diagnosticProvider" not in (await client.initialize(told))["capabilities"]
    client.open(URI, LOG)
    assert [d["range"]["start"]["line"] for d in await client.diagnostics(URI)] == [1]
    with pytest.raises(ServerError) as caught:
        await client.pull(URI)
    assert caught.value.code == -32601
    assert await client.shut_down() == 0
