"""How a session goes: which folders may be read, resources, cancelling, two calls at once, the end."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp.client.client import ConnectMode

from command import COMMAND, Command
from logsieve import __version__
from mcp_server.agent import MODES, running

FAILING = "collecting\nerror: cannot find the file `config.yaml`\nexit status 1\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with a log each, `a.log` and `b.log`."""
    made = tmp_path / "here", tmp_path / "there"
    for folder, name in zip(made, "ab", strict=True):
        folder.mkdir()
        (folder / f"{name}.log").write_text(FAILING)
    return made


# What may be read


@pytest.mark.parametrize("mode", MODES)
async def test_roots_are_what_may_be_read(folders: tuple[Path, Path], mode: ConnectMode) -> None:
    here, there = folders
    async with running(here, roots=[there], mode=mode) as agent:
        assert (await agent.call("triage", path="b.log"))["logs"][0]["path"] == "b.log"  # in the first root
        assert await agent.call("triage", path=str(there / "b.log"))
        assert await agent.call("triage", path="../there/b.log")
        for path in (str(here / "a.log"), "../here/a.log", "/etc/hostname", str(here / "absent.log"), str(here)):
            for tool in ("triage", "reduce", "lines", "explain_prompt"):
                told = await agent.refused(tool, path=path)
                assert told == f"{path}: lies outside of what may be read: {there}"
        agent.roots = [here]
        assert await agent.call("triage", path="a.log")
        assert "lies outside" in await agent.refused("triage", path=str(there / "b.log"))
        agent.roots = [here, there]
        assert await agent.call("triage", path=str(there / "b.log"))


@pytest.mark.parametrize("mode", MODES)
async def test_links_lead_nowhere_else(folders: tuple[Path, Path], mode: ConnectMode) -> None:
    here, there = folders
    (here / "out.log").symlink_to(there / "b.log")
    (here / "out").symlink_to(there)
    (here / "in.log").symlink_to(here / "a.log")
    (here / "circle").symlink_to(here / "circle")
    async with running(here, roots=[here], mode=mode) as agent:
        assert await agent.call("triage", path="in.log")
        assert "lies outside" in await agent.refused("lines", path="out.log")
        assert "lies outside" in await agent.refused("lines", path="out/b.log")
        assert "lies outside" in await agent.refused("lines", path="out/b.log!member")
        assert await agent.refused("lines", path="circle")


async def test_a_root_may_be_a_link(folders: tuple[Path, Path], tmp_path: Path) -> None:
    link = tmp_path / "link to here"
    link.symlink_to(folders[0])
    async with running(tmp_path, roots=[link]) as agent:
        assert await agent.call("triage", path="a.log")
        assert await agent.call("triage", path=str(folders[0] / "a.log"))


@pytest.mark.parametrize("roots", [None, []])
async def test_without_roots_it_is_the_folder_of_the_start(
    folders: tuple[Path, Path], roots: list[Path] | None
) -> None:
    here, there = folders
    async with running(here, roots=roots) as agent:
        assert await agent.call("triage", path="a.log")
        assert "lies outside" in await agent.refused("triage", path=str(there / "b.log"))


async def test_without_roots_it_is_the_folders_that_were_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    here, there = folders
    async with running(tmp_path, there, here) as agent:
        assert await agent.call("triage", path="b.log")
        assert await agent.call("triage", path=str(here / "a.log"))
        assert "lies outside" in await agent.refused("triage", path=str(tmp_path / "stderr.txt"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
async def test_what_is_no_file_is_not_opened(folders: tuple[Path, Path]) -> None:
    os.mkfifo(folders[0] / "pipe")
    async with running(folders[0]) as agent:
        assert "is no file" in await agent.refused("triage", path="pipe")
        assert "is no path" in await agent.refused("triage", path="a\0b")
        assert "no such file" in await agent.refused("triage", path="-")


# Resources


@pytest.mark.parametrize("mode", MODES)
async def test_logs_and_excerpts_are_resources(folders: tuple[Path, Path], mode: ConnectMode) -> None:
    here, there = folders
    long = here / "a long log.txt"
    long.write_text("".join(f"line {n} of a log that goes on and on\n" for n in range(20_000)) + FAILING)
    async with running(here, roots=[here], mode=mode) as agent:
        templates = (await agent.client.list_resource_templates()).resource_templates
        assert [t.uri_template for t in templates] == ["logsieve://excerpt/{+path}", "logsieve://log/{+path}{?start}"]
        assert (await agent.client.list_resources()).resources == []
        assert "cannot find the file" in await agent.read("logsieve://excerpt/a.log")
        assert await agent.read("logsieve://log/a.log?start=3") == "3 | exit status 1\n"
        await agent.call("triage", path=long.name)
        listed = [resource.uri for resource in (await agent.client.list_resources()).resources]
        assert len(listed) == 4
        assert all(uri.startswith(("logsieve://excerpt//", "logsieve://log//")) for uri in listed)
        for uri in listed:
            assert await agent.read(uri)
        text = await agent.read(f"logsieve://log/{long.name.replace(' ', '%20')}")
        assert 50_000 < len(text) <= 80_000
        assert text.endswith(" lines]\n")
        for uri in (f"logsieve://log/{there}/b.log", "logsieve://excerpt/../there/b.log"):
            with pytest.raises(MCPError, match="lies outside"):
                await agent.read(uri)
        for uri in ("file:///etc/hostname", "logsieve://other/a.log"):
            with pytest.raises(MCPError, match="there is no resource"):
                await agent.read(uri)


# While it works


def big(folder: Path) -> Path:
    """A log that takes seconds."""
    path = folder / "big.log"
    lines = [
        f"2026-01-01T00:00:{n % 60:02} [INFO] step {n}: downloading part {n * 7919} of the archive\n"
        for n in range(9973)
    ]
    path.write_text("".join(lines) * 60)
    return path


@pytest.mark.parametrize("mode", MODES)
async def test_progress_is_told_and_a_cancelled_call_stops(folders: tuple[Path, Path], mode: ConnectMode) -> None:
    here = folders[0]
    big(here)
    told: list[float] = []
    async with running(here, mode=mode) as agent:
        with anyio.CancelScope() as scope:

            async def heard(progress: float, total: float | None, message: str | None) -> None:
                assert (total, message) == (1, None)
                told.append(progress)
                scope.cancel()

            await agent.client.call_tool("triage", {"path": "big.log"}, progress_callback=heard)
        assert scope.cancelled_caught
        assert 0 < told[0] < 1
        # The next call has its turn only when the work has ended, and what was stopped is not at hand.
        assert await agent.call("triage", path="a.log")
        listed = [resource.uri for resource in (await agent.client.list_resources()).resources]
        assert [uri for uri in listed if "big.log" in uri] == []


@pytest.mark.parametrize("mode", MODES)
async def test_calls_at_once_each_have_their_answer(folders: tuple[Path, Path], mode: ConnectMode) -> None:
    here, there = folders
    (here / "c.log").write_text("fine\n1 passed in 0.1s\n")
    verdicts: dict[str, str] = {}
    async with running(here, roots=[here, there], mode=mode) as agent:

        async def triage(path: str) -> None:
            (log,) = (await agent.call("triage", path=path))["logs"]
            verdicts[log["path"]] = log["verdict"]

        async with anyio.create_task_group() as group:
            for path in ("a.log", "c.log", str(there / "b.log")):
                group.start_soon(triage, path)
            tools = await agent.client.list_tools()
            assert tools.tools
    assert verdicts == {"a.log": "failed", "c.log": "passed", str(there / "b.log"): "failed"}


# The wire

HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def server(folder: Path) -> subprocess.Popen[bytes]:
    """A server that has been greeted as the oldest clients do it; its answer to that is still to be read."""
    process = subprocess.Popen(
        [COMMAND, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, env=Command(folder).environment
    )
    say(process, {"id": 1, "method": "initialize", "params": HELLO}, {"method": "notifications/initialized"})
    return process


def say(process: subprocess.Popen[bytes], *messages: dict[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(b"".join(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n" for message in messages))
    process.stdin.flush()


def heard(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout
    message: dict[str, Any] = json.loads(process.stdout.readline())
    return message


def triage(number: int, path: str) -> dict[str, Any]:
    arguments = {"name": "triage", "arguments": {"path": path}, "_meta": {"progressToken": 7}}
    return {"id": number, "method": "tools/call", "params": arguments}


def test_it_says_who_it_is_and_ends_with_its_client(folders: tuple[Path, Path]) -> None:
    big(folders[0])
    with server(folders[0]) as process:
        hello = heard(process)["result"]
        assert (hello["serverInfo"]["name"], hello["serverInfo"]["version"]) == ("logsieve", __version__)
        assert "triage" in hello["instructions"]
        say(process, triage(2, "big.log"))
        assert heard(process)["method"] == "notifications/progress"
        assert process.stdin
        process.stdin.close()  # in the midst of its work
        assert process.wait(timeout=120) == 0
        assert process.stdout
        for line in process.stdout:  # nothing but the protocol
            assert json.loads(line)["jsonrpc"] == "2.0"


def test_the_whole_disk_is_nobodys_choice() -> None:
    with server(Path("/")) as process:
        heard(process)
        say(process, triage(2, "etc/hostname"))
        told = heard(process)["result"]
        assert told["isError"]
        assert "logsieve mcp FOLDER" in told["content"][0]["text"]
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=120) == 0


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = Command(tmp_path)("mcp", "absent")
    assert done.returncode == 2
    assert b"absent" in done.stderr
