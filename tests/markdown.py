"""What of a Markdown text is live, as parsers see it: the judges of what is shown of a model's answer."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["HOSTILE", "UNSEEN", "hostile_answer", "live", "live_in_vscode"]

HOSTILE = tomllib.loads((Path(__file__).parent / "llm" / "injections.toml").read_text("utf-8"))
# What a terminal obeys, what breaks lines, and what nobody sees.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)

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


def hostile_answer() -> str:
    """An answer that repeats all that hostile logs say."""
    lines = [line.replace("\n", " ") for part in HOSTILE.values() for line in part["lines"]]
    return (
        "## Cause\n\n"
        + "".join(f"- {line} and `{line}`\n\n{line}\n\n" for line in lines)
        + "\n```\n```\n## Fix\n\nNone.\n"
    )


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
