"""Excerpts that are asked for: within their budget, with true line numbers, and without a way around redaction."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsieve.core import excerpts
from logsieve.core.excerpts import MOST_HITS, Look
from logsieve.core.render import tokens_of
from logsieve.settings import DEFAULTS, Redact
from logsieve.text import LogText

TOKEN = "ghp_" + "a1B2" * 9
KEY = ["-----BEGIN RSA PRIVATE KEY-----", *["MIIEpAIBAAKCAQEAx" + "yZ01" * 11] * 20, "-----END RSA PRIVATE KEY-----"]


@dataclass(frozen=True)
class Log:
    text: LogText
    redact: Redact = DEFAULTS.redact


def log(*lines: str) -> Log:
    return Log(LogText.from_bytes("".join(f"{line}\n" for line in lines).encode()))


def found(text: str, of: Log, regex: bool = False, start: int = 0) -> list[int]:
    return list(excerpts.search(of, Look(text, regex), start, 0, 1000).hits)


def numbers(text: str) -> list[int]:
    """The lines (0-based) that a text shows."""
    return [int(number) - 1 for number in re.findall(r"^ *(\d+) \|", text, re.MULTILINE)]


# Lines


def test_lines_have_their_numbers() -> None:
    shown = excerpts.lines(log("a", "b", "\x1b[31mc\x1b[0m", "d"), 1, 3, 500)
    assert shown.rendered.text == "2 | b\n3 | c\n"
    assert shown.end == 3


def test_lines_that_find_no_room_are_counted() -> None:
    shown = excerpts.lines(log(*(f"line {n} of many" for n in range(1000))), 10, 900, 100)
    *rows, gap = shown.rendered.text.splitlines()
    assert [int(row.split(" | ")[0]) for row in rows] == list(range(11, shown.end + 1))
    assert gap.strip() == f"... | [{900 - shown.end} lines]"
    assert 50 < shown.rendered.tokens <= 100


def test_a_long_line_alone_takes_all_the_room_and_says_what_it_lost() -> None:
    shown = excerpts.lines(log("x" * 5000), 0, 1, 200)
    kept = re.fullmatch(r"1 \| (x+)\[\.\.\. ([\d,]+) characters\]\n", shown.rendered.text)
    assert kept
    assert len(kept[1]) + int(kept[2].replace(",", "")) == 5000
    assert len(kept[1]) > 700


def test_long_lines_leave_room_for_others() -> None:
    shown = excerpts.lines(log(*["x" * 5000] * 9), 0, 9, 500)
    assert shown.end >= 3


# Search


def test_a_search_is_for_plain_text_in_either_case() -> None:
    text = log("Error: a.b (c)", "error: axb c", "nothing", "ERROR: A.B (C)")
    assert found("a.b (c)", text) == [0, 3]
    assert found("error", text, start=1) == [1, 3]
    assert found("absent", text) == []


def test_patterns_see_single_lines_as_a_terminal_shows_them() -> None:
    text = log("\x1b[31merror\x1b[0m: one", "10%\rerror two", "no error", "errors end with error")
    assert found("^error", text, regex=True) == [0, 1, 3]
    assert found("error$", text, regex=True) == [2, 3]
    assert found("one[^x]*two", text, regex=True) == []


def test_what_is_found_stands_in_its_context() -> None:
    text = log(*(f"hit {n}" if n % 10 == 5 else f"line {n}" for n in range(40)))
    done = excerpts.search(text, Look("hit"), 0, 2, 1000)
    assert done.hits == (5, 15, 25, 35)
    assert numbers(done.shown.rendered.text) == [n for hit in done.hits for n in range(hit - 2, hit + 3)]
    assert "... | [5 lines]" in done.shown.rendered.text
    assert done.next is None


def test_contexts_that_overlap_are_shown_once() -> None:
    text = log(*(f"hit {n}" if n in (3, 4, 6) else f"line {n}" for n in range(10)))
    done = excerpts.search(text, Look("hit"), 0, 1, 1000)
    assert numbers(done.shown.rendered.text) == [2, 3, 4, 5, 6, 7]


def test_a_search_goes_on_where_it_stopped() -> None:
    text = log(*(f"hit {n} with some text behind it" if n % 3 == 0 else f"line {n}" for n in range(300)))
    seen: list[int] = []
    start: int | None = 0
    while start is not None:
        done = excerpts.search(text, Look("hit"), start, 1, 200)
        assert done.shown.rendered.tokens <= 200
        shown = numbers(done.shown.rendered.text)
        seen += [line for line in done.hits if line in shown]
        assert done.next is None or done.next > start
        start = done.next
    assert seen == list(range(0, 300, 3))


def test_a_long_line_is_shown_around_what_was_found() -> None:
    done = excerpts.search(log("x" * 9000 + " needle " + "y" * 9000), Look("needle"), 0, 0, 1000)
    assert done.hits == (0,)
    assert " needle " in done.shown.rendered.text
    assert "characters]xxx" in done.shown.rendered.text
    assert len(done.shown.rendered.text) < 1000


def test_hits_are_counted_up_to_a_bound() -> None:
    assert len(excerpts.search(log(*["same"] * 5000), Look("same"), 0, 0, 500).hits) == MOST_HITS


@pytest.mark.parametrize(
    ("line", "probes"),
    [
        (f"clone https://ci:{TOKEN}@example.com/a", ("ghp_a1", "ghp_.{2}B2", "[a-c]1B2a")),
        (f"export API_TOKEN={TOKEN}", ("TOKEN=g", "a1B2a1B2")),
        ("password = 'k3Jx9-vQ2m!Lw8'", ("k3J", "password = .k", "Lw8")),
    ],
)
def test_a_secret_cannot_be_guessed_a_letter_at_a_time(line: str, probes: tuple[str, ...]) -> None:
    text = log("before", line, "after")
    for probe in probes:
        assert found(probe, text, regex=True) == [], probe
    assert found(line.split(maxsplit=1)[0][:6], text) == [1]


def test_nor_can_a_key_of_many_lines() -> None:
    text = log("before", *KEY, "after")
    assert found("MIIEp", text) == []
    assert found("yZ01", text) == []
    assert found("PRIVATE KEY", text) == [1, len(KEY)]


def test_a_hit_beside_a_secret_counts() -> None:
    assert found("deploy", log(f"deploy with {TOKEN}")) == [0]
    assert TOKEN not in excerpts.search(log(f"deploy with {TOKEN}"), Look("deploy"), 0, 0, 500).shown.rendered.text


@pytest.mark.parametrize("what", ["(", "a{99999}", "(?=look)", r"(a)\1", "*"])
def test_what_is_no_pattern_is_told(what: str) -> None:
    with pytest.raises(ValueError, match="no regular expression of RE2"):
        Look(what, regex=True)


@pytest.mark.parametrize("what", ["", "two\nlines"])
def test_what_no_line_can_hold_is_told(what: str) -> None:
    with pytest.raises(ValueError, match="expected some text"):
        Look(what)


def test_progress_may_stop_a_search() -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        excerpts.search(log("a"), Look("a"), 0, 0, 500, stop)


# Whatever the log


LINES = st.lists(
    st.one_of(
        st.text(max_size=300),
        st.sampled_from([TOKEN, f"password={TOKEN}", *KEY[:3], "x" * 2000, "```", "1 | faked", "\x1b[2K\u2028\x85"]),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(100, 800), st.integers(0, 3))
def test_an_excerpt_holds_its_budget_and_one_row_a_line(lines: list[str], budget: int, context: int) -> None:
    text = Log(LogText.from_bytes("\n".join(lines).encode("utf-8", "replace") + b"\n"))
    count = len(text.text)
    for shown in (
        excerpts.lines(text, 0, count, budget),
        excerpts.search(text, Look("e"), 0, context, budget).shown,
    ):
        rendered = shown.rendered
        assert rendered.tokens == tokens_of(rendered.text) <= budget
        assert TOKEN not in rendered.text
        rows = rendered.text.splitlines()
        assert len(rows) == len(rendered.lines)
        assert [n for n in rendered.lines if n is not None] == numbers(rendered.text)
