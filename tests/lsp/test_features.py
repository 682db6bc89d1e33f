"""Each feature on one log of a run on GitHub Actions, over one server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from lsp.client import COMMANDS, Client, ServerError, running, span

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGES = [
    "##[group]Run pip install -r requirements.txt",
    *(f"  Downloading package_{i}-1.{i}.0-py3-none-any.whl ({i + 10} kB)" for i in range(40)),
    "WARNING: Retrying <b>after</b> a broken connection",
    "##[endgroup]",
    "##[group]Run make test",
    "error: expected `;` before 'return' [link](http://127.0.0.1/)",
    "##[error]Process completed with exit code 2.",
    "##[endgroup]",
]
STAMP = "2024-05-01T10:00:00.0000000Z "
LOG = "".join(f"{STAMP}{message}\n" for message in MESSAGES)
WARNING, CAUSE, ENDED = 41, 44, 45  # lines
numbers = count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everything() -> AsyncIterator[Client]:
    """A server whose client can everything."""
    async with running() as client:
        await client.initialize()
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def little() -> AsyncIterator[Client]:
    """A server whose client can as little as the protocol allows."""
    async with running() as client:
        await client.initialize({}, initializationOptions={"commands": ["logsieve.copyReduced"]})
        yield client


def opened(client: Client, text: str = LOG) -> dict[str, Any]:
    """A new document; how requests name it."""
    uri = f"untitled:Untitled-{next(numbers)}"
    client.open(uri, text)
    return {"textDocument": {"uri": uri}}


async def test_diagnostics(everything: Client) -> None:
    uri = opened(everything)["textDocument"]["uri"]
    found = await everything.diagnostics(uri)
    assert [d["range"]["start"]["line"] for d in found] == [CAUSE, WARNING]
    assert [d["severity"] for d in found] == [1, 2]
    assert [d["data"]["index"] for d in found] == [0, 1]
    assert found[0]["range"] == span(CAUSE, len(STAMP), CAUSE, len(STAMP + MESSAGES[CAUSE]))
    assert found[0]["message"] == "expected `;` before 'return' [link](http://127.0.0.1/)"
    assert [r["location"]["range"]["start"]["line"] for r in found[0]["relatedInformation"]] == [ENDED]
    assert {d["source"] for d in found} == {"logsieve"}


async def test_equal_failures_are_one_diagnostic_with_a_count_and_the_other_places(
    everything: Client, little: Client
) -> None:
    log = "error: boom\nsome\nerror: boom\nother\nerror: boom\n"
    uri = opened(everything, log)["textDocument"]["uri"]
    [found] = await everything.diagnostics(uri)
    assert found["message"].endswith("boom (and 2 more)")
    assert [r["location"]["uri"] for r in found["relatedInformation"]] == [uri, uri]
    assert [r["location"]["range"]["start"]["line"] for r in found["relatedInformation"]] == [2, 4]
    assert all(r["message"] for r in found["relatedInformation"])
    [found] = await little.diagnostics(opened(little, log)["textDocument"]["uri"])
    assert "relatedInformation" not in found


async def test_status(everything: Client) -> None:
    uri = opened(everything)["textDocument"]["uri"]
    status = await everything.settled(uri)
    assert (status["verdict"], status["errors"], status["warnings"]) == ("failed", 1, 1)
    assert (status["lines"], status["noiseLines"]) == (len(MESSAGES), 40)
    assert status["title"].startswith("expected")
    assert status["why"]
    assert 0 < status["tokens"] <= 4000


async def test_status_says_when_it_is_being_worked_out(everything: Client) -> None:
    uri = opened(everything)["textDocument"]["uri"]
    await everything.settled(uri)
    everything.change(uri, 2, {"text": "fine\n"})
    busy = await everything.wait_for("logsieve/status", lambda p: p["uri"] == uri and p["busy"])
    assert (busy["version"], busy["errors"]) == (2, 1)
    assert (await everything.settled(uri, 2))["errors"] == 0


async def test_a_text_that_is_no_log_any_more_is_not_busy_for_ever(everything: Client) -> None:
    uri = f"untitled:Untitled-{next(numbers)}"
    everything.open(uri, "error: boom\n", "plaintext")
    assert (await everything.settled(uri))["errors"] == 1
    everything.change(uri, 2, {"text": "Dear Ann,\n"})
    assert await everything.diagnostics(uri, 2) == []
    status = await everything.settled(uri, 2)
    assert (status["verdict"], status["errors"], status["lines"]) == ("unknown", 0, 0)


async def test_folds(everything: Client, little: Client) -> None:
    folds = await everything.request("textDocument/foldingRange", opened(everything))
    assert folds == [
        {"startLine": 0, "endLine": 42},
        {"startLine": 1, "endLine": 40, "kind": "region", "collapsedText": "40 lines: downloads"},
        {"startLine": 43, "endLine": 46},
    ]
    folds = await little.request("textDocument/foldingRange", opened(little))
    assert [sorted(f) for f in folds] == [
        ["endLine", "startLine"],
        ["endLine", "kind", "startLine"],
        ["endLine", "startLine"],
    ]


async def test_a_value_over_several_lines_folds_where_it_begins_and_ends(everything: Client) -> None:
    xml = ["<suite>", "<case>", "no indentation tells where it ends", "</case>", "</suite>"]
    json = ['response: {"items": [', "1,", '{"a": "}"', "}", "]", "}"]
    yaml = ["metadata:", "  labels:", "  - a: 1", "    b: 2"]
    rows = ["before", *xml, "between", *json, "between", *yaml, "after"]
    folds = await everything.request("textDocument/foldingRange", opened(everything, "\n".join(rows)))
    assert folds == [{"startLine": 1, "endLine": 5}, {"startLine": 7, "endLine": 12}, {"startLine": 14, "endLine": 17}]


async def test_folds_are_capped_by_what_they_hide() -> None:
    capabilities = {"textDocument": {"foldingRange": {"rangeLimit": 1}}}
    async with running() as client:
        await client.initialize(capabilities)
        [fold] = await client.request("textDocument/foldingRange", opened(client))
        assert (fold["startLine"], fold["endLine"]) == (1, 40)


async def test_noise(everything: Client) -> None:
    found = await everything.request("logsieve/noise", {"uri": opened(everything)["textDocument"]["uri"]})
    text = "40 lines: downloads"
    expected = {"start": 1, "end": 40, "lines": 40, "reason": "downloads", "worst": None, "text": text}
    assert found == {"noise": [expected]}


async def test_findings(everything: Client) -> None:
    uri = opened(everything)["textDocument"]["uri"]
    found = (await everything.request("logsieve/findings", {"uri": uri}))["findings"]
    assert [f["index"] for f in found] == [0, 1]
    assert [f["line"] for f in found] == [CAUSE, WARNING]
    assert [f["severity"] for f in found] == ["error", "warning"]
    assert found[0]["category"] == "other"
    where = span(CAUSE, len(STAMP), CAUSE, len(STAMP + MESSAGES[CAUSE]))
    assert found[0]["location"] == {"uri": uri, "range": where}
    assert [(p["line"], p["location"]["range"]["start"]["line"]) for p in found[0]["places"]] == [(ENDED, ENDED)]
    assert all(f["why"] for f in found)
    assert {f["count"] for f in found} == {1}
    assert [(f["section"]["title"], f["section"]["line"]) for f in found] == [
        ("make test", 43),
        ("pip install -r requirements.txt", 0),
    ]
    assert [f["section"]["location"]["range"]["start"]["line"] for f in found] == [43, 0]


async def test_symbols(everything: Client, little: Client) -> None:
    install, test = await everything.request("textDocument/documentSymbol", opened(everything))
    assert install["name"] == "pip install -r requirements.txt"
    assert [c["name"] for c in install["children"]] == ["Retrying <b>after</b> a broken connection"]
    assert test["name"] == "make test"
    assert test["detail"] == "failed, exit code 2"
    assert test["range"] == span(43, 0, 46, len(STAMP + MESSAGES[46]))
    assert test["selectionRange"]["start"]["line"] == 43
    assert [c["selectionRange"]["start"]["line"] for c in test["children"]] == [CAUSE]
    for symbol in walk([install, test]):
        assert contains(symbol["range"], symbol["selectionRange"])
        assert all(contains(symbol["range"], child["range"]) for child in symbol["children"])
    flat = await little.request("textDocument/documentSymbol", opened(little))
    assert [s["name"] for s in flat if "containerName" not in s] == ["pip install -r requirements.txt", "make test"]
    assert [s["location"]["range"]["start"]["line"] for s in flat if s.get("containerName") == "make test"] == [CAUSE]


def walk(symbols: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [s for symbol in symbols for s in (symbol, *walk(symbol["children"]))]


def contains(outer: dict[str, Any], inner: dict[str, Any]) -> bool:
    def place(position: dict[str, int]) -> tuple[int, int]:
        return position["line"], position["character"]

    return place(outer["start"]) <= place(inner["start"]) and place(inner["end"]) <= place(outer["end"])


async def test_hover_on_a_finding(everything: Client, little: Client) -> None:
    at = {"position": {"line": CAUSE, "character": 3}}
    found = await everything.request("textDocument/hover", {**opened(everything), **at})
    assert found["contents"]["kind"] == "markdown"
    text = found["contents"]["value"]
    assert text.startswith("**``expected `;` before 'return' [link](http://127.0.0.1/)``**\n\nRoot cause: error, ")
    assert "- why: in the step that failed: make test" in text
    assert found["range"]["start"] == {"line": CAUSE, "character": 0}
    plain = await little.request("textDocument/hover", {**opened(little), **at})
    assert plain["contents"]["kind"] == "plaintext"
    assert plain["contents"]["value"].startswith(
        "expected `;` before 'return' [link](http://127.0.0.1/)\n\nRoot cause: "
    )


async def test_hover_on_noise_and_on_nothing(everything: Client) -> None:
    log = opened(everything)
    found = await everything.request("textDocument/hover", {**log, "position": {"line": 7, "character": 0}})
    assert found["contents"]["value"] == "Noise: 40 lines: downloads"
    assert found["range"]["end"]["line"] == 40
    assert await everything.request("textDocument/hover", {**log, "position": {"line": 43, "character": 0}}) is None
    empty = opened(everything, "")
    assert await everything.request("textDocument/hover", {**empty, "position": {"line": 0, "character": 0}}) is None


async def test_a_log_cannot_bring_markdown_to_life_in_a_hover(everything: Client) -> None:
    log = opened(everything, "error: ``` ![x](http://127.0.0.1/x.png) <img src=x> `\nnext\n")
    found = await everything.request("textDocument/hover", {**log, "position": {"line": 0, "character": 0}})
    title = found["contents"]["value"].split("\n")[0]
    assert title == "**```` ``` ![x](http://127.0.0.1/x.png) <img src=x> ` ````**"


async def actions(client: Client, log: dict[str, Any], line: int, **context: Any) -> list[dict[str, Any]]:
    asked = {**log, "range": span(line, 0, line, 5), "context": {"diagnostics": [], **context}}
    found: list[dict[str, Any]] = await client.request("textDocument/codeAction", asked)
    return found


async def test_code_actions_on_a_finding(everything: Client) -> None:
    log = opened(everything)
    uri = log["textDocument"]["uri"]
    shown = await everything.diagnostics(uri)
    found = await actions(everything, log, CAUSE, diagnostics=shown[:2])
    assert [(a["command"]["command"], a["command"]["arguments"]) for a in found] == [
        ("logsieve.explain", [uri, 0]),
        ("logsieve.copyFinding", [uri, 0]),
        ("logsieve.notAnError", [uri, CAUSE]),
        ("logsieve.copyReduced", [uri]),
        ("logsieve.openReduced", [uri]),
        ("logsieve.findSimilar", [uri, CAUSE]),
    ]
    assert found[0]["diagnostics"] == shown[:1]
    assert "diagnostics" not in found[3]
    assert {a["kind"] for a in found} == {"quickfix"}


async def test_code_actions_elsewhere(everything: Client, little: Client) -> None:
    log = opened(everything)
    uri = log["textDocument"]["uri"]
    found = await actions(everything, log, 7)
    assert [(a["command"]["command"], a["command"]["arguments"]) for a in found] == [
        ("logsieve.explain", [uri]),
        ("logsieve.copyReduced", [uri]),
        ("logsieve.openReduced", [uri]),
        ("logsieve.alwaysAnError", [uri, 7]),
        ("logsieve.findSimilar", [uri, 7]),
        ("logsieve.hideLines", [uri, 7]),
    ]
    assert await actions(everything, log, CAUSE, only=["source.organizeImports"]) == []
    assert len(await actions(everything, log, CAUSE, only=["quickfix"])) == len(COMMANDS) + 1
    offered = await actions(little, opened(little), CAUSE)
    # What it can run itself and what the server runs, as commands: it has not said that it knows code actions.
    assert [a["command"] for a in offered] == ["logsieve.notAnError", "logsieve.copyReduced"]


async def test_reduce(everything: Client) -> None:
    uri = opened(everything)["textDocument"]["uri"]
    # At a small budget the downloads, of which there is nothing to tell, go first.
    found = await everything.request("logsieve/reduce", {"uri": uri, "budget": 300})
    assert "expected `;` before 'return'" in found["text"]
    assert found["tokens"] <= 300
    lines = {n for first, last in found["lines"] for n in range(first, last + 1)}
    omitted = {n for gap in found["omitted"] for n in range(gap["start"], gap["end"] + 1)}
    assert CAUSE in lines
    assert lines | omitted == set(range(len(MESSAGES)))
    assert not lines & omitted
    assert sum(gap["lines"] for gap in found["omitted"]) == len(omitted)
    one = await everything.request("logsieve/reduce", {"uri": uri, "finding": 1, "budget": 200})
    assert "Retrying" in one["text"]
    assert "package_20" not in one["text"]


async def test_reduce_redacts(everything: Client) -> None:
    secret = "ghp_" + "a1B2c3D4" * 5
    uri = opened(everything, f"error: bad token {secret[:40]}\n")["textDocument"]["uri"]
    found = await everything.request("logsieve/reduce", {"uri": uri})
    assert found["redacted"] == [{"kind": "GitHub token", "line": 0, "placeholder": "<secret:1>"}]
    assert secret[:40] not in found["text"]


async def test_the_reduced_view_leads_back(everything: Client) -> None:
    log = opened(everything)
    view = (await everything.request("logsieve/reducedView", {"uri": log["textDocument"]["uri"], "budget": 300}))["uri"]
    assert view.startswith("logsieve://reduced/Untitled-")
    text = (await everything.request("workspace/textDocumentContent", {"uri": view}))["text"]
    rows = text.split("\n")
    cause = next(i for i, row in enumerate(rows) if "expected" in row)
    assert rows[cause].startswith(f"{CAUSE + 1} | error: ")  # its time is that of the line before
    gap = next(i for i, row in enumerate(rows) if row.strip().startswith("... | ["))
    for row, expected in ((cause, CAUSE), (gap, None), (len(rows) + 5, None)):
        at = {"textDocument": {"uri": view}, "position": {"line": row, "character": 9}}
        found = await everything.request("textDocument/definition", at)
        assert (found and found["range"]["start"]["line"]) == expected
        assert found is None or found["uri"] == log["textDocument"]["uri"]
    nowhere = {**log, "position": {"line": CAUSE, "character": 0}}
    assert await everything.request("textDocument/definition", nowhere) is None


async def test_a_client_that_shows_numbers_itself_gets_none_in_the_text() -> None:
    async with running() as client:
        await client.initialize(initializationOptions={"numbers": False})
        uri = opened(client)["textDocument"]["uri"]
        view = {"uri": (await client.request("logsieve/reducedView", {"uri": uri, "budget": 300}))["uri"]}
        found = await client.request("logsieve/view", view)
        rows = found["text"].split("\n")[:-1]
        cause = found["lines"].index(CAUSE)
        assert rows[cause] == MESSAGES[CAUSE]  # its time is that of the line before
        assert rows[found["lines"].index(-1)].startswith("[... ")
        at = {"textDocument": view, "position": {"line": cause, "character": 0}}
        assert (await client.request("textDocument/hover", at))["range"] == span(cause, 0, cause, len(rows[cause]))
        for method in ("logsieve/expand", "logsieve/view"):
            with pytest.raises(ServerError, match=r"not a reduced log|no such document"):
                await client.request(method, {"uri": uri, "line": 0})


async def test_what_was_left_out_can_be_shown_in_its_place(everything: Client) -> None:
    log = opened(everything)
    asked = {"uri": log["textDocument"]["uri"], "budget": 300}
    view = {"uri": (await everything.request("logsieve/reducedView", asked))["uri"]}
    before = await everything.request("logsieve/view", view)
    text = (await everything.request("workspace/textDocumentContent", view))["text"]
    assert before["text"] == text
    rows = text.split("\n")[:-1]
    assert before["lines"] == [-1 if row.lstrip().startswith("...") else int(row.split("|")[0]) - 1 for row in rows]
    gap = max(range(len(rows)), key=lambda i: 0 if before["lines"][i] >= 0 else int(rows[i].split("[")[1].split()[0]))
    first, after = before["lines"][gap - 1] + 1, before["lines"][gap + 1]
    assert (await everything.request("logsieve/expand", {**view, "line": gap}))["line"] == gap
    wider = await everything.request("logsieve/view", view)
    assert wider["lines"] == [*before["lines"][:gap], *range(first, after), *before["lines"][gap + 1 :]]
    assert LOG.split("\n")[first + 3].rpartition("Z ")[2] in wider["text"].split("\n")[gap + 3]
    there = {"textDocument": view, "position": {"line": gap + 3, "character": 9}}
    assert (await everything.request("textDocument/definition", there))["range"]["start"]["line"] == first + 3
    assert (await everything.request("logsieve/expand", {**view, "line": gap - 1}))["line"] is None
    assert (await everything.request("logsieve/expand", {**view, "line": 9999}))["line"] is None
    assert (await everything.request("logsieve/expand", {**view, "line": gap + 3}))["line"] == gap
    assert await everything.request("logsieve/view", view) == before


async def test_the_view_of_a_file_with_an_odd_name_survives_vs_code(everything: Client, tmp_path: Any) -> None:
    from urllib.parse import quote, unquote

    file = tmp_path / "a b&c=d%41+é😀.log"
    file.write_bytes(LOG.encode())
    view = (await everything.request("logsieve/reducedView", {"uri": file.as_uri()}))["uri"]
    head, query = view.split("?")
    # VS Code unquotes the query when it reads a URI, and quotes all of it when it writes one.
    for uri in (view, f"{head}?{quote(unquote(query), safe='')}"):
        text = (await everything.request("workspace/textDocumentContent", {"uri": uri}))["text"]
        assert "expected `;` before 'return'" in text


async def test_a_view_is_read_again_when_its_log_has_changed(everything: Client) -> None:
    uri = opened(everything)["textDocument"]["uri"]
    view = (await everything.request("logsieve/reducedView", {"uri": uri}))["uri"]
    await everything.request("workspace/textDocumentContent", {"uri": view})
    everything.change(uri, 2, {"text": "error: other\n"})
    assert await everything.wait_for("workspace/textDocumentContent/refresh", lambda p: p["uri"] == view)
    text = (await everything.request("workspace/textDocumentContent", {"uri": view}))["text"]
    assert text == "1 | error: other\n"


async def test_an_empty_log(everything: Client) -> None:
    log = opened(everything, "")
    uri = log["textDocument"]["uri"]
    assert await everything.diagnostics(uri) == []
    assert (await everything.settled(uri))["verdict"] == "unknown"
    assert await everything.request("textDocument/foldingRange", log) == []
    assert await everything.request("textDocument/documentSymbol", log) == []
    assert (await everything.request("logsieve/reduce", {"uri": uri}))["text"] == ""
    assert len(await actions(everything, log, 0)) == 2


async def test_nobody_was_troubled(everything: Client, little: Client) -> None:
    for client in (everything, little):
        assert client.all_of("window/showMessage") == []
        assert client.errors == ""
