"""The reduced log: within the budget, the root cause whole, nothing left out in silence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import analysed, pack_of
from logsieve.core.analysis import Analysis
from logsieve.core.reduce import reduce
from logsieve.core.render import render
from logsieve.model import Excerpt

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


def test_a_gap_says_that_failures_are_in_it() -> None:
    log = "".join(f"boom {'abcdefghij'[i % 10]}{'x' * (i // 10)} {'long ' * 30}\n" for i in range(300))
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
