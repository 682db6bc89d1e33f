"""Settings, packs of the user and of the workspace, and what the user is told about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp.client import Client, running

URI = "untitled:Untitled-1"
LOG = "warning: old\nfrobnicator: gave up\nerror: boom\n"
PACK = r"""
name = "frob"
[[rule]]
id = "gave-up"
pattern = '^frobnicator: (?P<message>[^\n]*)$'
[[sample]]
text = "frobnicator: gave up"
rule = "gave-up"
level = "error"
"""


def severities(diagnostics: list[dict[str, Any]]) -> set[int]:
    return {d["severity"] for d in diagnostics}


def only_errors(params: Any) -> bool:
    return severities(params["diagnostics"]) == {1}


async def test_settings_are_asked_for(client: Client) -> None:
    client.settings = {"diagnostics": {"minimum": "error"}}
    await client.initialize({"workspace": {"configuration": True}})
    asked = await client.wait_for("workspace/configuration")
    assert asked == {"items": [{"section": "logsieve"}]}
    client.open(URI, LOG)
    assert await client.wait_for("textDocument/publishDiagnostics", only_errors)


async def test_settings_may_change_at_any_time(client: Client) -> None:
    await client.initialize()
    registered = await client.wait_for("client/registerCapability")
    assert registered["registrations"][0]["method"] == "workspace/didChangeConfiguration"
    assert registered["registrations"][0]["registerOptions"] == {"section": "logsieve"}
    client.open(URI, LOG)
    assert severities(await client.diagnostics(URI)) == {1, 2}
    heard = len(client.heard)
    client.settings = {"diagnostics": {"minimum": "error"}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await client.wait_for("textDocument/publishDiagnostics", only_errors, skip=heard)
    await client.wait_for("workspace/foldingRange/refresh", skip=heard)


async def test_settings_may_be_pushed(client: Client) -> None:
    await client.initialize({}, initializationOptions={"settings": {"diagnostics": {"minimum": "error"}}})
    client.open(URI, LOG)
    assert severities(await client.diagnostics(URI)) == {1}
    client.notify("workspace/didChangeConfiguration", {"settings": {"logsieve": {"diagnostics": {"minimum": "info"}}}})
    pushed = await client.wait_for("textDocument/publishDiagnostics", lambda p: not only_errors(p))
    assert severities(pushed["diagnostics"]) == {1, 2}


async def test_bad_settings_are_told_once_and_the_default_is_used(client: Client) -> None:
    client.settings = {"reduce": {"budget": "lots"}, "server": {"command": []}, "nonsense": 1}
    await client.initialize(initializationOptions={"settings": client.settings})
    await client.wait_for("workspace/configuration")
    client.open(URI, LOG)
    await client.settled(URI)
    told = [m["message"] for m in client.all_of("window/showMessage")]
    assert sorted(told) == [
        "LogSieve: logsieve.nonsense: no such setting",
        "LogSieve: logsieve.reduce.budget: expected a whole number, got 'lots'; using 4000",
    ]
    assert (await client.request("logsieve/reduce", {"uri": URI}))["tokens"] > 0


async def test_what_is_redacted_is_a_setting(client: Client) -> None:
    client.settings = {"redact": {"kinds": ["ipv4"], "patterns": [r"ACME-\d+", "(a+"], "allow": [r"10\.0\.0\.\d+"]}}
    await client.initialize(initializationOptions={"settings": client.settings})
    client.open(URI, "error: ada@acme.dev: ACME-4711 on host 10.0.0.7, host 10.1.0.8\n")
    told = await client.wait_for("window/showMessage")
    assert told["message"].startswith("LogSieve: logsieve.redact.patterns: '(a+' not a regular expression")
    copied = (await client.request("logsieve/reduce", {"uri": URI}))["text"]
    assert copied == "error: ada@acme.dev: <secret:1> on host 10.0.0.7, host <ip:1>\n"
    view = (await client.request("logsieve/reducedView", {"uri": URI}))["uri"]
    shown = (await client.request("workspace/textDocumentContent", {"uri": view}))["text"]
    assert "ada@acme.dev: <secret:1> on host 10.0.0.7, host 10.1.0.8" in shown  # one's own log on one's own screen


@pytest.mark.parametrize("nothing", [None, [], {}])
async def test_no_settings_are_the_defaults(client: Client, nothing: Any) -> None:
    client.settings = nothing
    await client.initialize(initializationOptions={"settings": nothing})
    await client.wait_for("workspace/configuration")
    client.open(URI, LOG)
    assert severities(await client.diagnostics(URI)) == {1, 2}
    assert client.all_of("window/showMessage") == []


# Packs


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with a pack of its own."""
    folder = tmp_path / "a workspace" / ".logsieve" / "packs"
    folder.mkdir(parents=True)
    (folder / "frob.toml").write_text(PACK)
    return tmp_path / "a workspace"


def folder(path: Path) -> dict[str, str]:
    return {"uri": path.as_uri(), "name": path.name}


async def rules(client: Client) -> set[str]:
    return {f["rule"] for f in (await client.request("logsieve/findings", {"uri": URI}))["findings"]}


@pytest.mark.parametrize("trusted", [True, False, None, "true", 1])
async def test_packs_of_a_workspace_are_used_where_it_is_trusted(workspace: Path, trusted: Any) -> None:
    async with running() as client:
        await client.initialize(workspaceFolders=[folder(workspace)], initializationOptions={"trusted": trusted})
        client.open(URI, LOG)
        assert ("frob/gave-up" in await rules(client)) is (trusted is True)
        assert client.all_of("window/showMessage") == []


async def test_a_folder_that_is_added_brings_its_packs(client: Client, workspace: Path) -> None:
    await client.initialize(initializationOptions={"trusted": True})
    client.open(URI, LOG)
    assert "frob/gave-up" not in await rules(client)
    changed = {"event": {"added": [folder(workspace)], "removed": []}}
    client.notify("workspace/didChangeWorkspaceFolders", changed)
    await client.wait_for(
        "textDocument/publishDiagnostics", lambda p: any(d["code"] == "frob/gave-up" for d in p["diagnostics"])
    )


async def test_packs_of_the_user_are_always_used(client: Client, private_folders: Path) -> None:
    packs = private_folders / "config" / "logsieve" / "packs"
    packs.mkdir(parents=True)
    (packs / "frob.toml").write_text(PACK)
    await client.initialize()
    client.open(URI, LOG)
    assert "frob/gave-up" in await rules(client)


async def test_a_bad_pack_is_told_with_its_place_and_the_others_load(client: Client, workspace: Path) -> None:
    bad = workspace / ".logsieve" / "packs" / "bad.toml"
    bad.write_text('name = "bad"\n[[rule]]\nname = "x"\npattern = "a\\nb"\n')
    await client.initialize(workspaceFolders=[folder(workspace)], initializationOptions={"trusted": True})
    client.open(URI, LOG)
    assert "frob/gave-up" in await rules(client)
    told = await client.wait_for("window/showMessage")
    assert told["type"] == 2
    assert "bad.toml:" in told["message"]


async def test_many_bad_packs_are_few_messages(client: Client, workspace: Path) -> None:
    for number in range(9):
        (workspace / ".logsieve" / "packs" / f"bad{number}.toml").write_text("=")
    await client.initialize(workspaceFolders=[folder(workspace)], initializationOptions={"trusted": True})
    client.open(URI, LOG)
    assert "frob/gave-up" in await rules(client)
    told = [m["message"] for m in client.all_of("window/showMessage")]
    assert len(told) == 4
    assert "6 more" in told[-1]
    assert client.errors.count(".toml:1: ") == 9


async def test_prices_are_numbers(client: Client) -> None:
    client.settings = {"llm": {"inputPrice": 2, "outputPrice": 0.5}}
    await client.initialize(initializationOptions={"settings": client.settings})
    client.open(URI, LOG)
    shown = await client.request("logsieve/explainPreview", {"uri": URI})
    assert "at the prices set about 0.0" in shown["terms"]
    client.settings = {"llm": {"inputPrice": "much", "outputPrice": -1}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    told = await client.wait_for("window/showMessage", lambda p: "inputPrice" in p["message"])
    assert told["message"].endswith("logsieve.llm.inputPrice: expected a number, got 'much'; using 0.0")
