"""Whatever the extension says can be translated: its messages are in the bundle, its manifest's in package.nls.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MESSAGE = re.compile(r"\bl10n\.t\(\s*(\"(?:[^\"\\\n]|\\.)*\")")
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\\])//[^\n]*", re.DOTALL)
REGEX = re.compile(r"(?<=[(=,:\[]) ?/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
TEXT = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`")
WORDS = re.compile(r"[A-Za-z]{2,}[,:;]? [a-z]{2,}")
# What is not for the user: the output's log, and what is no language.
OTHERS = (
    "none; display: none",
    "failures of ${log}",
    "no MCP server is offered",
    "exit code ${code}",
    "<details open>",
)


@pytest.fixture
def client(repository: Path) -> Path:
    return repository / "vscode-client"


@pytest.fixture
def sources(client: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in (client / "src").glob("*.ts")}


def test_the_bundle_has_every_message(client: Path, sources: dict[str, str]) -> None:
    said = {json.loads(message) for source in sources.values() for message in MESSAGE.findall(source)}
    bundle = json.loads((client / "l10n/bundle.l10n.json").read_text("utf-8"))
    assert bundle == {message: message for message in said}, "npm run l10n in vscode-client writes it anew"


def test_what_is_said_goes_through_the_bundle(sources: dict[str, str]) -> None:
    for name, source in sources.items():
        rest = REGEX.sub("", COMMENT.sub("", MESSAGE.sub("l10n.t(", source)))
        said = [text for text in TEXT.findall(rest) if WORDS.search(re.sub(r"\$\{[^}]*\}", "", text))]
        assert [text for text in said if not any(other in text for other in OTHERS)] == [], name


def test_the_manifest_s_texts_are_all_there(client: Path) -> None:
    manifest = json.loads((client / "package.json").read_text("utf-8"))
    texts = json.loads((client / "package.nls.json").read_text("utf-8"))
    used = {text[1:-1] for _, text in strings(manifest) if re.fullmatch(r"%[^%]+%", text)}
    assert used == set(texts)
    shown = ("title", "description", "altText", "displayName", "userDescription", "contents", "label")
    contributed = strings({"contributes": manifest["contributes"], "capabilities": manifest["capabilities"]})
    plain = [text for key, text in contributed if key in shown and WORDS.search(text) and not text.startswith("%")]
    assert [text for text in plain if text not in schemas(manifest)] == []


def schemas(manifest: dict[str, Any]) -> set[str]:
    """The descriptions in the schemas of tools, which models read."""
    return {text for tool in manifest["contributes"]["languageModelTools"] for _, text in strings(tool["inputSchema"])}


def strings(tree: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All strings of a tree of JSON, each with its key."""
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from strings(value, name)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value, key)
