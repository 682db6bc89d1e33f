"""Logs that no editor opens, by their URI: the reduced log, windows of the original, and what follows the file."""

from __future__ import annotations

import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from big_log import BigLog
from engine import analysed
from logsieve.lsp.convert import Client as Counting
from logsieve.lsp.convert import Coordinates
from logsieve.lsp.views import LARGE, LONGEST, PART, Reduced, View, Window
from lsp.client import Client, ServerError, running, within

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

TOKEN = "token of the request"


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, fixtures: Path) -> BigLog:
    """A log that is too large to be opened as a document."""
    return BigLog.write(tmp_path_factory.mktemp("big") / "big.log", LARGE + 1, fixtures)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Client]:
    async with running() as client:
        await client.initialize()
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reduced(server: Client, big: BigLog) -> dict[str, Any]:
    """The reduced view of the big log: its URI and the row of the root cause."""
    asked = {"uri": big.path.as_uri(), "workDoneToken": TOKEN}
    return dict(await server.request("logsieve/reducedView", asked))


async def content(client: Client, uri: str) -> list[str]:
    """The rows of a view."""
    return str((await client.request("workspace/textDocumentContent", {"uri": uri}))["text"]).split("\n")


async def follow(client: Client, uri: str, row: int) -> tuple[str, int] | None:
    """Where a row of a view leads."""
    at = {"textDocument": {"uri": uri}, "position": {"line": row, "character": 0}}
    found = await client.request("textDocument/definition", at)
    return (found["uri"], found["range"]["start"]["line"]) if found else None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def window(server: Client, reduced: dict[str, Any]) -> tuple[str, int, list[str]]:
    """The window to which the root cause leads: its URI, the row of the cause, all rows."""
    place = await follow(server, reduced["uri"], reduced["line"])
    assert place
    return (*place, await content(server, place[0]))


def number(row: str) -> int:
    found = re.match(r" *(\d+) \| ", row)
    assert found, row
    return int(found[1])


async def test_a_log_of_any_size_is_reduced_and_its_progress_told(
    server: Client, big: BigLog, reduced: dict[str, Any]
) -> None:
    rows = await content(server, reduced["uri"])
    assert number(rows[reduced["line"]]) == big.cause
    assert big.contains in rows[reduced["line"]]
    told = [p["value"] for p in server.all_of("$/progress") if p["token"] == TOKEN]
    assert [value["kind"] for value in (told[0], told[-1])] == ["begin", "end"]
    fractions = [value["percentage"] for value in told[:-1]]
    assert fractions == sorted(fractions)
    assert len(fractions) > 1
    assert server.all_of("window/workDoneProgress/create") == []


async def test_a_line_leads_to_a_window_around_it(
    server: Client, big: BigLog, window: tuple[str, int, list[str]]
) -> None:
    uri, row, rows = window
    assert number(rows[row]) == big.cause
    assert len(rows) < 4100
    first, last = number(rows[1]), number(rows[-3])
    assert f"big.log:{first:,}-{last:,}?" in uri
    assert min(big.cause - first, last - big.cause) >= 1000
    lines = big.path.read_bytes().split(b"\n")
    assert rows[1] == f"{first} | {lines[first - 1].decode()}".rstrip()
    assert rows[-3] == f"{last} | {lines[last - 1].decode()}".rstrip()
    assert await follow(server, uri, row) is None  # it is shown already


async def test_the_ends_of_a_window_lead_to_the_next(
    server: Client, big: BigLog, window: tuple[str, int, list[str]]
) -> None:
    uri, _, rows = window
    assert re.match(r" *\.\.\. \| \[[\d,]+ lines: earlier\]", rows[0])
    assert re.match(r" *\.\.\. \| \[[\d,]+ lines: later\]", rows[-2])
    for row, line in ((0, number(rows[1]) - 1), (len(rows) - 2, number(rows[-3]) + 1)):
        place = await follow(server, uri, row)
        assert place
        assert number((await content(server, place[0]))[place[1]]) == line
    found = await server.request("logsieve/locate", {"uri": uri, "line": big.lines + 7})
    end = await content(server, found["location"]["uri"])
    assert number(end[found["location"]["range"]["start"]["line"]]) == big.lines
    assert end[-1] == ""
    assert number(end[-2]) == big.lines
    found = await server.request("logsieve/locate", {"uri": uri, "line": 0})
    start = await content(server, found["location"]["uri"])
    assert number(start[0]) == 1


async def test_what_was_found_is_marked_in_a_window(
    server: Client, big: BigLog, window: tuple[str, int, list[str]]
) -> None:
    uri, row, rows = window
    first = (await server.diagnostics(uri, None))[0]
    assert first["range"]["start"]["line"] == row
    assert rows[row][first["range"]["start"]["character"] :] == f"E       {big.contains}"
    assert first["range"]["end"]["character"] == len(rows[row])
    assert first["data"] == {"index": 0}
    at = {"textDocument": {"uri": uri}, "position": {"line": row, "character": 20}}
    assert "Root cause" in (await server.request("textDocument/hover", at))["contents"]["value"]
    asked = {"textDocument": {"uri": uri}, "range": first["range"], "context": {"diagnostics": [first]}}
    actions = {a["command"]["command"]: a for a in await server.request("textDocument/codeAction", asked)}
    assert actions["logsieve.copyFinding"]["command"]["arguments"] == [big.path.as_uri(), 0]
    assert actions["logsieve.explain"]["diagnostics"] == [first]
    for method in ("foldingRange", "documentSymbol"):
        assert await server.request(f"textDocument/{method}", {"textDocument": {"uri": uri}}) == []


async def test_every_finding_says_where_it_is_shown(server: Client, big: BigLog, reduced: dict[str, Any]) -> None:
    found = (await server.request("logsieve/findings", {"uri": reduced["uri"]}))["findings"]
    assert found[0]["line"] == big.cause - 1
    places = [place for finding in found[:4] for place in (finding, *finding["places"][:2])]
    assert len(places) > 4
    for place in places:
        rows = await content(server, place["location"]["uri"])
        assert number(rows[place["location"]["range"]["start"]["line"]]) == place["line"] + 1


async def test_failures_are_found_by_name_and_lead_to_a_window(
    server: Client, big: BigLog, window: tuple[str, int, list[str]]
) -> None:
    await server.wait_for("logsieve/status", lambda p: p["uri"] == big.path.as_uri())
    cause = (await server.request("logsieve/findings", {"uri": big.path.as_uri()}))["findings"][0]
    named = await server.request("workspace/symbol", {"query": cause["title"]})
    assert (cause["title"], "big.log", *window[:2]) in [
        (s["name"], s["containerName"], s["location"]["uri"], s["location"]["range"]["start"]["line"]) for s in named
    ]


async def test_the_walk_goes_on_in_the_view_that_is_asked(
    server: Client, big: BigLog, reduced: dict[str, Any], window: tuple[str, int, list[str]]
) -> None:
    for uri, row in ((reduced["uri"], reduced["line"]), window[:2]):
        after = await server.request("logsieve/failure", {"uri": uri, "line": row, "step": 1})
        assert after["location"]["uri"] == uri
        second = after["location"]["range"]["start"]["line"]
        assert second > row
        back = await server.request("logsieve/failure", {"uri": uri, "line": second, "step": -1})
        assert (back["index"], back["location"]["range"]["start"]["line"]) == (0, row)
        assert (after["around"], back["around"]) == (False, False)
        here = await server.request("logsieve/failure", {"uri": uri, "line": second})
        assert here["index"] == after["index"]
    cause = await server.request("logsieve/failure", {"uri": big.path.as_uri()})
    found = (await server.request("logsieve/findings", {"uri": big.path.as_uri()}))["findings"]
    errors = sorted(f["line"] for f in found if f["severity"] == "error")
    assert (cause["location"]["uri"], cause["of"]) == (window[0], len(errors))
    assert errors[cause["number"] - 1] == big.cause - 1
    for line, step, number in ((big.lines, 1, 1), (0, -1, len(errors))):
        found = await server.request("logsieve/failure", {"uri": big.path.as_uri(), "line": line, "step": step})
        assert (found["number"], found["around"]) == (number, True)


async def test_copy_and_explain_mean_the_log(server: Client, big: BigLog, window: tuple[str, int, list[str]]) -> None:
    excerpt = await server.request("logsieve/reduce", {"uri": window[0], "finding": 0})
    assert big.contains in excerpt["text"]
    assert sum(last - first + 1 for first, last in excerpt["lines"]) < 1000
    preview = await server.request("logsieve/explainPreview", {"uri": window[0]})
    assert big.contains in preview["payload"]


async def test_waiting_can_be_given_up(server: Client, big: BigLog) -> None:
    other = big.path.with_name("other.log")
    other.write_bytes(big.path.read_bytes())
    number, answer = server.start("logsieve/reducedView", {"uri": other.as_uri(), "workDoneToken": "given up"})
    await server.wait_for("$/progress", lambda p: p["token"] == "given up" and p["value"]["kind"] == "report")
    server.notify("$/cancelRequest", {"id": number})
    with pytest.raises(ServerError) as caught:
        await within(answer)
    assert caught.value.code == -32800
    assert server.all_of("$/progress")[-1] == {"token": "given up", "value": {"kind": "end"}}
    other.unlink()  # an analysis that went on would not notice; one that starts anew would
    with pytest.raises(ServerError, match="cannot read"):
        await server.request("logsieve/findings", {"uri": other.as_uri()})


async def test_the_end_of_a_long_file_is_shown_first_where_it_says_what_failed(tmp_path: Path, fixtures: Path) -> None:
    log = BigLog.write(tmp_path / "late.log", 20 << 20, fixtures, share=1)
    async with running() as client:  # that has nothing else to do
        await client.initialize()
        asked = await client.request("logsieve/reducedView", {"uri": log.path.as_uri()})
        view, row = asked["uri"], asked["line"]
        early = await content(client, view)
        assert re.match(r" *\.\.\. \| \[[\d,]+ lines: not read yet", early[0])
        assert number(early[row]) == log.cause
        assert log.contains in early[row]
        await client.wait_for("workspace/textDocumentContent/refresh", lambda p: p["uri"] == view)
        whole = await content(client, view)
        assert "not read yet" not in whole[0]
        assert early[row] in whole
        assert client.all_of("logsieve/status")[-1]["lines"] == log.lines
        await client.request("logsieve/findings", {"uri": log.path.as_uri()})
        assert len(client.all_of("workspace/textDocumentContent/refresh")) == 1
        assert await follow(client, view, whole.index(early[row])) == (log.path.as_uri(), log.cause - 1)


async def test_who_does_not_read_views_again_gets_the_whole(tmp_path: Path, fixtures: Path) -> None:
    log = BigLog.write(tmp_path / "late.log", 20 << 20, fixtures, share=1)
    async with running() as client:
        await client.initialize({})
        asked = await client.request("logsieve/reducedView", {"uri": log.path.as_uri()})
        rows = await content(client, asked["uri"])
        assert "not read yet" not in rows[0]
        assert number(rows[asked["line"]]) == log.cause


async def test_views_follow_the_file(server: Client, tmp_path: Path) -> None:
    log = tmp_path / "growing.log"
    log.write_text("collecting a\nerror: first\n")
    view = (await server.request("logsieve/reducedView", {"uri": log.as_uri()}))["uri"]
    shown = Window(log.as_uri(), 0).uri(2)
    rows = ["1 | collecting a", "2 | error: first", ""]
    assert await content(server, view) == await content(server, shown) == rows

    async def refreshed(uri: str, skip: int) -> None:
        await server.wait_for("workspace/textDocumentContent/refresh", lambda p: p["uri"] == uri, skip)

    async def changed(text: str, errors: int, how: Any) -> None:
        """Change the file, and expect to be told of that."""
        skip = len(server.heard)
        how(text)
        rows = [f"{number} | {line}" for number, line in enumerate(text.split("\n")[:-1], 1)]
        for uri in (view, shown):
            await refreshed(uri, skip)
            assert await content(server, uri) == [*rows, ""]

        def is_told(status: Any) -> bool:
            return bool(status["uri"] == log.as_uri() and not status["busy"])

        assert (await server.wait_for("logsieve/status", is_told, skip))["errors"] == errors

        def is_marked(marked: Any) -> bool:
            return bool(marked["uri"] == shown and len(marked["diagnostics"]) == errors)

        await server.wait_for("textDocument/publishDiagnostics", is_marked, skip)

    def grow(text: str) -> None:
        with log.open("a") as file:
            file.write(text[log.stat().st_size :])

    def rotate(text: str) -> None:
        log.rename(tmp_path / "growing.log.1")
        log.write_text(text)

    await changed("collecting a\nerror: first\nmake: *** [a] Error 2\nfatal: second\n", 2, grow)
    await changed("error: third\n", 1, log.write_text)  # truncated
    await changed("error: other\n", 1, rotate)
    server.close(view)
    server.close(shown)
    skip = len(server.heard)
    log.write_text("error: nobody looks\n")
    other = tmp_path / "other.log"
    other.write_text("error: x\n")
    view = (await server.request("logsieve/reducedView", {"uri": other.as_uri()}))["uri"]
    await content(server, view)
    await server.wait_for("logsieve/status", lambda p: p["uri"] == other.as_uri())
    other.write_text("error: y, and more\n")
    await refreshed(view, skip)
    assert [p["uri"] for p in server.all_of("workspace/textDocumentContent/refresh", skip)] == [view]


def view_of(log: bytes, start: int = 0) -> View:
    analysis = analysed(log)
    return Window("file:///a/x.log", start).view(analysis, Coordinates(analysis.text, Counting()))


async def test_nothing_in_a_window_harms_an_editor() -> None:
    log = b"\x1b[31mred\x1b[0m\ta\x00b\x0c\xe2\x80\xa8c\xe2\x80\xaed\n10%\r20%\rdone\n\xff\xfe\n" + b"x" * 5000 + b"\n"
    rows = view_of(log).content().split("\n")
    assert rows[:3] == ["1 | red\tab\ufffdc\ufffdd", "2 | done", "3 | \ufffd\ufffd"]
    assert rows[3] == f"4 | {'x' * LONGEST}[... 4,000 characters]"


async def test_a_line_of_many_megabytes_is_cut_without_being_read_to_its_end() -> None:
    rows = view_of(b"y" * (3 << 20) + b"\nend\n").content().split("\n")
    assert rows == [f"1 | {'y' * LONGEST}[... {(3 << 20) + 1 - LONGEST:,} characters]", "2 | end", ""]


async def test_a_window_on_what_is_gone_leads_to_the_end() -> None:
    view = view_of(b"one\ntwo\n", start=4000)
    assert view.content() == "... | [2 lines: earlier]\n"
    assert view.beyond == {0: 1}


async def test_a_window_without_numbers() -> None:
    analysis = analysed(b"one\nerror: two\n")
    view = Window("file:///a/x.log", 0).view(analysis, Coordinates(analysis.text, Counting(numbers=False)))
    assert (view.content(), view.rows()) == ("one\nerror: two\n", [0, 1])
    assert view.message(analysis, 1) == (1, 0, 1, 10)


async def test_a_long_gap_opens_from_its_ends_and_closes_again() -> None:
    analysis = analysed(b"".join(b"line %d\n" % i for i in range(3000)) + b"error: x\n" + b"z" * 5000 + b"\n")
    at = Coordinates(analysis.text, Counting())
    shown = Reduced("file:///a/x.log", 20)
    view = shown.view(analysis, at)
    lines = view.rows()
    gaps = [row for row in range(1, len(lines) - 1) if lines[row] < 0]
    gap = max(gaps, key=lambda row: lines[row + 1] - lines[row - 1])
    end = lines[gap + 1]
    found = view.toggled(gap, ())
    assert found
    opened, row = found
    first = opened[0][0]
    assert (opened, row) == (((first, first + PART), (end - PART, end)), gap)
    view = replace(shown, opened=opened).view(analysis, at)
    assert view.uri == shown.uri
    assert view.rows()[gap : gap + 2 * PART + 1] == [
        *range(first, first + PART),
        -1,
        *range(end - PART, end),
    ]
    again = view.toggled(gap + PART, opened)  # the rest: more from its ends, which join what is shown
    assert again
    assert again[0] == ((first, first + 2 * PART), (end - 2 * PART, end))
    assert view.toggled(gap + PART + 7, opened) == (((first, first + PART),), gap + PART)
    assert view.toggled(gap + 7, opened) == (((end - PART, end),), gap)
    last = len(view.rows()) - 1
    if view.rows()[last] < 0:  # the line of 5,000 characters was left out
        after = view.toggled(last, opened)
        assert after
        assert "[... 4,000 characters]" in replace(shown, opened=after[0]).view(analysis, at).content()


async def test_an_archive_is_one_triage_over_its_logs(tmp_path: Path, fixtures: Path) -> None:
    failing = fixtures / "pytest" / "long-verbose-two-failures" / "log.txt"
    file = tmp_path / "logs.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0_lint.txt", "all is fine\n")
        archive.write(failing, "1_test (3.12).txt")
        archive.writestr("test (3.12)/1_Set up job.txt", "error: what the job's log says already\n")
        archive.writestr("2_picture.txt", bytes(9))
    lint, test = f"{file.as_uri()}%21/0_lint.txt", f"{file.as_uri()}%21/1_test%20%283.12%29.txt"
    async with running() as client:
        await client.initialize()
        asked = {"uri": file.as_uri(), "workDoneToken": TOKEN}
        opened = await client.request("logsieve/reducedView", asked)
        assert opened["logs"] == [test, lint]  # what failed comes first; what is no log is left out
        stands = {s["uri"]: (s["verdict"], s["errors"]) for s in client.all_of("logsieve/status")}
        assert stands == {lint: ("unknown", 0), test: ("failed", 2)}
        told = [p["value"]["percentage"] for p in client.all_of("$/progress") if "percentage" in p["value"]]
        assert told == sorted(told)
        rows = await content(client, opened["uri"])
        lines = failing.read_text("utf-8").split("\n")
        cause = number(rows[opened["line"]])
        assert lines[cause - 1].strip() in rows[opened["line"]]
        place = await follow(client, opened["uri"], opened["line"])
        assert place
        assert place[0].startswith("logsieve://window/1_test")  # an editor cannot open the log itself
        assert number((await content(client, place[0]))[place[1]]) == cause
        found = (await client.request("logsieve/findings", {"uri": test}))["findings"]
        assert (found[0]["location"]["uri"], found[0]["line"]) == (place[0], cause - 1)
        with zipfile.ZipFile(file, "w") as archive:  # the run was done again
            archive.writestr("0_lint.txt", "error: unused import\nError: Process completed with exit code 1.\n")
            archive.write(failing, "1_test (3.12).txt")
        await client.wait_for("logsieve/status", lambda p: (p["uri"], p["verdict"]) == (lint, "failed"))


async def test_an_archive_without_logs_says_so(tmp_path: Path) -> None:
    file = tmp_path / "logs.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.md", "no log")
    async with running() as client:
        await client.initialize()
        with pytest.raises(ServerError, match="holds no log"):
            await client.request("logsieve/reducedView", {"uri": file.as_uri()})
