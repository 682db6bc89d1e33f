"""The protocol with the capabilities that real editors announce: nothing else is sent to them.

All that the server says is read by the types of the protocol. A profile is what the editor's own client sends with
`initialize`: newer ones are in `profiles/`, older ones come with pytest-lsp.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters, types

from logsieve.lsp.protocol import SHOW_LINE
from lsp.client import COMMANDS, Client, ServerError, running, span, within

PROFILES: dict[str, dict[str, Any]] = {"nothing": {"capabilities": {}}} | {
    path.name.removesuffix(".json"): json.loads(path.read_text("utf-8"))
    for folder in (Path(__file__).parent / "profiles", files("pytest_lsp.clients"))
    for path in folder.iterdir()
    if path.name.endswith(".json")
}
LOG = "starting\n" + "Downloading a-1.0.whl (3 kB)\n" * 6 + "progress 1%\rprogress 2%\nmain.c:3:5: error: no `x` here\n"
LINE = {True: 9, False: 8}  # of the error: where a CR ends a line, and where it does not
PART = "where parts of an answer go"
CONVERTER = converters.get_converter()

# What the server may send only to clients that have announced this; a registration what the method names.
NEEDS = {
    "workspace/configuration": "workspace.configuration",
    "workspace/foldingRange/refresh": "workspace.foldingRange.refreshSupport",
    "workspace/semanticTokens/refresh": "workspace.semanticTokens.refreshSupport",
    "workspace/inlayHint/refresh": "workspace.inlayHint.refreshSupport",
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "workspace/textDocumentContent/refresh": "workspace.textDocumentContent",
    "window/workDoneProgress/create": "window.workDoneProgress",
    "$/progress": "window.workDoneProgress",
}
REGISTERED = ("workspace.didChangeConfiguration", "workspace.didChangeWatchedFiles")  # by clients that let us
ALWAYS = {"textDocument/publishDiagnostics", "window/showMessage", "logsieve/status", "client/registerCapability"}


def announced(capabilities: Mapping[str, Any], path: str) -> Any:
    """What a client says under a path; None where it says nothing."""
    found: Any = capabilities
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


PUSHED = "textDocument/publishDiagnostics"
OPTIONAL = {  # what a diagnostic may have for clients that know it
    "relatedInformation": "relatedInformation",
    "tags": "tagSupport",
    "data": "dataSupport",
    "codeDescription": "codeDescriptionSupport",
}
FAILED = """\
Traceback (most recent call last):
  File "CODE", line 2, in rate
    return RATES['xx']
KeyError: 'xx'
=================================== FAILURES ===================================
__________________________________ test_rate ___________________________________

    def test_rate():
>       assert free() == 2
E       assert 1 == 2

tests/test_tax.py:2: AssertionError
=========================== short test summary info ============================
FAILED tests/test_tax.py::test_rate - assert 1 == 2
============================== 1 failed in 0.01s ===============================
"""  # CODE has another line there by now
FIRST_KINDS = range(1, 19)  # of symbols, that every client knows


async def answered(client: Client, method: str, params: Any) -> Any:
    """The answer to a request, held to the protocol's own types."""
    answer = await client.request(method, params)
    kind: Any = types.METHOD_TO_TYPES[method][1]
    CONVERTER.structure({"jsonrpc": "2.0", "id": 1, "result": answer}, kind)
    return answer


async def told(client: Client, uri: str, pulls: bool) -> Any:
    """The diagnostics of a document that was opened, the way that the client gets them."""
    if not pulls:
        return await client.diagnostics(uri)
    report = await answered(client, "textDocument/diagnostic", {"textDocument": {"uri": uri}})
    return report["items"]


async def is_forgotten(client: Client, uri: str, pulls: bool) -> None:
    """Wait until nothing is said of a document that was closed."""
    if pulls:
        assert await told(client, uri, pulls) == []
    else:
        await client.wait_for("textDocument/publishDiagnostics", partial(is_taken_back, uri))


def is_taken_back(uri: str, published: Any) -> bool:
    """Whether nothing is said of a document any more."""
    return bool(published["uri"] == uri and not published["diagnostics"])


@asynccontextmanager
async def greeted(name: str, *folders: Path) -> AsyncIterator[tuple[Client, dict[str, Any]]]:
    """A server with an editor's profile, and the editor's capabilities; what was sent is looked at in the end."""
    profile = PROFILES[name]
    can = profile["capabilities"]
    async with running() as client:
        greeting = {
            "processId": None,
            "rootUri": folders[0].as_uri(),
            "clientInfo": profile.get("clientInfo"),
            "capabilities": can,
            "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name} for folder in folders],
            "initializationOptions": {"commands": [*COMMANDS, SHOW_LINE]},
        }
        result = await client.request("initialize", greeting)
        CONVERTER.structure(result, types.InitializeResult)
        offered = result["capabilities"]
        assert pulls(can) == ("diagnosticProvider" in offered)
        if announced(can, "textDocument.codeLens.dynamicRegistration"):
            assert "codeLensProvider" not in offered  # never in both ways
        assert offered["positionEncoding"] in (announced(can, "general.positionEncodings") or ["utf-16"])
        client.notify("initialized", {})
        yield client, can
        assert await client.shut_down() == 0
        assert "Traceback" not in client.errors
        look_at(client, can)


def pulls(can: Mapping[str, Any]) -> bool:
    """Whether a client asks for diagnostics, and can be told to ask again."""
    again = announced(can, "workspace.diagnostics.refreshSupport")
    return bool(again) and announced(can, "textDocument.diagnostic") is not None


def look_at(client: Client, can: Mapping[str, Any]) -> None:
    """All that a server has said by itself: valid, and announced."""
    ours: set[Any] = set()  # tokens of progress that the server asked the client for
    for message in client.heard:
        method, params = message["method"], message["params"]
        if method.startswith("logsieve/"):
            continue
        CONVERTER.structure({"jsonrpc": "2.0", **message}, types.METHOD_TO_TYPES[method][0])
        if method == "window/workDoneProgress/create":
            ours.add(params["token"])
        if method == "$/progress" and params["token"] == PART:
            continue
        needed = NEEDS.get(method)
        assert needed is None or announced(can, needed), f"{method} was not announced"
        assert needed is not None or method in ALWAYS, method
        assert method != "$/progress" or params["token"] in ours
        if method == PUSHED:
            known = announced(can, "textDocument.publishDiagnostics.versionSupport")
            assert known or params.get("version") is None
            check_diagnostics(params["diagnostics"], can)
        if method == "client/registerCapability":
            for each in params["registrations"]:
                path = each["method"].replace("/", ".")
                assert announced(can, f"{path}.dynamicRegistration"), f"{path} was not announced"


def check_diagnostics(found: list[dict[str, Any]], can: Mapping[str, Any]) -> None:
    """Nothing is in a diagnostic that the client has not announced."""
    for part, name in OPTIONAL.items():
        if not any(announced(can, f"textDocument.{kind}.{name}") for kind in ("publishDiagnostics", "diagnostic")):
            assert not any(part in diagnostic for diagnostic in found), f"{part} was not announced"


def check_kinds(symbols: list[dict[str, Any]], can: Mapping[str, Any], feature: str) -> None:
    """The kinds of symbols are such as the client knows."""
    known = announced(can, f"{feature}.symbolKind.valueSet") or FIRST_KINDS
    for symbol in symbols:
        assert symbol["kind"] in known
        check_kinds(symbol.get("children") or [], can, feature)


@pytest.mark.parametrize("name", PROFILES)
async def test_an_editor_gets_what_it_announced_and_no_more(name: str, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    async with greeted(name, one) as (client, can):
        # Untitled, then saved under a name, then renamed: what was said of the old name is taken back.
        untitled, saved, renamed = "untitled:Untitled-1", (one / "a.log").as_uri(), (two / "b.log").as_uri()
        client.open(untitled, LOG)
        shown = await told(client, untitled, pulls(can))
        line = LINE["neovim" not in name]
        check_diagnostics(shown, can)
        assert [d["range"]["start"]["line"] for d in shown] == [line]
        for old, new in ((untitled, saved), (saved, renamed)):
            client.close(old)
            client.open(new, LOG)
            assert await told(client, new, pulls(can)) == shown
            await is_forgotten(client, old, pulls(can))
        changed = {"added": [{"uri": two.as_uri(), "name": "two"}], "removed": [{"uri": one.as_uri(), "name": "one"}]}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": changed})
        client.notify("workspace/didChangeConfiguration", {"settings": {"logsieve": {"diagnostics": {"max": 5}}}})

        document = {"textDocument": {"uri": renamed}}
        here = {**document, "position": {"line": line, "character": 6}}
        whole = {**document, "range": span(0, 0, line, 1)}
        folds = await answered(client, "textDocument/foldingRange", document)
        assert folds
        if not announced(can, "textDocument.foldingRange.foldingRange.collapsedText"):
            assert not any("collapsedText" in fold for fold in folds)
        symbols = await answered(client, "textDocument/documentSymbol", document)
        tree = announced(can, "textDocument.documentSymbol.hierarchicalDocumentSymbolSupport")
        assert all(("location" in symbol) != bool(tree) for symbol in symbols)
        check_kinds(symbols, can, "textDocument.documentSymbol")
        kinds = announced(can, "textDocument.hover.contentFormat") or ["plaintext"]
        assert (await answered(client, "textDocument/hover", here))["contents"]["kind"] in kinds
        actions = await answered(client, "textDocument/codeAction", {**whole, "context": {"diagnostics": shown}})
        literal = announced(can, "textDocument.codeAction.codeActionLiteralSupport")
        assert actions
        assert all(isinstance(action["command"], str) != bool(literal) for action in actions)
        assert (
            await answered(client, "textDocument/references", {**here, "context": {"includeDeclaration": True}})
            is not None
        )
        assert await answered(client, "textDocument/documentHighlight", here) is not None
        assert (await answered(client, "textDocument/semanticTokens/full", document))["data"]
        assert (await answered(client, "textDocument/semanticTokens/range", whole))["data"]
        assert [hint["label"] for hint in await answered(client, "textDocument/inlayHint", whole)] == ["x6"]
        symbols = await answered(client, "workspace/symbol", {"query": "here"})
        assert [s["location"]["uri"] for s in symbols] == [renamed]
        check_kinds(symbols, can, "workspace.symbol")
        await answered(client, "textDocument/definition", here)
        # Whoever gives a token takes the parts; the answer is empty then. The token is its own.
        assert await answered(client, "workspace/symbol", {"query": "here", "partialResultToken": PART}) == []
        [part] = [told["value"] for told in client.all_of("$/progress") if told["token"] == PART]
        assert [s["location"]["uri"] for s in part] == [renamed]

        # What the server does not know is answered, or passed over where nobody waits.
        with pytest.raises(ServerError) as caught:
            await client.request("textDocument/prepareCallHierarchy", here)
        assert caught.value.code == -32601
        client.notify("$/somethingNew", {})
        client.notify("textDocument/didSomething", {})
        number, answer = client.start("logsieve/reduce", {"uri": renamed})
        client.notify("$/cancelRequest", {"id": number})
        try:
            await within(answer)
            code = -32800  # it was answered already
        except ServerError as error:
            code = error.code
        assert code == -32800

        assert pulls(can) == (client.all_of(PUSHED) == [])  # one way, never both


@pytest.mark.parametrize("name", PROFILES)
async def test_what_a_log_says_of_the_code_in_two_folders(name: str, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    (two / "tests").mkdir(parents=True)
    code, test, log = one / "tax.py", two / "tests" / "test_tax.py", one / "build.log"
    code.write_text("def rate():\n    return RATES['yy']\n")
    test.write_text("def test_rate():\n    assert free() == 2\n")
    async with greeted(name, one, two) as (client, can):
        client.open(log.as_uri(), FAILED.replace("CODE", str(code)))
        marked = await client.wait_for(PUSHED, lambda p: p["uri"] == code.as_uri())
        assert marked["diagnostics"]
        assert any("tags" in d for d in marked["diagnostics"]) == bool(
            announced(can, "textDocument.publishDiagnostics.tagSupport")
        )
        document = {"textDocument": {"uri": log.as_uri()}}
        found = await answered(
            client, "textDocument/definition", {**document, "position": {"line": 11, "character": 3}}
        )
        linked = announced(can, "textDocument.definition.linkSupport")
        assert [target["targetUri" if linked else "uri"] for target in found] == [test.as_uri()]
        links = await answered(client, "textDocument/documentLink", document)
        assert links
        if not announced(can, "textDocument.documentLink.tooltipSupport"):
            assert not any("tooltip" in link for link in links)
        if announced(can, "textDocument.codeLens.dynamicRegistration"):
            await client.wait_for(
                "client/registerCapability", lambda p: p["registrations"][0]["method"] == "textDocument/codeLens"
            )
        assert await answered(client, "textDocument/codeLens", {"textDocument": {"uri": test.as_uri()}})
        heard = len(client.heard)
        code.unlink()
        changed = {"changes": [{"uri": code.as_uri(), "type": 3}]}
        client.notify("workspace/didChangeWatchedFiles", changed)
        gone = {"event": {"added": [], "removed": [{"uri": one.as_uri(), "name": "one"}]}}
        client.notify("workspace/didChangeWorkspaceFolders", gone)
        await client.wait_for(PUSHED, partial(is_taken_back, code.as_uri()), heard)
