"""The protocol with the capabilities that real editors announce (`profiles/`): nothing else is sent to them.

Every answer is read by the types of the protocol. A profile is what the editor's own client sends with `initialize`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters, types

from lsp.client import Client, ServerError, running, span, within

PROFILES = Path(__file__).parent / "profiles"
NAMES = sorted(path.stem for path in PROFILES.glob("*.json"))
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


@pytest.mark.parametrize("name", [*NAMES, "nothing"])
async def test_an_editor_gets_what_it_announced_and_no_more(name: str, tmp_path: Path) -> None:
    path = PROFILES / f"{name}.json"
    profile = json.loads(path.read_text("utf-8")) if name in NAMES else {"capabilities": {}}
    can = profile["capabilities"]
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    async with running() as client:
        greeting = {
            "processId": None,
            "rootUri": one.as_uri(),
            "clientInfo": profile.get("clientInfo"),
            "capabilities": can,
            "workspaceFolders": [{"uri": one.as_uri(), "name": "one"}],
        }
        result = await client.request("initialize", greeting)
        CONVERTER.structure(result, types.InitializeResult)
        client.notify("initialized", {})
        pulls = announced(can, "textDocument.diagnostic") is not None
        assert pulls == ("diagnosticProvider" in result["capabilities"])
        # Untitled, then saved under a name, then renamed: what was said of the old name is taken back.
        untitled, saved, renamed = "untitled:Untitled-1", (one / "a.log").as_uri(), (two / "b.log").as_uri()
        client.open(untitled, LOG)
        shown = await told(client, untitled, pulls)
        line = LINE[(profile.get("clientInfo") or {}).get("name") != "Neovim"]
        assert [d["range"]["start"]["line"] for d in shown] == [line]
        for old, new in ((untitled, saved), (saved, renamed)):
            client.close(old)
            client.open(new, LOG)
            assert await told(client, new, pulls) == shown
            await is_forgotten(client, old, pulls)
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
        assert [s["location"]["uri"] for s in await answered(client, "workspace/symbol", {"query": "here"})] == [
            renamed
        ]
        await answered(client, "textDocument/definition", here)
        # Whoever gives a token takes the parts; the answer is empty then. The token is its own.
        assert await answered(client, "workspace/symbol", {"query": "here", "partialResultToken": PART}) == []
        [part] = [told["value"] for told in client.all_of("$/progress") if told["token"] == PART]
        assert [s["location"]["uri"] for s in part] == [renamed]
        if not announced(can, "textDocument.publishDiagnostics.relatedInformation"):
            assert not any("relatedInformation" in d for d in shown)

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

        assert pulls == (client.all_of("textDocument/publishDiagnostics") == [])  # one way, never both
        for message in client.heard:
            if message["method"] == "$/progress" and message["params"]["token"] == PART:
                continue
            needed = NEEDS.get(message["method"])
            assert needed is None or announced(can, needed), f"{name} has not announced {message['method']}"
            assert needed is not None or message["method"] in ALWAYS, message["method"]
        registered = {
            registration["method"].replace("/", ".")
            for asked in client.all_of("client/registerCapability")
            for registration in asked["registrations"]
        }
        assert registered == {method for method in REGISTERED if announced(can, f"{method}.dynamicRegistration")}
        assert await client.shut_down() == 0
        assert "Traceback" not in client.errors
