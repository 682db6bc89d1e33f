"""Verification: what an answer cites and quotes is looked up; the rest is marked."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsieve.llm.verify import verify
from logsieve.settings import DEFAULTS, Redact
from logsieve.text import LogText

TOKEN = "ghp_" + "a1B2" * 9


@dataclass(frozen=True)
class Log:
    """All that verification needs of an analysis."""

    text: LogText
    redact: Redact = DEFAULTS.redact


LINES = (
    "$ pytest -q",
    "\x1b[31mE   AssertionError:   assert 3 == 4\x1b[0m",
    "tests/test_sum.py:12: AssertionError",
    f"fatal: cannot clone https://ci:{TOKEN}@github.com/acme/app",
    "10 %\r100 % fetched",
    "FAILED tests/test_sum.py::test_sum - assert 3 == 4",
    "##[error]Process completed with exit code 1.",
)
LOG = Log(LogText.from_bytes("".join(f"{line}\n" for line in LINES).encode()))
BAD = " *(not found in the log"

TRUE = [
    "- `L2: E AssertionError: assert 3 == 4`",
    "- `L2: E   AssertionError:   assert 3 == 4`",
    "- L2: `E AssertionError: assert 3 == 4`",
    "> 6 | FAILED tests/test_sum.py::test_sum - assert 3 == 4",
    "> L6: FAILED tests/test_sum.py::test_sum - assert 3 == 4",
    "- `L4: fatal: cannot clone https://ci:<secret:1>@github.com/acme/app`",
    "- `L5: 100 % fetched`",
    "- `L6: FAILED tests/test_sum.py::... - assert 3 == 4`",
    "- `L6: FAILED tests/test_sum.py::test_sum`",
    "It says `Process completed with exit code 1` at the end.",
    "It says `cannot clone https://ci:<secret:3>@github.com/acme/app` there.",
    "See L3.",
    "See L1-L7.",
    "See lines 2 to 6.",
    "Line 7 says so:",
]
FALSE = [
    "- `L2: E KeyError: 'user'`",
    "- L2: `E KeyError: 'user'`",
    "> 6 | kernel: reactor core temperature exceeds limits",
    "- `L8: FAILED tests/test_sum.py::test_sum - assert 3 == 4`",
    "The log shows `ModuleNotFoundError: No module named 'numpy'`.",
    "See L8.",
    "See L5-L4.",
    "See L0.",
    "Line 999999 says so:",
]
UNCLAIMED = [
    "Run `pip install numpy` again.",
    "`sum` is wrong.",
    "HTTP `404: Not Found` was no part of it",
    "See line 12 of tests/test_sum.py.",
    "XL2 and L2TP are no lines",
    "",
]


@pytest.mark.parametrize("answer", TRUE)
def test_what_is_in_the_log_is_verified(answer: str) -> None:
    result = verify(answer, LOG)
    assert (result.verified, result.unverified) == (1, 0)
    assert result.text == answer


@pytest.mark.parametrize("answer", FALSE)
def test_what_is_not_in_the_log_is_marked(answer: str) -> None:
    result = verify(answer, LOG)
    assert (result.verified, result.unverified) == (0, 1)
    assert BAD in result.text


@pytest.mark.parametrize("answer", UNCLAIMED[3:])
def test_what_claims_nothing_stays(answer: str) -> None:
    assert verify(answer, LOG).text == answer
    assert verify(answer, LOG).verified + verify(answer, LOG).unverified == 0


@pytest.mark.parametrize("answer", UNCLAIMED[:3])
@pytest.mark.parametrize("heading", ["## Fix", "**Suggested fix:**", "### Missing"])
def test_code_in_advice_is_no_quote(answer: str, heading: str) -> None:
    result = verify(f"{heading}\n\n{answer}", LOG)
    assert BAD not in result.text
    assert result.unverified == 0
    assert BAD in verify("## Fix\n\nBecause `L3: KeyError`", LOG).text  # but what names its line is


def test_a_quote_of_another_line_says_where_it_stands() -> None:
    result = verify("- `L3: FAILED tests/test_sum.py::test_sum - assert 3 == 4`", LOG)
    assert result.text.endswith("*(not there, but at L6)*")
    assert result.unverified == 1


def test_what_is_verified_becomes_a_link() -> None:
    answer = "See L2 and `L6: FAILED tests/test_sum.py::test_sum`, not L9."
    result = verify(answer, LOG, "file:///b.log")
    assert result.text == (
        "See [L2](file:///b.log#L2) and [`L6: FAILED tests/test_sum.py::test_sum`](file:///b.log#L6), "
        "not L9 *(not found in the log, which has 7 lines)*."
    )


def test_links_are_not_linked_again() -> None:
    answer = "See [L2](file:///b.log#L2)."
    assert verify(answer, LOG, "file:///b.log").text == answer


@pytest.mark.parametrize("link", ["[docs](https://evil.example/a?b)", "![L2](https://evil.example/a.png 'title')"])
def test_nothing_of_an_answer_leads_elsewhere(link: str) -> None:
    text = verify(f"See {link}.", LOG, "file:///b.log").text
    assert "](" not in text
    assert "`https://evil.example/a" in text


def test_lines_in_a_fence_are_checked_and_the_fence_stays() -> None:
    answer = "```text\n2 | E AssertionError: assert 3 == 4\n3 | KeyError: 'x'\nfree text with `ticks`\n```\n"
    result = verify(answer, LOG)
    assert (result.verified, result.unverified) == (1, 1)
    assert result.text == answer.replace("KeyError: 'x'", "KeyError: 'x' *(not found in the log)*")


def test_a_token_in_the_clear_is_not_borne_out_by_its_line() -> None:
    # The model never saw the token; verification must not tell whether a guess of it is right.
    guess = verify(f"- `L4: fatal: cannot clone https://ci:{'x' * 40}@github.com/acme/app`", LOG)
    right = verify(f"- `L4: fatal: cannot clone https://ci:{TOKEN}@github.com/acme/app`", LOG)
    said = verify(f"It says `cannot clone https://ci:{TOKEN}@github.com/acme/app` there.", LOG)
    assert [guess.unverified, right.unverified, said.unverified] == [1, 1, 1]


def test_a_flood_of_claims_ends() -> None:
    result = verify("L2 " * 5000, LOG)
    assert result.verified + result.unverified == 5000
    assert result.verified <= 200


@given(st.text(st.sampled_from("L123-: `>|#*\n[](~to ine.…"), max_size=80))
def test_any_answer_keeps_its_lines_and_words(answer: str) -> None:
    result = verify(answer, LOG)
    assert result.text.count("\n") == answer.count("\n")
