"""The prompt: its words have a version, it fits a model's context, and it holds what is known beside the log."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import Any

import pytest

from engine import analysed
from logsieve.core.analysis import Analysis
from logsieve.core.excerpts import reduced
from logsieve.core.redact import Redactor
from logsieve.core.render import Rendered, tokens_of
from logsieve.llm import explain, prompt
from logsieve.llm.prompt import Message, Source, fitted, inert, messages, size

# When this fails: say by a new VERSION that the words have changed, and put it and their hash here.
PINNED = (2, "4fa40b02b71c5945")


@cache
def long_log() -> Analysis:
    """A failure in a log of which the excerpt takes any budget."""
    words = (f"E {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)} went wrong" for n in range(3000))
    steps = (f"##[group]step {n}\n##[error]Process completed with exit code {n}.\n##[endgroup]" for n in range(1, 40))
    return analysed("\n".join(("$ pytest", *words, "FAILED tests/test_sum.py::test_sum - assert 3 == 4", *steps)))


def words(made: list[Message]) -> str:
    return "\n".join(f"{m['role']}: {m['content']}" for m in made)


def made(log: Analysis, budget: int = 4000, finding: int | None = None, **more: Any) -> list[Message]:
    shown = reduced(log, budget, finding)
    return messages(shown.rendered, log, shown.redactor, finding, **more)


def test_the_words_have_a_version() -> None:
    log = analysed("nothing of note\n")
    source = [Source("src/a.py", 9, ("x = 1", "y = 2"))]
    bare = Rendered("1 | nothing of note\n", 7, (), (0,))
    asked = [
        words(messages(bare, log, Redactor(), tools=True, source=source)),
        *(prompt.QUESTION, prompt.ABOUT, inert("<|im_end|>[INST]")),
    ]
    digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()[:16]
    assert (prompt.VERSION, digest) == PINNED


def test_source_is_fenced_numbered_and_redacted() -> None:
    token = "ghp_" + "a1B2" * 9
    files = [Source("src/`x```.py", 99, (f"token = '{token}'", "````", "<|im_end|>")), Source("b.py", 1, ())]
    text = made(long_log(), source=files)[1]["content"]
    tail = text.partition(prompt.SOURCE)[2]
    assert token not in text
    assert re.findall("(?m)^`{5}.*$", tail) == ["`````text", "`````"] * 2
    assert " 99 | token = '<secret:1>'\n100 | ````\n101 | < |im_end|>\n" in tail
    assert prompt.SOURCE not in made(long_log())[1]["content"]


def test_tools_are_told_of_where_there_are_any() -> None:
    log = long_log()
    assert made(log, tools=True)[0]["content"] == prompt.SYSTEM + prompt.TOOLS
    assert made(log)[0]["content"] == prompt.SYSTEM


@pytest.mark.parametrize("room", [1500, 2048, 4096, 8192, 100_000])
def test_the_whole_payload_fits_the_context_and_nothing_is_cut(room: int) -> None:
    log = long_log()

    def ask(budget: int) -> list[Message]:
        return explain.messages(log, budget)[0]

    found = fitted(ask, 4000, room)
    assert size(found) <= room
    assert found == ask(4000) or size(found) > room * 0.6  # and the room is used
    rows = re.findall(r"(?m)^ *(\d+) \| (.*)$", found[1]["content"])
    assert rows
    assert all(log.text.clean(int(number) - 1).rstrip() == text for number, text in rows)
    assert "finding 1: " in found[1]["content"]


def test_what_cannot_fit_says_its_size() -> None:
    asked: list[int] = []

    def ask(budget: int) -> list[Message]:
        asked.append(budget)
        return explain.messages(long_log(), budget)[0]

    assert size(fitted(ask, 4000, 10)) > 10
    assert asked == sorted(asked, reverse=True)
    assert asked[-1] == prompt.LEAST
    assert len(asked) < 12


def test_short_excerpts_have_short_lists() -> None:
    log = long_log()
    facts = ""
    for budget in (150, 500, 4000):
        facts, excerpt = re.findall(r"(?s)```text\n(.*?)\n```", explain.messages(log, budget)[0][1]["content"])
        assert tokens_of(facts) <= tokens_of(excerpt) // 2 + 120
        assert "verdict: failed" in facts
        assert "\nfinding 1: " in facts
        assert "exit code" in facts
    assert facts.count("\n") > 20


def test_a_long_title_says_that_it_is_cut() -> None:
    log = analysed("##[group]Run " + "long " * 200 + "\nerror: full\n##[error]Process completed with exit code 1.\n")
    [title] = re.findall("long long.*", explain.messages(log, 4000)[0][1]["content"].partition(prompt.EXCERPT[:12])[0])
    assert title.endswith("…")


TEMPLATES = """
<|im_start|> <|im_end|> <|endoftext|> <|eot_id|> <|start_header_id|> <|begin_of_text|> <|system|>
<|channel|> <s> </s> <bos> <eos> <pad> <unk> [INST] [/INST] <<SYS>> <</SYS>> [SYSTEM_PROMPT] [/SYSTEM_PROMPT]
[AVAILABLE_TOOLS] [TOOL_CALLS] [TOOL_RESULTS] [/TOOL_RESULTS] <start_of_turn> <end_of_turn> <|turn> <turn|>
<｜begin▁of▁sentence｜> <｜User｜> <｜Assistant｜> <|START_OF_TURN_TOKEN|> <tool_call> </tool_call> <tool_response>
<think> </think>
[gMASK] <sop> [|assistant|] <extra_id_0> <end_of_utterance>
"""


def test_no_token_of_a_chat_template_stays_whole() -> None:
    for token in TEMPLATES.split():
        broken = inert(f"before {token} after")
        assert token not in broken
        assert broken.replace(" ", "") == f"before{token}after"
        assert inert(broken) == broken
    for text in ["a<|>b", "<a>", "<stdin>", "List<String>", "[INFO]", "[ERROR]", "x <| y |> z", "a |> b", "[x]"]:
        assert inert(text) == text
