"""What of a Markdown text is live, as parsers see it: the judges of what is shown of a model's answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["live", "live_in_vscode", "live_links"]

# As VS Code makes it for its preview, but with HTML of every kind on: `markdownEngine.ts`.
_VSCODE = """
const parser = require("markdown-it")({ html: true, linkify: true });
parser.linkify.set({ fuzzyLink: false });
parser.validateLink = () => true;
const live = (tokens) => tokens.flatMap((token) => [
  ...(token.type === "link_open" ? [`link ${token.attrGet("href")}`] : []),
  ...(token.type === "image" ? [`image ${token.attrGet("src")}`] : []),
  ...(token.type.startsWith("html") ? [`html ${token.content}`] : []),
  ...(token.type === "table_open" ? ["table"] : []),
  ...(token.type === "fence" && token.info ? [`fence ${token.info}`] : []),
  ...live(token.children ?? []),
]);
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => live(parser.parse(text, {})))));
"""


class _Open(MarkdownIt):
    """A parser that lets through whatever it can: HTML, tables, and links of every scheme, as editors have it."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": True})
        self.enable(["table", "strikethrough"])

    def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002 (the library's name)
        return True


def live(markdown: str) -> list[str]:
    """Links, images, HTML, tables and languages of fences, in their order."""
    return list(_live(_Open().parse(markdown)))


def live_links(markdown: str) -> Iterable[str]:
    """Where the links lead."""
    return [found.removeprefix("link ") for found in live(markdown) if found.startswith("link ")]


def live_in_vscode(markdown: Sequence[str], node_modules: Path) -> list[list[str]]:
    """The same of each text, by the parser of VS Code's preview."""
    run = subprocess.run(
        ["node", "-e", _VSCODE],
        input=json.dumps(markdown),
        capture_output=True,
        text=True,
        check=True,
        env={"NODE_PATH": str(node_modules), "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    found: list[list[str]] = json.loads(run.stdout)
    return found


def _live(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "link_open":
            yield f"link {token.attrs['href']}"
        elif token.type == "image":
            yield f"image {token.attrs['src']}"
        elif token.type.startswith("html"):
            yield f"html {token.content}"
        elif token.type == "table_open":
            yield "table"
        elif token.type == "fence" and token.info:
            yield f"fence {token.info}"
        yield from _live(token.children or ())
