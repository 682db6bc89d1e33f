"""Rules written from the editor: a file with its sample, in effect at once, gone when it is deleted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lsp.client import ANSWER, EVERYTHING, Client, ServerError, running, within
from lsp.test_documents import needs_proc, worker_of

URI = "untitled:Untitled-1"
LOG = """2024-05-01T10:00:01.1234567Z starting
2024-05-01T10:00:02.1234567Z error: shelf 12 of /srv/a/b.db is missing
2024-05-01T10:00:03.1234567Z the spoon bent at 3
2024-05-01T10:00:04.1234567Z login with password=Tr0ub4dor&3xyz done
2024-05-01T10:00:05.1234567Z done
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace; what is the user's own is beside it."""
    for name in ("XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return workspace


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[Client]:
    """A server that a user trusts in one workspace."""
    async with running() as client:
        await greet(client, folder, trusted=True)
        yield client


async def greet(
    client: Client, folder: Path, trusted: bool, capabilities: dict[str, Any] = EVERYTHING, **options: Any
) -> None:
    await client.initialize(
        capabilities,
        workspaceFolders=[{"uri": folder.as_uri(), "name": "workspace"}],
        initializationOptions={"settings": {}, "trusted": trusted, **options},
    )
    client.open(URI, LOG)
    assert [d["range"]["start"]["line"] for d in await client.diagnostics(URI)] == [1]


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def run(client: Client, command: str, *arguments: Any) -> Any:
    return await client.request("workspace/executeCommand", {"command": command, "arguments": list(arguments)})


async def shown(client: Client, wanted: list[int]) -> None:
    """Wait until diagnostics stand on these lines, and on no others."""

    def lines(params: Any) -> list[int]:
        return sorted(d["range"]["start"]["line"] for d in params["diagnostics"])

    seen = len(client.heard)
    last = client.all_of("textDocument/publishDiagnostics")[-1]
    if lines(last) != wanted:
        await client.wait_for("textDocument/publishDiagnostics", lambda params: lines(params) == wanted, skip=seen - 1)


async def test_a_failure_that_is_none_is_taken_back_and_comes_again(server: Client, folder: Path) -> None:
    done = await run(server, "logsieve.notAnError", URI, 1)
    [file] = (folder / ".logsieve" / "packs").iterdir()
    assert done["uri"] == file.as_uri()
    assert file.name == "not-an-error-error-shelf-of-is-missing.toml"
    text = file.read_text("utf-8")
    assert r"pattern = '^error: shelf \d+ of \S+\.db is missing[ \t]*$'" in text
    assert "text = '2024-05-01T10:00:02.1234567Z error: shelf 12 of /srv/a/b.db is missing'" in text
    await shown(server, [])
    [said] = server.all_of("window/showMessage")
    where = Path(".logsieve", "packs", file.name)
    assert said == {"type": 3, "message": f"Lines like this are not an error any more: {where}"}
    await run(server, "logsieve.undoRule")
    await shown(server, [1])
    assert files(folder) == []
    with pytest.raises(ServerError, match="no rule has been written"):
        await run(server, "logsieve.undoRule")


async def test_a_line_is_always_an_error_until_its_file_is_deleted(server: Client, folder: Path) -> None:
    await run(server, "logsieve.alwaysAnError", URI, 2)
    await shown(server, [1, 2])
    [file] = (folder / ".logsieve" / "packs").iterdir()
    file.unlink()  # by hand: nobody tells the server
    await shown(server, [1])


async def test_lines_like_it_are_hidden(server: Client) -> None:
    text = "".join(f"the spoon bent at {'abcdefghij'[n]}{n}\n" for n in range(5)) + "error: boom\n"
    uri = "untitled:Untitled-2"
    server.open(uri, text)
    await server.diagnostics(uri)
    assert (await server.request("logsieve/noise", {"uri": uri}))["noise"] == []
    for line in range(5):
        await run(server, "logsieve.hideLines", uri, line)
    [noise] = (await server.request("logsieve/noise", {"uri": uri}))["noise"]
    assert (noise["start"], noise["end"]) == (0, 4)
    assert noise["text"] == "5 lines: hidden by a rule of your own"
    with pytest.raises(ServerError, match="errors are not hidden"):
        await run(server, "logsieve.hideLines", uri, 5)


@needs_proc
@pytest.mark.parametrize("command", ["notAnError", "alwaysAnError", "hideLines"])
async def test_a_cancelled_command_writes_nothing(server: Client, folder: Path, command: str) -> None:
    os.kill(worker_of(server), signal.SIGSTOP)
    line = 1 if command == "notAnError" else 2
    params = {"command": f"logsieve.{command}", "arguments": [URI, line]}
    number, answer = server.start("workspace/executeCommand", params)
    server.notify("$/cancelRequest", {"id": number})
    with pytest.raises(ServerError) as caught:
        await within(answer)
    assert caught.value.code == -32800
    os.kill(worker_of(server), signal.SIGCONT)
    done = await run(server, "logsieve.alwaysAnError", URI, 4)  # the worker has answered all that was asked before
    assert [file.as_uri() for file in (folder / ".logsieve" / "packs").iterdir()] == [done["uri"]]


async def test_no_secret_gets_into_a_rule(server: Client, folder: Path) -> None:
    done = await run(server, "logsieve.alwaysAnError", URI, 3)
    assert done["patterns"] == ["^login with password=.+ done[ \\t]*$"]
    [file] = (folder / ".logsieve" / "packs").iterdir()
    assert "Tr0ub4dor" not in file.read_text("utf-8")
    await shown(server, [1, 3])


async def test_rules_of_one_name_stand_beside_each_other(server: Client, folder: Path) -> None:
    first = await run(server, "logsieve.alwaysAnError", URI, 2)
    second = await run(server, "logsieve.alwaysAnError", URI, 2)
    assert first["uri"] != second["uri"]
    names = sorted(file.name for file in (folder / ".logsieve" / "packs").iterdir())
    assert names == ["always-an-error-the-spoon-bent-at-2.toml", "always-an-error-the-spoon-bent-at.toml"]
    await shown(server, [1, 2])
    await run(server, "logsieve.undoRule")
    await shown(server, [1, 2])
    await run(server, "logsieve.undoRule")
    await shown(server, [1])


async def test_what_cannot_be_a_rule_is_refused(server: Client, folder: Path) -> None:
    for command, arguments, why in (
        ("logsieve.notAnError", [URI, 0], "nothing was found on this line"),
        ("logsieve.notAnError", [], "takes the URI of a log and a line"),
        ("logsieve.notAnError", [URI, -1], "takes the URI of a log and a line"),
        ("logsieve.notAnError", [URI, "1"], "takes the URI of a log and a line"),
        ("logsieve.hideLines", ["untitled:nothing", 1], "neither an open document nor a file"),
    ):
        with pytest.raises(ServerError, match=why):
            await run(server, command, *arguments)
    server.open("untitled:few", "42\nerror: boom\n")
    with pytest.raises(ServerError, match="says too little"):
        await run(server, "logsieve.hideLines", "untitled:few", 0)
    assert files(folder) == []


async def test_what_was_edited_is_not_deleted(server: Client, folder: Path) -> None:
    await run(server, "logsieve.alwaysAnError", URI, 2)
    [file] = (folder / ".logsieve" / "packs").iterdir()
    file.write_text(file.read_text("utf-8") + "# mine\n", "utf-8")
    with pytest.raises(ServerError, match="has been edited since"):
        await run(server, "logsieve.undoRule")
    assert file.exists()


async def test_without_trust_the_rule_is_the_users(folder: Path, tmp_path: Path) -> None:
    async with running() as other:
        await greet(other, folder, trusted=False)
        await run(other, "logsieve.notAnError", URI, 1)
        await shown(other, [])
    assert files(folder) == []
    assert [file.parent.name for file in (tmp_path / "config").rglob("*.toml")] == ["packs"]


async def test_where_the_folder_cannot_be_written_the_user_is_told(server: Client, folder: Path) -> None:
    (folder / ".logsieve").write_text("in the way")
    with pytest.raises(ServerError, match="cannot be written to"):
        await run(server, "logsieve.notAnError", URI, 1)
    assert await server.request("logsieve/findings", {"uri": URI})


@pytest.mark.parametrize("button", ["Undo", "Open Rule"])
async def test_buttons_for_who_wants_them(folder: Path, button: str) -> None:
    async with running() as client:
        client.answers["window/showMessageRequest"] = lambda _: {"title": button}
        client.answers["window/showDocument"] = lambda _: {"success": True}
        capabilities = {**EVERYTHING, "window": {"showDocument": {"support": True}}}
        await greet(client, folder, trusted=True, capabilities=capabilities, buttons=True)
        done = await run(client, "logsieve.notAnError", URI, 1)
        if button == "Undo":
            async with asyncio.timeout(ANSWER):
                while files(folder):  # noqa: ASYNC110 (a folder tells nobody)
                    await asyncio.sleep(0.01)
            await shown(client, [1])
        else:
            assert (await client.wait_for("window/showDocument"))["uri"] == done["uri"]
        [asked] = client.all_of("window/showMessageRequest")
        assert [action["title"] for action in asked["actions"]] == ["Open Rule", "Undo"]
        assert client.all_of("window/showMessage") == []


async def test_a_bad_pack_saved_while_running_is_told_once_and_mended(server: Client, folder: Path) -> None:
    packs = folder / ".logsieve" / "packs"
    packs.mkdir(parents=True)
    file = packs / "bad.toml"
    file.write_text("name = 'bad'\n[[rule]]\nid = 'x'\npattern = '(?=a)b'\n")
    said = await server.wait_for("window/showMessage")
    assert said["message"].startswith(f"LogSieve: pack {file}:4: ")
    assert "look-around" in said["message"]
    await shown(server, [1])
    # Something else is saved beside it: what was told of the bad one is not told again.
    good = "name = 'good'\n[[rule]]\nid = 'x'\npattern = '^done$'\n[[sample]]\ntext = 'x'\n"
    (packs / "good.toml").write_text(good)
    await shown(server, [1, 4])
    file.write_text(good.replace("good", "bad").replace("done", "starting"))
    os.utime(file, ns=(1, 1))  # the clock may be coarse
    await shown(server, [0, 1, 4])
    assert len([m for m in server.all_of("window/showMessage") if "look-around" in m["message"]]) == 1
