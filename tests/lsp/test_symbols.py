"""Failures of all logs that are open or shown, by name, and where an editor can go to see them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from logsieve.lsp.store import FILES_KEPT, SMALL
from lsp.client import Client

URI = "untitled:Untitled-1"
LOG = "ok\nerror: the ladle broke\n"
QUIET = "all is well with this step of the build\n"


async def found(client: Client, query: str) -> list[tuple[str, str, str, int]]:
    """Names, logs and places."""
    told = await client.request("workspace/symbol", {"query": query})
    return [
        (s["name"], s["containerName"], s["location"]["uri"], s["location"]["range"]["start"]["line"]) for s in told
    ]


async def show(client: Client, file: Path, member: str = "") -> str:
    """Read the reduced log of a file or of a log in it, as an editor does; its URI."""
    view: str = (await client.request("logsieve/reducedView", {"uri": file.as_uri() + member}))["uri"]
    await client.request("workspace/textDocumentContent", {"uri": view})
    return view


async def shows(client: Client, uri: str, line: int, text: str) -> bool:
    """Whether a view has a text on a line."""
    rows = (await client.request("workspace/textDocumentContent", {"uri": uri}))["text"].split("\n")
    return text in rows[line]


def pack(file: Path, **logs: str) -> None:
    """Write an archive of the logs of a run."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, text) in enumerate(logs.items()):
            archive.writestr(f"{number}_{name}.txt", text)


async def test_failures_of_all_open_logs_by_name(server: Client) -> None:
    other = "file:///logs/other.log"
    server.open(URI, LOG)
    server.open(other, "error: the spoon bent\n")
    await server.settled(URI)
    await server.settled(other)

    async def found(query: str) -> list[tuple[str, str, int]]:
        told = await server.request("workspace/symbol", {"query": query})
        return [(s["name"], s["containerName"], s["location"]["range"]["start"]["line"]) for s in told]

    assert await found("") == [("the ladle broke", "Untitled-1", 1), ("the spoon bent", "other.log", 0)]
    assert await found("SPOON bent") == [("the spoon bent", "other.log", 0)]
    assert await found("nothing of that") == []
    server.close(other)
    assert await found("spoon") == []


async def test_failures_come_log_by_log_to_who_takes_them_so(server: Client) -> None:
    long, other = "file:///logs/long.log", "file:///logs/other.log"
    server.open(long, "error: at the top\n" + "all is well with this step of the build\n" * 100_000)
    server.open(URI, LOG)
    server.open(other, "error: the spoon bent\n")
    assert await server.request("workspace/symbol", {"query": "", "partialResultToken": "mine"}) == []
    told = [p["value"] for p in server.all_of("$/progress") if p["token"] == "mine"]
    names = {tuple(symbol["name"] for symbol in part) for part in told}
    assert names == {("at the top",), ("the ladle broke",), ("the spoon bent",)}
    assert len(told) == 3
    assert await server.request("workspace/symbol", {"query": "none", "partialResultToken": 7}) == []
    assert [p for p in server.all_of("$/progress") if p["token"] == 7] == []


async def test_failures_of_a_log_that_was_opened_by_its_path(server: Client, tmp_path: Path) -> None:
    file = tmp_path / "build.log"
    file.write_text(LOG)
    uri = file.as_uri()
    view = await show(server, file)
    await server.wait_for("logsieve/status", lambda p: p["uri"] == uri)
    assert await found(server, "ladle") == [("the ladle broke", "build.log", uri, 1)]
    heard = len(server.heard)
    file.write_text(f"{LOG}error: the spoon bent\n")
    await server.wait_for("logsieve/status", lambda p: p["uri"] == uri and p["errors"] == 2, heard)
    assert {name for name, *_ in await found(server, "")} == {"the ladle broke", "the spoon bent"}
    server.open(uri, LOG)  # the document is another text by now
    await server.settled(uri)
    assert await found(server, "") == [("the ladle broke", "build.log", uri, 1)]
    server.close(uri)
    assert {name for name, *_ in await found(server, "")} == {"the ladle broke", "the spoon bent"}
    heard = len(server.heard)
    server.settings = {"diagnostics": {"max": 1}}
    server.notify("workspace/didChangeConfiguration", {"settings": None})
    await server.wait_for("logsieve/status", lambda p: p["uri"] == uri, heard)
    assert len(await found(server, "")) == 1
    server.close(view)
    assert await found(server, "") == []


async def test_failures_of_all_jobs_of_an_archive_stand_in_windows(server: Client, tmp_path: Path) -> None:
    file = tmp_path / "logs.zip"
    pack(file, lint="fine\n", test=LOG, build="error: the spoon bent\n")
    await show(server, file)
    both = [*await found(server, "the")]
    assert {(name, job) for name, job, _, _ in both} == {
        ("the ladle broke", "1_test.txt"),
        ("the spoon bent", "2_build.txt"),
    }
    for name, _, uri, line in both:
        assert uri.startswith("logsieve://window/")
        assert await shows(server, uri, line, name)
    assert await server.request("workspace/symbol", {"query": "SPOON", "partialResultToken": "mine"}) == []
    [part] = [p["value"] for p in server.all_of("$/progress") if p["token"] == "mine"]
    assert [symbol["name"] for symbol in part] == ["the spoon bent"]
    heard = len(server.heard)
    pack(file, lint="error: the fork is missing\n", test=LOG)
    await server.wait_for("logsieve/status", lambda p: "0_lint" in p["uri"] and p["errors"], heard)
    assert [(name, job) for name, job, _, _ in await found(server, "fork")] == [("the fork is missing", "0_lint.txt")]


async def test_a_job_that_is_looked_at_later_does_not_bring_back_the_others(server: Client, tmp_path: Path) -> None:
    file = tmp_path / "logs.zip"
    pack(file, lint="error: the fork is missing\n", test=LOG)
    server.close(await show(server, file))
    heard = len(server.heard)
    await show(server, file, "%21/1_test.txt")
    await server.wait_for("logsieve/status", lambda p: "1_test" in p["uri"] and p["errors"] == 1, heard)
    assert [job for _, job, _, _ in await found(server, "the")] == ["1_test.txt"]


@pytest.mark.slow
async def test_failures_of_more_jobs_than_are_kept_in_memory(server: Client, tmp_path: Path) -> None:
    file = tmp_path / "logs.zip"
    jobs = FILES_KEPT + 2
    quiet = QUIET * (SMALL // (jobs - 2) // len(QUIET))
    pack(file, **{f"job{number}": f"{quiet}error: number {number} broke\n" for number in range(jobs)})
    await show(server, file)
    assert {job for _, job, _, _ in await found(server, "broke")} == {f"{n}_job{n}.txt" for n in range(jobs)}
