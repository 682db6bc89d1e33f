"""The reduced log: within the budget, the root cause whole, nothing left out in silence."""

import gc
import weakref
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from command import FIXTURES
from engine import analysed, pack_of
from logsieve import packs
from logsieve.core.analysis import Analysis, analyse
from logsieve.core.reduce import reduce
from logsieve.core.render import render, view
from logsieve.model import Excerpt
from logsieve.text import LogText

PACK = """
[[rule]]
id = "boom"
pattern = '^boom (?P<message>.+)'
block = { indent = true, max = 400 }
[[section]]
kind = "step"
start = '^step (?P<title>.+)'
[[outcome]]
pattern = '^exit (?P<code>\\d+)'
result = "code"
scope = "section"
[[noise]]
pattern = '^Downloading'
reason = "downloads"
"""


def kept(excerpt: Excerpt) -> set[int]:
    return {i for piece in excerpt.pieces for i in range(piece.start, piece.end)}


def covers_the_log(excerpt: Excerpt, analysis: Analysis) -> None:
    parts = sorted([(p.start, p.end) for p in excerpt.pieces] + [(g.start, g.end) for g in excerpt.gaps])
    assert [i for start, end in parts for i in range(start, end)] == list(range(len(analysis.text)))


def test_the_root_cause_is_whole_and_its_step_is_named() -> None:
    log = "step build\n" + "Downloading\n" * 900 + "boom here\n" + "  detail\n" * 30 + "other\n" * 900 + "exit 2\nbye\n"
    analysis = analysed(log, pack_of(PACK))
    excerpt = reduce(analysis, 400)
    assert {0, *range(901, 932)} <= kept(excerpt)
    assert any(g.what == "downloads" for g in excerpt.gaps)
    covers_the_log(excerpt, analysis)


def test_a_long_block_loses_its_middle_never_its_head() -> None:
    analysis = analysed(
        "boom here\n" + "".join(f"  detail number {i}\n" for i in range(399)) + "rest\n" * 10, pack_of(PACK)
    )
    lines = kept(reduce(analysis, 300))
    assert {0, 1, 2} <= lines
    assert 399 in lines
    assert 200 not in lines


def test_every_failure_keeps_its_head() -> None:
    log = "".join(f"boom {chr(97 + i)}{'x' * i}\n" + "  detail\n" * 40 + "ok\n" * 20 for i in range(12))
    analysis = analysed(log, pack_of(PACK))
    assert {f.anchor for f in analysis.findings} <= kept(reduce(analysis, 1500))


def test_a_run_that_failed_without_a_finding_shows_its_end() -> None:
    analysis = analysed("step a\n" + "fine\n" * 500 + "last words\nexit 3\n", pack_of(PACK))
    assert not analysis.findings
    assert {0, 501, 502} <= kept(reduce(analysis, 200))


def test_one_failure_by_itself() -> None:
    analysis = analysed("boom one\n" + "ok\n" * 50 + "boom two\n  more\n" + "ok\n" * 50, pack_of(PACK))
    second = next(i for i, f in enumerate(analysis.findings) if f.title == "two")
    lines = kept(reduce(analysis, 2000, second))
    assert {51, 52} <= lines
    assert 0 not in lines


@pytest.mark.parametrize("budget", [300, 1000, 8000])
def test_the_head_and_the_message_of_the_root_cause_are_there_in_any_budget(budget: int) -> None:
    rule = PACK.replace("max = 400 }", "max = 400 }\nmessage = '^  why: (?P<message>.+)'")
    block = "boom here\n" + "  at frame of some length\n" * 300 + "  why: it broke\n" + "  at frame\n" * 50
    analysis = analysed("ok then\n" * 400 + block + "ok then\n" * 400, pack_of(rule))
    assert {400, 701} <= kept(reduce(analysis, budget))


@pytest.mark.parametrize("case", ["maven/reactor-cascade", "github-actions/pytest-failed", "go/test-panic"])
def test_even_of_the_smallest_budget_gaps_do_not_take_all(case: str) -> None:
    log = analyse(LogText.from_bytes((FIXTURES / case / "log.txt").read_bytes()), packs.load())
    for budget in (100, 130, 200):
        excerpt = render(reduce(log, budget), log)
        assert log.findings[0].anchor in excerpt.lines
        assert len(excerpt.text.encode()) <= 4 * budget


def test_the_command_of_the_failing_step_is_there() -> None:
    pack = pack_of(PACK.replace('kind = "step"', "kind = \"step\"\nheader = '^run:'"))
    log = "step a\n  make \\\n  all\nrun:\n" + "".join(f"working {'x' * i}\n" for i in range(99)) + "boom\nexit 1\n"
    assert {0, 1, 2, 3} <= kept(reduce(analysed(log, pack), 300))


def test_what_a_small_gap_would_cost_more_than_it_saves_is_shown() -> None:
    analysis = analysed("".join(f"boom {c}\nok\n" for c in "abcdefgh"), pack_of(PACK))
    assert kept(reduce(analysis, 1000)) == set(range(16))


def test_tools_reports_and_the_end_are_there() -> None:
    report = "[[outcome]]\npattern = '^[0-9]+ broken'\nresult = \"failed\"\n"
    log = "boom a\n  deep\n" + "ok then\n" * 500 + "1 broken\n" + "ok then\n" * 500 + "exit 1\n"
    assert {0, 1, 502, 1003} <= kept(reduce(analysed(log, pack_of(PACK + report)), 400))


def test_a_gap_says_that_failures_are_in_it() -> None:
    log = "".join(f"boom {sha256(bytes([i])).hexdigest() * 2}\n" for i in range(250))  # no two of them are alike
    excerpt = reduce(analysed(log, pack_of(PACK)), 500)
    assert any("further failure" in g.what for g in excerpt.gaps)


@given(
    st.lists(
        st.sampled_from(
            ["boom a", "boom " + "b" * 3000, "  in", "ok", "é" * 40, "exit 1", "step s", "Downloading", ""]
        ),
        max_size=120,
    ),
    st.integers(100, 1500),
)
@settings(max_examples=80, deadline=None)
def test_never_above_the_budget_and_nothing_silently_lost(lines: list[str], budget: int) -> None:
    analysis = analysed("\n".join(lines), pack_of(PACK))
    excerpt = reduce(analysis, budget)
    covers_the_log(excerpt, analysis)
    assert len(render(excerpt, analysis).text.encode()) / 4 <= budget


@pytest.mark.parametrize("log", ["", "\n", "one line"])
def test_tiny_logs(log: str) -> None:
    analysis = analysed(log, pack_of(PACK))
    covers_the_log(reduce(analysis, 100), analysis)


def test_a_place_that_repeats_the_root_causes_words_is_not_shown_again() -> None:
    same = "[[rule]]\nid = 'same'\npattern = '^(?:in )?[a-z]+ said (?P<message>.+)'\ntitle = '{message}'\n"
    many = ("ann said no\n" + "x\n" * 30) * 30
    log = many + "in bob said no\n" + many
    lines = kept(reduce(analysed(log, pack_of(same)), 180))
    assert {0, 1, 30 * 31} <= lines  # what bob said, and what stands around the root cause
    assert 55 * 31 + 1 not in lines


STAMPED = (
    PACK + "[[envelope]]\nname = 'time'\npattern = '(?:job\\d*\\t)?\\d\\d:\\d\\d:\\d\\d '\nlayer = 1\nshare = 0.5\n"
)


def test_what_the_runner_puts_before_each_line_is_shown_once() -> None:
    times = ["10:00:00", "10:00:01", "10:00:02", "10:01:30", "10:01:31"]
    messages = ["boom here", "  a", "  b", "  c", "  d"]
    log = "".join(f"{time} {message}\n" for time, message in zip(times, messages, strict=True))
    analysis = analysed(log, pack_of(STAMPED))
    shown = render(reduce(analysis, 300), analysis).text
    assert shown == "10:00:00 boom here\n  a\n  b\n10:01:30   c\n  d\n"


def test_another_job_of_the_runner_is_shown() -> None:
    log = "job\t10:00:00 boom\njob\t10:00:00 x\n10:00:01 boom y\n10:00:01   z\n"
    analysis = analysed(log, pack_of(STAMPED))
    assert render(reduce(analysis, 300), analysis).text == "job\t10:00:00 boom\nx\n10:00:01 boom y\n  z\n"


@settings(max_examples=40, deadline=None)
@example([(4, 1, "boom x"), (1, 0, "exit 2"), (7, 1, "boom x"), (7, 0, "y " * 30)])
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 23), st.sampled_from(["boom x", "y " * 30, "exit 2", ""]))))
def test_never_over_the_budget_whatever_the_runner_puts_before_lines(lines: list[tuple[int, int, str]]) -> None:
    log = "".join(f"job{'1' * job * 20}\t{hour:02}:00:00 {message}\n" for job, hour, message in lines)
    analysis = analysed(log * 4, pack_of(STAMPED))
    for budget in (200, 500):
        assert render(reduce(analysis, budget), analysis).tokens <= budget


def test_of_a_block_that_is_too_long_what_other_streams_wrote_goes_first() -> None:
    stream = "[[envelope]]\nname = 's'\npattern = '(?P<stream>\\w+) +\\| '\nlayer = 6\n"
    log = "web | boom here\n" + "".join(f"db  | row {n} is stored\n" * 9 + f"web |   detail {n}\n" for n in range(30))
    lines = kept(reduce(analysed(log, pack_of(PACK + stream)), 1200))
    assert set(range(0, 301, 10)) <= lines
    assert len(lines) < 150


def test_what_was_made_of_an_analysis_does_not_hold_it() -> None:
    """Nor is it left to the collector, which may not come by for hours: a log of megabytes would stay for each edit."""
    analysis = analysed("step one\nboom it broke\n  more\n" * 20, pack_of(PACK))
    gone = weakref.ref(analysis)
    gc.disable()
    try:
        excerpt = reduce(analysis, 50)
        render(excerpt, analysis)
        view(excerpt, analysis)
        del analysis, excerpt
        assert gone() is None
    finally:
        gc.enable()
