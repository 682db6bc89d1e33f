"""More hard cases that real logs hold, one class each, beyond what expected.toml can say: what is one failure and what
are two, which places belong together, and what an excerpt keeps in budgets small and large.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from engine import analysed
from logsieve.core.analysis import Analysis
from logsieve.core.reduce import reduce
from logsieve.model import Category, Finding, Level, Verdict
from logsieve.text import LogText

FIXTURES = Path(__file__).parents[2] / "fixtures"
BUDGETS = (1000, 2000, 8000)


@cache
def of(name: str) -> Analysis:
    """The analysis of a fixture's log."""
    return analysed((FIXTURES / name / "log.txt").read_bytes())


def errors(name: str) -> list[Finding]:
    """What is found to have failed, best first."""
    return [f for f in of(name).findings if f.severity is Level.ERROR]


def kept(name: str, budget: int) -> set[int]:
    """The lines, counted from 1, that an excerpt has."""
    return {n + 1 for piece in reduce(of(name), budget).pieces for n in range(piece.start, piece.end)}


def places(finding: Finding) -> list[int]:
    """The other places of a finding, counted from 1."""
    return [related.line + 1 for related in finding.related]


class TestInterleaved:
    """Several programs write at once: what one says is followed through what the others do."""

    TRACES = (
        ("hard/interleaved-turbo", [104, 108, 112, 115, 119, 123, 126, 129], "reading 'trim'"),
        ("hard/interleaved-lerna", [81, 85, 89, 92, 97, 100, 104, 108], "reading 'trim'"),
        (
            "hard/interleaved-compose",
            [87, 92, 96, 101, 105, 109, 114, 118, 123, 127, 132, 136, 140],
            "IndexError: list",
        ),
        (
            "hard/interleaved-buildkit",
            [127, 128, 177, 178, 243, 244, 245, 288, 385, 386, 387, 400, 401],
            "IndexError: list",
        ),
    )

    @pytest.mark.parametrize(("name", "lines", "title"), TRACES, ids=[name for name, *_ in TRACES])
    def test_a_trace_goes_on_in_its_own_stream(self, name: str, lines: list[int], title: str) -> None:
        root = errors(name)[0]
        assert title in root.title
        assert (root.start + 1, root.end) == (lines[0], lines[-1])
        for budget in BUDGETS:
            assert set(lines) <= kept(name, budget)

    @pytest.mark.parametrize("name", ["interleaved-turbo-two", "interleaved-pnpm", "interleaved-concurrently"])
    def test_two_traces_that_lie_in_each_other_are_two_failures(self, name: str) -> None:
        first, second = sorted((f for f in errors(f"hard/{name}") if f.rule == "node/error"), key=lambda f: f.start)
        assert {f.title.partition("reading ")[2] for f in (first, second)} == {"'trim')", "'reduce')"}
        assert first.start < second.start < first.end  # they do lie in each other

    def test_what_buildkit_prints_again_is_no_second_failure(self) -> None:
        (only,) = errors("hard/interleaved-buildkit-reprint")
        assert only.anchor + 1 == 373
        assert 386 in places(only)
        for budget in BUDGETS:
            assert {114, 115, 162, 225, 268, 372, 373} <= kept("hard/interleaved-buildkit-reprint", budget)

    def test_a_worker_that_crashed_and_a_wrong_test_are_two(self) -> None:
        first, second = errors("hard/interleaved-xdist-crash")[:2]
        assert "test_binding_survives_a_fall" in first.message + first.title
        assert second.title.startswith("test_error_pages_are_numbered[87]")

    def test_make_tells_a_compilers_error_once(self) -> None:
        (only,) = errors("make/recursive-interleaved")
        assert "mixer_gain" in only.title
        assert {87, 89} <= set(places(only))


class TestProgress:
    """What a terminal would not show any more is not the text of a line."""

    def test_the_last_frame_is_the_text_where_the_cursor_moves(self) -> None:
        gradle = LogText.from_bytes((FIXTURES / "hard/progress-cursor-gradle/log.txt").read_bytes())
        assert gradle.clean(5) == "> :compileJava"
        compose = LogText.from_bytes((FIXTURES / "hard/progress-cursor-compose/log.txt").read_bytes())
        assert compose.clean(3) == "Creating millbox_oven_1  ... error"
        assert compose.clean(5) == "Creating millbox_grain_1 ... done"

    def test_a_column_of_the_text_is_found_again_behind_the_moves(self) -> None:
        gradle = LogText.from_bytes((FIXTURES / "hard/progress-cursor-gradle/log.txt").read_bytes())
        column = gradle.raw_column(5, gradle.clean(5).index("compileJava"))
        assert gradle.text(5)[column:].startswith("compileJava")

    @pytest.mark.parametrize("name", ["git/clone-passed", "pip/terminal-progress-passed", "docker/buildkit-terminal"])
    def test_frames_that_were_overwritten_are_gone(self, name: str) -> None:
        text = LogText.from_bytes((FIXTURES / name / "log.txt").read_bytes())
        assert any(text.raw(n).rstrip(b"\r").count(b"\r") or b"\x1b[1A" in text.raw(n) for n in range(len(text)))
        assert all("\r" not in text.clean(n) and "\x1b" not in text.clean(n) for n in range(len(text)))


class TestChains:
    """The title is the root of a chain of causes; its links are places of the same finding."""

    CHAINS: tuple[tuple[str, int, str, list[int]], ...] = (
        ("java/caused-by-chain", 10, "java.lang.NumberFormatException", [3, 6]),  # root last
        ("python/direct-cause", 65, "ValueError: invalid literal", [78, 85]),  # root first
        ("python/chained-three", 65, "ValueError: invalid literal", [78, 91]),  # both kinds
        ("pytest/exception-chain", 40, "FileNotFoundError", [60]),
        ("hard/chain-rust", 51, "invalid digit found in string", [46, 49, 50]),
        ("hard/chain-dotnet", 43, "System.FormatException", [41, 42]),
        ("hard/chain-dotnet-oneline", 43, "System.FormatException", []),
        ("hard/chain-go", 31, "open data/north.csv: no such file or directory", []),
        ("ruby/exception-cause", 3, "No such file or directory", [1]),
        ("rake/exception-cause", 28, "ArgumentError", [3]),
        ("node/uncaught-with-cause", 41, "TypeError: price of bulb", [35]),
    )

    @pytest.mark.parametrize(("name", "root", "title", "links"), CHAINS, ids=[name for name, *_ in CHAINS])
    def test_the_root_leads(self, name: str, root: int, title: str, links: list[int]) -> None:
        first, *others = errors(name)
        assert first.anchor + 1 == root
        assert title in first.title
        assert set(links) <= set(places(first))
        assert not {f.anchor + 1 for f in others} & set(links)
        for budget in BUDGETS:
            assert {root, *links} <= kept(name, budget)


class TestWordsOfFailure:
    """File names, options, names of passing tests and counts of zero are no failures."""

    def test_none_is_found_in_a_run_that_is_full_of_them(self) -> None:
        assert of("hard/words-that-are-none").verdict is Verdict.PASSED
        assert not errors("hard/words-that-are-none")

    def test_only_the_failure_is_found_among_them(self) -> None:
        (only,) = errors("hard/words-around-a-failure")
        assert only.title.endswith("data/north.csv: No such file or directory")


class TestFailuresWithoutTheWord:
    """A tool's own grammar says that it failed, where no line says error."""

    TOLD = (
        ("go/test-failed", "go/"),  # --- FAIL:, FAIL\tpkg
        ("go/gofmt-diff", "go/"),
        ("black/failed", "black/"),  # would reformat
        ("prettier/unformatted", "prettier/"),  # Code style issues found
        ("npm/audit", "npm/"),
        ("jest/many-suites", "jest/"),  # ✕, 1 obsolete
        ("tap/failed", "tap/"),  # not ok 3
        ("googletest/failed", "googletest/"),  # [  FAILED  ]
        ("shell/killed-137", "shell/"),  # Killed
        ("shfmt/diff", "shfmt/"),  # - and +
    )

    @pytest.mark.parametrize(("name", "pack"), TOLD, ids=[name for name, _ in TOLD])
    def test_the_tools_pack_tells(self, name: str, pack: str) -> None:
        assert of(name).verdict is Verdict.FAILED
        assert errors(name)[0].rule.startswith(pack)


class TestNothingRan:
    """Where tests were expected, none is a failure."""

    NOTHING = (
        "pytest/no-tests-ran", "pytest/collection-error", "pytest/wrong-path", "jest/no-tests", "vitest/no-tests",
        "jasmine/no-specs", "playwright/no-tests", "qunit/no-tests", "mocha/no-files", "bun/no-tests",
        "webdriverio/no-specs", "hard/nothing-ran-unittest", "hard/nothing-ran-ctest", "hard/nothing-ran-phpunit",
    )  # fmt: skip

    @pytest.mark.parametrize("name", NOTHING)
    def test_it_is_the_failure(self, name: str) -> None:
        assert of(name).verdict is Verdict.FAILED
        assert re.search(
            r"(?i)\bno test|no specs|did not match|never closed|not found|no tests matched", errors(name)[0].title
        )

    def test_it_is_one_even_where_the_tool_calls_it_success(self) -> None:
        (only,) = analysed("Test project /srv/shop/build\nNo tests were found!!!\n").findings
        assert (only.severity, only.category) == (Level.ERROR, Category.TEST)


class TestStopped:
    """Memory, time or the machine was taken away: the excerpt says what was running."""

    LAST = (
        ("shell/killed-137", 24, Category.RESOURCE),
        ("shell/segfault-139", 7, Category.RUNTIME),
        ("shell/timeout-124", 7, Category.TIMEOUT),
        ("github-actions/killed-137", 38, Category.RESOURCE),
        ("kernel/oom-kill", 1, Category.RESOURCE),
        ("hard/timeout-github", 77, Category.TIMEOUT),
        ("hard/timeout-gitlab", 73, Category.TIMEOUT),
        ("hard/runner-lost-github", 77, Category.INFRA),
    )

    @pytest.mark.parametrize(("name", "last", "category"), LAST, ids=[name for name, *_ in LAST])
    def test_the_last_that_ran_is_there(self, name: str, last: int, category: Category) -> None:
        assert of(name).verdict is Verdict.FAILED
        assert errors(name)[0].category is category
        for budget in BUDGETS:
            assert last in kept(name, budget)

    def test_it_is_a_place_of_the_finding(self) -> None:
        assert 7 in places(errors("shell/timeout-124")[0])


class TestRetries:
    """What is tried again and then succeeds is no failure."""

    GOOD = (
        "npm/retry-then-added", "pip/retry-then-installed", "shell/retry-then-up", "pytest/rerun-then-passed",
        "jest/flaky-retried-passed", "playwright/flaky-passed",
    )  # fmt: skip

    @pytest.mark.parametrize("name", GOOD)
    def test_nothing_failed_in_the_end(self, name: str) -> None:
        assert of(name).verdict is not Verdict.FAILED
        assert not errors(name)

    def test_what_fails_later_is_the_root(self) -> None:
        found = {f.anchor + 1: f.severity for f in of("hard/retry-then-another-failure").findings}
        assert errors("hard/retry-then-another-failure")[0].title == "KeyError: '23'"
        assert found[2] is Level.WARNING  # "Retrying in 3s" stands below it


class TestWarningsAsCauses:
    """A warning that speaks of what the failure names belongs to it; a linter's or a compiler's may be the failure."""

    @pytest.mark.parametrize(("name", "warning"), [("warning-cmake-optional", 8), ("warning-optional-package", 1)])
    def test_a_warning_of_what_is_missing_later(self, name: str, warning: int) -> None:
        root = errors(f"hard/{name}")[0]
        assert (root.related[0].line + 1, root.related[0].why) == (warning, "warned of here")
        for budget in BUDGETS:
            assert {warning, root.anchor + 1} <= kept(f"hard/{name}", budget)

    def test_a_warning_of_something_else_is_none(self) -> None:
        other = "/srv/a.py:7: RuntimeWarning: big_table is slow\n"
        trace = 'Traceback (most recent call last):\n  File "/srv/b.py", line 1, in <module>\nOSError: no small_table\n'
        root = next(f for f in analysed(other + trace).findings if f.severity is Level.ERROR)
        assert not root.related

    @pytest.mark.parametrize("name", ["gcc/werror", "javac/werror", "kotlin/werror", "haskell/ghc-werror"])
    def test_a_warning_turned_into_an_error_is_the_root(self, name: str) -> None:
        assert of(name).verdict is Verdict.FAILED
        assert errors(name)

    def test_a_deprecation_turned_into_an_error_is_the_root(self) -> None:
        assert "utcnow() is deprecated" in errors("hard/warning-deprecation-turned-error")[0].title
