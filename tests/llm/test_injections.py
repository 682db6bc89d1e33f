"""Logs that try to give orders, to break out of their fences, or to make whoever shows the answer load something."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from engine import analysed
from logsieve.core.analysis import Analysis
from logsieve.core.excerpts import reduced
from logsieve.llm import explain, prompt
from logsieve.llm.answer import Stream, safe
from logsieve.llm.prompt import Source, inert
from logsieve.llm.verify import verify
from logsieve.settings import DEFAULTS
from logsieve.terminal import sanitised
from markdown import HOSTILE, UNSEEN, live, live_in_vscode

LINES = [line for part in HOSTILE.values() for line in part["lines"]]
URI = "file:///b.log"
SETTINGS = replace(DEFAULTS, llm=replace(DEFAULTS.llm, endpoint="http://127.0.0.1:1/v1", model="m"))
ROW = re.compile(r" *(?P<number>\d+) \|(?: |$)| *\.\.\. \| \[[\d,]+ lines?(?:: .*)?\]$")
TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture(scope="module")
def real(fixtures: Path) -> str:
    return (fixtures / "github-actions/pytest-failed/log.txt").read_text("utf-8")


def hostile_log(real: str, line: str) -> Analysis:
    """A real log with the line in all the places that get into a prompt."""
    time = "2026-11-21T00:11:45.8728000Z "
    changes = {
        "E       AssertionError: assert 4446 == 4447": f"E       AssertionError: {line}",
        "- AssertionError: assert 4446 == 4447": f"- AssertionError: {line}",
        "tests/test_prices.py:16: AssertionError": f"tests/{line}.py:16: AssertionError",
        ">       assert prices": f"{line}\n{time}{line} at the end\n{time}token {TOKEN}\n{time}>       assert prices",
        "##[group]Run ": f"##[group]Run {line} ",
        "##[error]Process": f"##[error]{line}\n{time}##[error]Process",
    }
    for old, new in changes.items():
        assert old in real
        real = real.replace(old, new)
    return analysed(real.encode("utf-8", "surrogatepass"))


def fenced(content: str, blocks: int) -> list[list[str]]:
    """The rows of the fenced blocks of a message that has exactly so many, and outside of them only our own words."""
    from markdown_it import MarkdownIt

    assert content.splitlines() == content.split("\n")
    tokens = [t for t in MarkdownIt().parse(content) if t.type in ("fence", "inline")]
    assert [t.type for t in tokens if t.type == "fence"] == ["fence"] * blocks
    outside = "\n".join(t.content for t in tokens if t.type != "fence")
    ours = [prompt.QUESTION, prompt.FACTS, re.escape(prompt.EXCERPT).replace(r"\{:,\}", r"[\d,]+")]
    expected = [re.escape(ours[0]), re.escape(ours[1]), ours[2], *[re.escape(prompt.SOURCE)] * (blocks > 2)]
    assert re.fullmatch("\n".join(expected), outside), outside
    return [t.content.removesuffix("\n").split("\n") for t in tokens if t.type == "fence"]


def test_the_set_is_large_enough() -> None:
    assert len(set(LINES)) == len(LINES) >= 60
    assert len(HOSTILE) >= 8


@pytest.mark.parametrize("line", LINES)
def test_the_form_of_what_is_sent_cannot_be_broken(line: str, real: str) -> None:
    log = hostile_log(real, line)
    body = json.loads(explain.prepare(log, SETTINGS).payload)
    assert body["model"] == "m"
    assert [sorted(m) for m in body["messages"]] == [["content", "role"]] * 2
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert body["messages"][0]["content"] in (prompt.SYSTEM, prompt.SYSTEM + prompt.TOOLS)
    content = body["messages"][1]["content"]
    assert inert(content) == content
    assert not UNSEEN.search(content)
    assert TOKEN not in content

    shown = reduced(log, SETTINGS.llm.budget)
    _, rows = fenced(content, 2)
    assert len(rows) == len(shown.rendered.lines)
    for row, number in zip(rows, shown.rendered.lines, strict=True):
        match = ROW.match(row)
        assert match, row
        assert match["number"] == (None if number is None else str(number + 1))

    files = [Source(line.replace("\n", " "), 7, (line, line)), Source("b.py", 1, (line,))]
    more = prompt.messages(shown.rendered, log, shown.redactor, None, source=files, tools=True)
    assert [m["role"] for m in more] == ["system", "user"]
    blocks = fenced(more[1]["content"], 4)
    assert [len(block) for block in blocks[2:]] == [3, 2]
    assert [row.split("|")[0] for row in blocks[2][1:]] == ["7 ", "8 "]


def answer(line: str) -> str:
    """An answer that quotes a hostile line wherever it can."""
    quoted = line.replace("\n", " ")
    return (
        f'## Cause: {quoted}\n\nThe log says {quoted} in L864, and `{quoted}` or "{quoted}".\n{quoted}\n{quoted}\n\n'
        f"## Evidence\n\n- `L864: {quoted}`\n- L864: {quoted}\n> 864 | {quoted}\n> {quoted}\n\n"
        f"1. {quoted}\n\n   {quoted}\n\n**{quoted}** [{quoted}]({quoted})\n\n"
        f"| {quoted} | {quoted} |\n|---|---|\n| `{quoted}\n\n"
        f"```\n{quoted}\n```\n{quoted}\n"
    )


def ways(line: str, log: Analysis) -> list[str]:
    """All that is ever shown of such an answer."""
    stream, text = Stream(), answer(line)
    streamed = [stream.feed(text[at : at + 5]) for at in range(0, len(text), 5)]
    return [safe(text), verify(text, log, URI).text, "".join([*streamed, stream.end()])]


@cache
def calm(real: str) -> Analysis:
    return analysed(real)


def dead(found: list[str]) -> bool:
    return all(f.startswith(f"link {URI}#L") or f in ("fence text", "fence sh") for f in found)


@pytest.mark.parametrize("line", LINES)
def test_an_answer_that_quotes_it_loads_nothing(line: str, real: str) -> None:
    for shown in ways(line, calm(real)):
        assert dead(live(shown)), shown
        assert not UNSEEN.search(shown)
        assert sanitised(shown) == shown  # nothing is left for a terminal to obey


def test_nor_does_it_in_the_preview_of_vscode(repository: Path, real: str) -> None:
    modules = repository / "vscode-client" / "node_modules"
    if not modules.is_dir():
        pytest.skip("needs the modules of the VS Code client: make vsix")
    shown = [way for line in LINES for way in ways(line, calm(real))]
    for text, found in zip(shown, live_in_vscode(shown, modules), strict=True):
        assert dead(found), text
    assert sum(map(bool, live_in_vscode([answer(line) for line in LINES], modules))) > len(LINES) // 2


def test_what_a_log_calls_a_placeholder_is_none_of_ours(real: str) -> None:
    log = hostile_log(real, "<secret:1> and <secret:3> and <email:1> of me@example.org")
    content = explain.messages(log, 4000)[0][1]["content"]
    assert "token <secret:2>" in content
    assert "of <email:2>" in content
