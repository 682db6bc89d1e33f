"""A session with pytest-lsp: another client than ours, its profiles of editors, its checks of what these can take."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

FOLDER = files("pytest_lsp.clients")
PROFILES = sorted(path.name.removesuffix(".json") for path in FOLDER.iterdir() if path.name.endswith(".json"))
LOG = "starting\n" + "Downloading a-1.0.whl (3 kB)\n" * 6 + "src/main.c:3:5: error: no `x` here\n"
CODE = "int main() {\n    return 1 +\n    x;\n}\n"
SERVER = ClientServerConfig(server_command=[sys.executable, "-P", "-m", "logsieve", "lsp"])


def test_there_are_profiles_of_the_editors() -> None:
    names = {profile.partition("_v")[0] for profile in PROFILES}
    assert {"visual_studio_code", "neovim", "emacs"} <= names


@pytest_lsp.fixture(config=SERVER, params=PROFILES)  # type: ignore[untyped-decorator]
async def client(lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[None]:
    """The server, greeted as an editor does, with a folder of code."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.c").write_text(CODE)
    said = json.loads(FOLDER.joinpath(f"{request.param}.json").read_text("utf-8"))["clientInfo"]

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)  # type: ignore[untyped-decorator]
    def register(_params: types.RegistrationParams) -> None:
        """As editors answer."""

    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param.replace("_v", "@v")),
            client_info=types.ClientInfo(said["name"], said.get("version")),
            workspace_folders=[types.WorkspaceFolder(tmp_path.as_uri(), "code")],
        )
    )
    yield
    await lsp_client.shutdown_session()


async def test_a_session_as_each_of_them(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "build.log").as_uri()
    document, here = types.TextDocumentIdentifier(uri), types.Position(7, 19)
    whole = types.Range(types.Position(0, 0), types.Position(8, 0))
    told = client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "log", 1, LOG)))
    await told
    [found] = client.diagnostics[uri]
    assert found.range.start.line == 7
    assert await client.text_document_folding_range_async(types.FoldingRangeParams(document))
    assert await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    assert await client.text_document_hover_async(types.HoverParams(document, here))
    assert await client.text_document_definition_async(types.DefinitionParams(document, types.Position(7, 2)))
    assert await client.text_document_document_link_async(types.DocumentLinkParams(document))
    context = types.CodeActionContext([found])
    assert await client.text_document_code_action_async(types.CodeActionParams(document, whole, context))
    everywhere = types.ReferenceParams(types.ReferenceContext(include_declaration=True), document, here)
    assert await client.text_document_references_async(everywhere)
    assert await client.text_document_document_highlight_async(types.DocumentHighlightParams(document, here))
    assert await client.text_document_inlay_hint_async(types.InlayHintParams(document, whole))
    tokens = await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
    assert tokens
    assert tokens.data
    assert await client.workspace_symbol_async(types.WorkspaceSymbolParams("here"))
    with pytest.raises(JsonRpcException):
        await client.text_document_moniker_async(types.MonikerParams(document, here))
    changed = types.TextDocumentContentChangePartial(types.Range(types.Position(0, 0), types.Position(7, 0)), "")
    told = client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, uri), [changed])
    )
    await told
    assert [d.range.start.line for d in client.diagnostics[uri]] == [0]
    told = client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    client.text_document_did_close(types.DidCloseTextDocumentParams(document))
    await told
    assert client.messages == []
    assert client.error is None
