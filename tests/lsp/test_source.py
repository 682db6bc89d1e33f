"""From a log of another machine to the code of the workspace, over real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lsp.client import ANSWER, EVERYTHING, Client, running, span
from openai_server import serve

numbers = count()

FILES = {
    "src/shop/tax.py": "RATES = {}\n\n\ndef rate(country):\n    return RATES[country]\n",
    "src/shop/till.py": "import tax\n\n\ndef total(items):\n    return sum(rate(i) for i in items)\n",
    "tests/test_till.py": "import till\n\n\nclass TestTill:\n    def test_total(self):\n        assert total(['xx'])\n",
    "a/util.py": "one = 1\n",
    "b/util.py": "two = 2\n",
}
TRACE = """\
Traceback (most recent call last):
  File "/home/runner/work/shop/shop/tests/test_till.py", line 6, in test_total
    assert total(['xx'])
  File "/home/runner/work/shop/shop/src/shop/till.py", line 5, in total
    return sum(rate(i) for i in items)
  File "/home/runner/work/shop/shop/src/shop/tax.py", line 5, in rate
    return RATES[country]
  File "/opt/python/3.12/lib/python3.12/site-packages/shop_base/maps.py", line 3, in __getitem__
    raise KeyError(key)
KeyError: 'xx'
"""
STAMP = "2024-05-01T10:00:00.0000000Z "
MESSAGES = [
    "Checking out the code",
    *TRACE.splitlines(),
    "see src/shop/till.py:4:5 and util.py:1",
    "FAILED tests/test_till.py::TestTill::test_total",
]
LOG = "".join(f"{STAMP}{message}\n" for message in MESSAGES)
TILL, TAX, LIBRARY, LAST, FAILED = 4, 6, 8, 11, 12  # lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace."""
    folder = tmp_path.resolve() / "my shop"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest_asyncio.fixture
async def server(folder: Path) -> AsyncIterator[Client]:
    async with running() as client:
        await greet(client, folder)
        yield client


async def greet(client: Client, folder: Path, settings: dict[str, Any] | None = None, **capabilities: Any) -> None:
    document = {**EVERYTHING["textDocument"], "definition": {"linkSupport": True}, **capabilities}
    client.settings = settings or {}
    await client.initialize(
        {**EVERYTHING, "textDocument": document},
        workspaceFolders=[{"uri": folder.as_uri(), "name": "shop"}],
        initializationOptions={"settings": client.settings},
    )


def opened(client: Client, text: str = LOG) -> dict[str, Any]:
    uri = f"untitled:Untitled-{next(numbers)}"
    client.open(uri, text)
    return {"textDocument": {"uri": uri}}


async def defined(client: Client, document: dict[str, Any], line: int, character: int) -> list[tuple[str, int, int]]:
    """Name, line and column of each place that a position leads to."""
    position = {"line": line, "character": character}
    found = await client.request("textDocument/definition", {**document, "position": position}) or []
    return [(link["targetUri"].rpartition("/")[2], *link["targetSelectionRange"]["start"].values()) for link in found]


async def test_a_frame_leads_to_its_line(server: Client, folder: Path) -> None:
    document = opened(server)
    column = LOG.split("\n")[TAX].index("tax.py")
    [link] = await server.request(
        "textDocument/definition", {**document, "position": {"line": TAX, "character": column}}
    )
    assert link["targetUri"] == (folder / "src/shop/tax.py").as_uri()
    assert link["targetSelectionRange"] == span(4, 0, 4, 0)
    at = link["originSelectionRange"]
    shown = LOG.split("\n")[TAX][at["start"]["character"] : at["end"]["character"]]
    assert "tax.py" in shown
    assert "line 5" in shown


async def test_from_elsewhere_on_the_line_the_first_name_counts(server: Client) -> None:
    document = opened(server)
    assert await defined(server, document, TILL, 0) == [("till.py", 4, 0)]
    assert await defined(server, document, TILL + 1, 0) == []


async def test_columns_and_what_is_meant_by_several_names(server: Client) -> None:
    document = opened(server)
    line = LOG.split("\n")[LAST]
    assert await defined(server, document, LAST, line.index("till")) == [("till.py", 3, 4)]
    found = await defined(server, document, LAST, line.index("util"))
    assert found == [("util.py", 0, 0), ("util.py", 0, 0)]


async def test_a_test_leads_to_its_function(server: Client) -> None:
    assert await defined(server, opened(server), FAILED, len(LOG.split("\n")[FAILED])) == [("test_till.py", 4, 0)]


async def test_a_frame_of_a_library_leads_nowhere(server: Client) -> None:
    assert await defined(server, opened(server), LIBRARY, 60) == []


async def test_links_stand_in_what_was_found(server: Client, folder: Path) -> None:
    document = opened(server)
    links = await server.request("textDocument/documentLink", document)
    assert [link["target"] for link in links if link["range"]["start"]["line"] <= LIBRARY] == [
        (folder / "tests/test_till.py").as_uri() + "#L6",
        (folder / "src/shop/till.py").as_uri() + "#L5",
        (folder / "src/shop/tax.py").as_uri() + "#L5",
    ]
    assert links[0]["tooltip"] == "tests/test_till.py:6"


async def test_in_a_view_frames_lead_to_the_code_and_the_rest_to_the_log(server: Client) -> None:
    document = opened(server)
    result = await server.request("logsieve/reducedView", {"uri": document["textDocument"]["uri"]})
    rows = (await server.request("workspace/textDocumentContent", {"uri": result["uri"]}))["text"].split("\n")
    row = next(n for n, text in enumerate(rows) if "tax.py" in text)
    view = {"textDocument": {"uri": result["uri"]}}
    assert await defined(server, view, row, rows[row].index("tax.py")) == [("tax.py", 4, 0)]
    back = await server.request("textDocument/definition", {**view, "position": {"line": row, "character": 0}})
    assert back["uri"] == document["textDocument"]["uri"]
    assert back["range"]["start"]["line"] == TAX
    links = await server.request("textDocument/documentLink", view)
    assert "tax.py" in rows[links[2]["range"]["start"]["line"]]


async def test_a_client_that_knows_no_links_gets_locations(client: Client, folder: Path) -> None:
    await greet(client, folder, definition={})
    document = opened(client)
    found = await client.request("textDocument/definition", {**document, "position": {"line": TAX, "character": 0}})
    assert found == [{"uri": (folder / "src/shop/tax.py").as_uri(), "range": span(4, 0, 4, 0)}]


async def test_files_that_are_made_and_removed_are_noticed(client: Client, folder: Path) -> None:
    await client.initialize(
        {
            **EVERYTHING,
            "workspace": {**EVERYTHING["workspace"], "didChangeWatchedFiles": {"dynamicRegistration": True}},
        },
        workspaceFolders=[{"uri": folder.as_uri(), "name": "shop"}],
    )
    document = opened(client, "error: boom\n    at src/shop/new.py:3\n")
    ask = {**document, "position": {"line": 1, "character": 8}}
    assert not await client.request("textDocument/definition", ask)
    new = folder / "src/shop/new.py"
    new.write_text("new\n")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": new.as_uri(), "type": 1}]})
    [found] = await client.request("textDocument/definition", ask)
    assert found["uri"] == new.as_uri()
    new.unlink()
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": new.as_uri(), "type": 3}]})
    assert not await client.request("textDocument/definition", ask)


async def test_a_client_that_watches_nothing_finds_new_files_with_the_next_log(server: Client, folder: Path) -> None:
    await defined(server, opened(server), TAX, 0)
    (folder / "src/shop/new.py").write_text("new\n")
    found: list[tuple[str, int, int]] = []
    async with asyncio.timeout(ANSWER):
        while not found:  # they are listed by a thread
            found = await defined(server, opened(server, "error: boom at src/shop/new.py:1\n"), 0, 20)
    assert found == [("new.py", 0, 0)]


async def test_folders_that_the_user_maps(client: Client, folder: Path) -> None:
    await greet(client, folder, {"source": {"folders": ["/x/y=a"]}})
    await client.wait_for("workspace/configuration")
    document = opened(client, "error: boom\n  /x/y/util.py:1: boom\n")
    found = await client.request("textDocument/definition", {**document, "position": {"line": 1, "character": 4}})
    assert [link["targetUri"] for link in found] == [(folder / "a/util.py").as_uri()]


async def test_nothing_outside_the_workspace_is_opened(server: Client, folder: Path) -> None:
    (folder.parent / "secret.py").write_text("x = 1\n")
    (folder / "src/link.py").symlink_to(folder.parent / "secret.py")
    text = f"error: at {folder.parent}/secret.py:1\nerror: at ../secret.py:1\nerror: at src/link.py:1\n"
    document = opened(server, text)
    for line in range(3):
        assert await defined(server, document, line, 0) == []


async def test_prose_has_no_links(server: Client) -> None:
    uri = "untitled:prose"
    server.open(uri, "see src/shop/tax.py:5\n", language="plaintext")
    assert await server.request("textDocument/documentLink", {"textDocument": {"uri": uri}}) in ([], None)


async def hovered(client: Client, document: dict[str, Any], line: int, character: int) -> str:
    await client.request("textDocument/documentLink", document)  # by now the files are known, and hover does not wait
    position = {"line": line, "character": character}
    found = await client.request("textDocument/hover", {**document, "position": position})
    return str(found["contents"]["value"]) if found else ""


async def test_a_hover_shows_the_function_of_a_frame(server: Client) -> None:
    document = opened(server)
    column = LOG.split("\n")[TAX].index("tax.py")
    code = "```python\ndef rate(country):\n    return RATES[country]\n```"
    assert await hovered(server, document, TAX, column) == f"**`src/shop/tax.py:5`** in `rate`\n\n{code}"
    assert "Root cause" in await hovered(server, document, TAX, 3)


async def test_code_cannot_bring_markdown_to_life_in_a_hover(server: Client, folder: Path) -> None:
    long = "".join(f"    x = {n}\n" for n in range(100))
    (folder / "src/shop/tax.py").write_text(f"def rate():\n{long}    # ```` ![x](y) \x1b[31m\u202e\n")
    text = await hovered(server, opened(server, "error: boom\n  at src/shop/tax.py:102:7\n"), 1, 8)
    fenced = text.partition("\n\n")[2].split("\n")
    assert fenced[0] == "`````python"
    assert fenced[-1] == "`````"
    assert fenced[-2] == "    # ```` ![x](y) ?[31m\ufffd"
    assert len(fenced) == 32


async def marked(client: Client, uri: str, skip: int = 0) -> list[dict[str, Any]]:
    published = await client.wait_for("textDocument/publishDiagnostics", lambda p: p["uri"] == uri, skip)
    return list(published["diagnostics"])


async def test_a_failure_stands_on_the_line_of_code_until_the_log_is_closed(server: Client, folder: Path) -> None:
    code = (folder / "src/shop/tax.py").as_uri()
    log = (folder / "build.log").as_uri()
    server.open(log, LOG)
    [found] = await marked(server, code)
    assert found["range"] == span(4, 4, 4, len("    return RATES[country]"))
    assert found["message"].endswith("\nfailed in build.log:11")
    assert "KeyError: 'xx'" in found["message"]
    assert found["severity"] == 1
    assert "tags" not in found
    [related] = found["relatedInformation"]
    assert related["location"]["uri"] == log
    assert related["location"]["range"]["start"]["line"] == 10
    heard = len(server.heard)
    server.close(log)
    assert await marked(server, code, heard) == []


async def test_two_logs_say_what_they_say_of_one_file(server: Client, folder: Path) -> None:
    code = (folder / "src/shop/tax.py").as_uri()
    for name in ("one.log", "two.log"):
        server.open((folder / name).as_uri(), LOG)
    both = await server.wait_for(
        "textDocument/publishDiagnostics", lambda p: p["uri"] == code and len(p["diagnostics"]) == 2
    )
    assert [d["message"].rpartition(" ")[2] for d in both["diagnostics"]] == ["one.log:11", "two.log:11"]
    heard = len(server.heard)
    server.close((folder / "one.log").as_uri())
    assert len(await marked(server, code, heard)) == 1


@pytest.mark.parametrize(
    ("now", "line", "stale"),
    [
        ("# new\nRATES = {}\n\n\ndef rate(country):\n    return RATES[country]\n", 5, False),  # moved
        ("RATES = {}\n\n\ndef rate(country):\n    return RATES.get(country, 0)\n", 4, True),
        ("RATES = {}\n", 1, True),
    ],
)
async def test_code_that_has_changed_since(server: Client, folder: Path, now: str, line: int, stale: bool) -> None:
    (folder / "src/shop/tax.py").write_text(now)
    server.open((folder / "build.log").as_uri(), LOG)
    [found] = await marked(server, (folder / "src/shop/tax.py").as_uri())
    assert found["range"]["start"]["line"] == line
    assert found["message"].endswith("; the code has changed since") == stale
    assert (found.get("tags") == [1]) == stale
    assert (found["severity"] == 4) == stale


async def test_what_is_mended_is_noticed(client: Client, folder: Path) -> None:
    told = {**EVERYTHING["workspace"], "didChangeWatchedFiles": {"dynamicRegistration": True}}
    await client.initialize(
        {**EVERYTHING, "workspace": told}, workspaceFolders=[{"uri": folder.as_uri(), "name": "shop"}]
    )
    code = folder / "src/shop/tax.py"
    client.open((folder / "build.log").as_uri(), LOG)
    await marked(client, code.as_uri())
    heard = len(client.heard)
    code.write_text(code.read_text().replace("RATES[country]", "RATES.get(country, 0)"))
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": code.as_uri(), "type": 2}]})
    [found] = await marked(client, code.as_uri(), heard)
    assert found["tags"] == [1]


async def test_frames_of_libraries_fold_inside_a_trace(server: Client) -> None:
    frame = '  File "/opt/python/lib/python3.12/site-packages/web/app.py", line 3, in call\n    return self.app()\n'
    head, _, tail = TRACE.partition('  File "/home/runner/work/shop/shop/src/shop/till.py"')
    document = opened(server, f'{head}{frame * 14}  File "/home/runner/work/shop/shop/src/shop/till.py"{tail}')
    expected = {"startLine": 3, "endLine": 30, "collapsedText": "14 frames in site-packages", "kind": "region"}
    assert expected in await server.request("textDocument/foldingRange", document)
    found = await server.request("logsieve/noise", {"uri": document["textDocument"]["uri"]})
    [run] = [run for run in found["noise"] if run["start"] == 3]
    assert (run["end"], run["lines"], run["text"]) == (30, 28, "14 frames in site-packages")


async def test_explain_takes_the_functions_along_that_the_failure_went_through(server: Client) -> None:
    uri = opened(server)["textDocument"]["uri"]
    shown = await server.request("logsieve/explainPreview", {"uri": uri})
    for path, function in (("src/shop/tax.py", "def rate(country):"), ("src/shop/till.py", "def total(items):")):
        assert f"{path}\\n4 | {function}" in shown["payload"]
        assert f"{path}:4-5" in shown["terms"]
    editors = await server.request("logsieve/prompt", {"uri": uri, "vendor": "v", "model": "m"})
    assert "4 | def rate(country):" in editors["payload"]
    assert "src/shop/tax.py:4-5" in editors["terms"]
    server.settings = {"llm": {"source": 0}}
    server.notify("workspace/didChangeConfiguration", {"settings": None})
    await server.wait_for("workspace/configuration", skip=len(server.heard))
    shown = await server.request("logsieve/explainPreview", {"uri": uri})
    assert "def rate(country):" not in shown["payload"]
    assert not shown["code"]


async def test_what_an_answer_quotes_of_the_code_leads_to_the_code(client: Client, folder: Path) -> None:
    answer = "`return RATES[country]` fails.\n\n- `def rate(country):` (tax.py:9)\n\n> 4 | def rate(country):\n"
    with serve(answer=answer) as endpoint:
        await greet(client, folder, {"llm": {"endpoint": endpoint.url, "model": "test-model", "timeout": 30}})
        uri = opened(client)["textDocument"]["uri"]
        shown = await client.request("logsieve/explainPreview", {"uri": uri})
        asked = {"uri": uri, "id": "one", "payload": shown["payload"], "consent": True}
        found = await client.request("logsieve/explain", asked)
    tax = (folder / "src/shop/tax.py").as_uri()
    assert found["header"] == (
        "*Checked against the log and the code: 2 of 3 lines and quotes found; **1 not, and marked so**.*"
    )
    assert f"[`return RATES[country]`]({uri}#L8) fails." in found["text"]  # the trace says it too
    assert "`def rate(country):` *(not there, but at src/shop/tax.py:4)* (tax.py:9)" in found["text"]
    assert f"> [`4 | def rate(country):`]({tax}#L4) (src/shop/tax.py:4)" in found["text"]
    # what the editor's own models say is checked alike
    await client.request("logsieve/prompt", {"uri": uri, "vendor": "v", "model": "m"})
    checked = await client.request("logsieve/verify", {"uri": uri, "text": answer})
    assert (checked["text"], checked["verified"]) == (found["text"], 2)


async def test_who_agreed_to_send_of_logs_is_asked_again_where_code_goes_along(server: Client) -> None:
    uri = opened(server)["textDocument"]["uri"]
    question = {"uri": uri, "vendor": "v", "model": "m"}
    agreed = {"uri": uri, "endpoint": "editor:v", "granted": True}
    await server.request("logsieve/consent", agreed)
    shown = await server.request("logsieve/prompt", question)
    assert (shown["code"], shown["consented"]) == (True, False)
    await server.request("logsieve/consent", {**agreed, "code": True})
    assert (await server.request("logsieve/prompt", question))["consented"]


async def test_marks_can_be_switched_off(client: Client, folder: Path) -> None:
    await greet(client, folder, {"source": {"diagnostics": False}})
    log = (folder / "build.log").as_uri()
    client.open(log, LOG)
    await client.settled(log)
    await client.request("textDocument/documentLink", {"textDocument": {"uri": log}})
    assert {p["uri"] for p in client.all_of("textDocument/publishDiagnostics")} == {log}


FAILURE = """\
=================================== FAILURES ===================================
_____________________________ TestTill.test_total ______________________________

    def test_total(self):
>       assert total(['xx'])

tests/test_till.py:6:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

country = 'xx'

    def rate(country):
>       return RATES[country]
E       KeyError: 'xx'

src/shop/tax.py:5: KeyError
=========================== short test summary info ============================
FAILED tests/test_till.py::TestTill::test_total - KeyError: 'xx'
============================== 1 failed in 0.01s ===============================
"""


async def test_a_test_is_told_how_often_it_failed(client: Client, folder: Path) -> None:
    document = {**EVERYTHING["textDocument"], "codeLens": {"dynamicRegistration": True}}
    await client.initialize(
        {**EVERYTHING, "textDocument": document},
        workspaceFolders=[{"uri": folder.as_uri(), "name": "shop"}],
        initializationOptions={"settings": {}, "commands": ["logsieve.showLine"]},
    )
    log, test = (folder / "build.log").as_uri(), folder / "tests/test_till.py"
    client.open(log, FAILURE)

    def lenses(params: Any) -> bool:
        return bool(params["registrations"][0]["method"] == "textDocument/codeLens")

    asked = await client.wait_for("client/registerCapability", lenses)
    [registration] = asked["registrations"]
    assert registration["registerOptions"]["documentSelector"] == [{"pattern": str(test), "scheme": "file"}]
    [lens] = await client.request("textDocument/codeLens", {"textDocument": {"uri": test.as_uri()}})
    assert lens["range"] == span(4, 0, 4, 0)
    assert lens["command"]["title"] == "1 failure in build.log"
    assert lens["command"]["command"] == "logsieve.showLine"
    assert lens["command"]["arguments"][0] == log
    client.close(log)
    gone = await client.wait_for("client/unregisterCapability")
    assert gone["unregisterations"][0]["id"] == registration["id"]
    assert await client.request("textDocument/codeLens", {"textDocument": {"uri": test.as_uri()}}) == []
