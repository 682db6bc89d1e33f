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
