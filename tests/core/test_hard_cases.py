"""The hard cases, each on its fixture: what expected.toml cannot say of titles, counts, other places and windows."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from pathlib import Path

import pytest

from engine import analysed
from logsieve import archive
from logsieve.core.analysis import Analysis
from logsieve.core.reduce import reduce
from logsieve.core.render import render
from logsieve.model import Finding, Level, Outcome, Section, Verdict

FIXTURES = Path(__file__).parents[2] / "fixtures"
BUDGETS = (1000, 2000, 8000)
every_budget = pytest.mark.parametrize("budget", BUDGETS)


def log_of(case: str) -> bytes:
    return (FIXTURES / case / "log.txt").read_bytes()


@cache
def read(case: str) -> Analysis:
    return analysed(log_of(case))


def errors(case: str) -> list[Finding]:
    return [f for f in read(case).findings if f.severity is Level.ERROR]


def excerpt(case: str, budget: int) -> str:
    rendered = render(reduce(read(case), budget), read(case))
    assert rendered.tokens <= budget
    return rendered.text


def section(case: str, title: str) -> Section:
    (found,) = (s for s in read(case).sections if s.title.startswith(title))
    return found


class TestCascades:
    """The first is the root, the rest hang on it with a count."""

    def test_four_hundred_errors_for_one_missing_type_are_one(self) -> None:
        (root, *rest) = errors("hard/cascade-missing-type")
        assert root.count == 400
        assert (root.locations[0].path, root.locations[0].line) == ("src/hall00.c", 3)
        assert root.related
        assert [f for f in rest if f.rule.startswith("gcc/")] == []

    def test_one_module_that_twenty_files_miss_is_one(self) -> None:
        root, other = errors("hard/cascade-missing-module")
        assert "../gen/lamps" in root.title
        assert (root.count, other.count) == (20, 400)

    def test_one_header_that_two_hundred_files_miss_is_one(self) -> None:
        root = errors("ninja/missing-header-cascade")[0]
        assert "handles.h" in root.title
        assert root.count > 100

    def test_thirty_skipped_modules_are_no_failures(self) -> None:
        root, *rest = errors("hard/cascade-skipped-modules")
        assert root.title.endswith("cannot find symbol")
        assert root.locations[0].path.endswith("Lamps.java")
        assert [f.title for f in rest if re.search(r"hall\d\d|[Ss]kipp|banned", f.title)] == []

    @every_budget
    @pytest.mark.parametrize("case", ["missing-type", "missing-module", "skipped-modules"])
    def test_the_excerpt_holds_the_first(self, case: str, budget: int) -> None:
        root = errors(f"hard/cascade-{case}")[0]
        assert read(f"hard/cascade-{case}").text.clean(root.anchor) in excerpt(f"hard/cascade-{case}", budget)


class TestTheSameFailureThreeTimes:
    """One finding; the others are its other places."""

    def test_report_summary_and_annotation_are_one(self) -> None:
        (root,) = errors("hard/thrice-pytest-annotated")
        assert root.count == 1
        assert root.title == "test_total_with_discount: AssertionError: assert 1963 == 1964"
        places = {read("hard/thrice-pytest-annotated").line(related.line).message for related in root.related}
        assert any(place.startswith("FAILED tests/test_orders.py::") for place in places)
        assert "AssertionError: assert 1963 == 1964" in places

    def test_report_and_summary_of_the_same_test_are_one(self) -> None:
        titles = [f.title for f in errors("pytest/short-tb-summary-thrice")]
        assert len(titles) == len({title.partition(":")[0] for title in titles})

    @pytest.mark.parametrize("case", ["jest/github-annotations", "vitest/github-annotations"])
    def test_an_annotation_beside_the_report_is_no_second_failure(self, case: str) -> None:
        assert [f.title for f in errors(case) if f.rule.startswith("github-actions/")] == []


class TestExpectedErrors:
    """The outcome of the test decides."""

    @pytest.mark.parametrize("tool", ["pytest", "go", "jest"])
    def test_only_what_failed_is_an_error(self, tool: str) -> None:
        found = errors(f"hard/expected-errors-{tool}")
        assert {"pytest": "test_total", "go": "left 3 bulbs", "jest": "counts pieces"}[tool] in found[0].title
        assert [f.title for f in found if f.role == "cause"] == [found[0].title]

    def test_what_a_passing_test_logs_is_a_warning_and_says_why(self) -> None:
        warned = [f for f in read("hard/expected-errors-go").findings if "no such article" in f.title]
        assert {f.severity for f in warned} == {Level.WARNING}
        assert all("in a test that passed" in f.why for f in warned)

    def test_a_run_that_passed_has_none(self) -> None:
        assert read("pytest/passed-with-expected-errors").verdict is Verdict.PASSED
        assert errors("pytest/passed-with-expected-errors") == []

    def test_what_a_failing_test_logs_stays(self) -> None:
        log = log_of("hard/expected-errors-go").replace(
            b"--- PASS: TestErrorsAreLogged", b"--- FAIL: TestErrorsAreLogged"
        )
        found = [f for f in analysed(log).findings if "no such article: sofa" in f.title]
        assert [f.severity for f in found] == [Level.ERROR]

    def test_what_stands_before_a_test_begins_stays(self) -> None:
        tests = [f"=== RUN   Test{name}\n--- PASS: Test{name} (0.00s)\n" for name in "AB"]
        log = "ERROR: no such shelf\n".join(tests) + "FAIL\n"
        assert [(f.severity, f.anchor) for f in analysed(log).findings if "shelf" in f.title] == [(Level.ERROR, 2)]


class TestHugeLines:
    """The window around what matters; the rest is left out with its length."""

    @every_budget
    def test_the_reason_at_the_end_of_an_answer_is_shown(self, budget: int) -> None:
        text = excerpt("hard/huge-json", budget)
        (row,) = (row for row in text.split("\n") if "lamp 530" in row)
        assert row.endswith("level of lamp 530 is no number: 'forty'")
        assert re.match(r"\[\.\.\. 8\d,\d{3} characters\]", row)

    @every_budget
    def test_the_place_in_a_bundle_is_shown(self, budget: int) -> None:
        text = excerpt("hard/huge-minified", budget)
        assert "RangeError: level 140 is above 100" in text
        (row,) = (row for row in text.split("\n") if "e.hall=function" in row)
        assert len(re.findall(r"\[\.\.\. [\d,]+ characters\]", row)) == 2

    @every_budget
    def test_a_picture_takes_little_room(self, budget: int) -> None:
        text = excerpt("hard/huge-base64", budget)
        assert "error: picture 12 does not begin with the PNG mark" in text
        assert re.search(r"\[\.\.\. 6\d,\d{3} characters\]", text)
        assert len(text) < 2000

    def test_the_mark_under_a_line_names_the_place(self) -> None:
        line = f"{'a ' * 3000}HERE {'b ' * 3000}"
        analysis = analysed(f"shop.c:1:6001: error: what is this\n{line}\n{' ' * 6000}^~~~\n")
        rows = render(reduce(analysis, 1000), analysis).text.split("\n")
        assert "HERE" in rows[1]
        assert "^~~~" in rows[2]


class TestEscapesAndEncodings:
    """Matched on clean text; the way back to the columns is kept."""

    def test_colours_inside_words(self) -> None:
        analysis, root = read("hard/escape-split-words"), errors("hard/escape-split-words")[0]
        assert "undeclared" in root.title
        clean, raw = analysis.text.clean(root.anchor), analysis.text.text(root.anchor)
        assert "error:" in clean
        assert "error:" not in raw
        column = analysis.text.raw_column(root.anchor, clean.index("or: "))
        assert raw[column:].startswith("or: ")

    def test_hyperlinks(self) -> None:
        analysis = read("gcc/hyperlinks")
        assert "https://" not in "".join(analysis.text.clean(n) for n in range(len(analysis.text)))
        assert any("[-Werror=unused-variable]" in f.title for f in analysis.findings)

    def test_utf8_cut_in_the_middle_of_a_character(self) -> None:
        data = log_of("hard/escape-utf8-cut")
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")
        assert errors("hard/escape-utf8-cut")[0].title.startswith("test_übersetzung: AssertionError: Übersetzung")
        assert "groß, Stehlampe für Räume" in excerpt("hard/escape-utf8-cut", 1000)

    def test_utf16_is_read_as_its_utf8_twin(self) -> None:
        twin = analysed(log_of("hard/encoding-utf16").decode("utf-16").replace("\r\n", "\n").encode())
        assert twin.findings == read("hard/encoding-utf16").findings
        assert "\0" not in excerpt("hard/encoding-utf16", 1000)

    def test_nul_bytes(self) -> None:
        assert log_of("hard/encoding-nul").count(0) > 1000
        assert "panic: stock is negative" in read("hard/encoding-nul").text.clean(errors("hard/encoding-nul")[0].anchor)
        assert "\0" not in excerpt("hard/encoding-nul", 1000)

    def test_mixed_line_ends(self) -> None:
        data = log_of("hard/line-ends-mixed")
        assert 0 < data.count(b"\r\n") < data.count(b"\n")
        assert analysed(data.replace(b"\r\n", b"\n")).findings == read("hard/line-ends-mixed").findings
        assert "\r" not in excerpt("hard/line-ends-mixed", 1000)

    def test_form_feed_and_line_separator_end_no_line(self) -> None:
        assert len(read("hard/line-separators").text) == log_of("hard/line-separators").count(b"\n")
        text = excerpt("hard/line-separators", 1000)
        assert "\u2028" not in text
        assert "\f" not in text
        assert text.splitlines() == text.removesuffix("\n").split("\n")


class TestRunners:
    """Sections with outcomes."""

    @pytest.mark.parametrize(
        ("case", "failed", "passed"),
        [
            ("hard/github-composite", "cd web", "node --version"),
            ("hard/github-unknown-step", "python --version", "Post job cleanup."),
            ("hard/azure-sections", "Run tests", "Check types"),
        ],
    )
    def test_the_step_that_failed_is_told_from_the_others(self, case: str, failed: str, passed: str) -> None:
        found = [s for s in read(case).sections if s.outcome is Outcome.FAILED]
        assert any(failed in s.title for s in found)
        assert not any(passed in s.title for s in found)
        root = errors(case)[0]
        assert failed in read(case).sections[root.section].title

    def test_a_cancelled_job_says_what_was_running(self) -> None:
        analysis, root = read("hard/github-cancelled"), errors("hard/github-cancelled")[0]
        assert "canceled" in root.title
        assert section("hard/github-cancelled", "python -m pytest").outcome is Outcome.FAILED
        assert section("hard/github-cancelled", "actions/upload-artifact").outcome is not Outcome.FAILED
        for budget in BUDGETS:
            assert "test_walk[15]" in excerpt("hard/github-cancelled", budget)
        assert "test_walk[15]" in "".join(analysis.text.clean(n) for n in range(root.start, root.end))

    def test_steps_that_are_not_told_apart_still_have_their_times_taken_off(self) -> None:
        assert [e.name for e in read("hard/github-unknown-step").envelopes][:2] == [
            "GitHub job and step",
            "GitHub timestamp",
        ]
        assert errors("hard/github-unknown-step")[0].title.startswith("test_total_with_discount:")

    def test_a_byte_order_mark_at_each_job_of_a_matrix(self) -> None:
        data = log_of("hard/github-matrix")
        assert data.count(b"\xef\xbb\xbf") == 2
        jobs = [s for s in read("hard/github-matrix").sections if s.kind == "job"]
        assert [(s.title, s.outcome) for s in jobs] == [
            ("test (3.11)", Outcome.UNKNOWN),
            ("test (3.12)", Outcome.FAILED),
        ]
        assert "\ufeff" not in excerpt("hard/github-matrix", 8000)

    def test_an_archive_of_a_matrix(self, tmp_path: Path) -> None:
        first, second = log_of("hard/github-matrix").split(b"\xef\xbb\xbf")[1:]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("1_test (3.12).txt", b"\xef\xbb\xbf" + second)
            file.writestr("0_test (3.11).txt", b"\xef\xbb\xbf" + first)
            file.writestr("test (3.11)/3_empty.txt", b"")
        path = tmp_path / "logs.zip"
        path.write_bytes(packed.getvalue())
        logs = [log for log in archive.read(str(path)) if isinstance(log, archive.Log)]
        assert [log.path.rpartition("!")[2] for log in logs] == ["0_test (3.11).txt", "1_test (3.12).txt"]
        verdicts = [analysed(log.data[:]).verdict for log in logs]
        assert verdicts == [Verdict.PASSED, Verdict.FAILED]

    @pytest.mark.parametrize(
        "case", ["gitlab-ci/jest-failed", "jenkins/pytest-failed", "travis/pytest-failed", "buildkite/tests-failed"]
    )
    def test_others_have_sections(self, case: str) -> None:
        assert read(case).sections
        assert not any(
            s.outcome is Outcome.PASSED for s in read(case).sections if s.start <= errors(case)[0].anchor < s.end
        )
        assert read(case).verdict is Verdict.FAILED


class TestTimestamps:
    """Never needed, always used."""

    def test_three_kinds_in_one_log(self) -> None:
        root = errors("hard/timestamps-three-kinds")[0]
        assert root.title == "KeyError: 'lantern'"
        assert section("hard/timestamps-three-kinds", "bash nightly2.sh").seconds is not None

    @pytest.mark.parametrize("case", ["timestamps-three-kinds", "github-matrix", "thrice-pytest-annotated"])
    def test_without_the_runners_times_the_same_is_found(self, case: str) -> None:
        log = re.sub(rb"(?m)^(\xef\xbb\xbf)?\d{4}-\d\d-\d\dT[\d:.]+Z ", b"", log_of(f"hard/{case}"))
        first = analysed(log).findings[0]
        root = errors(f"hard/{case}")[0]
        assert (first.title, first.start, first.end) == (root.title, root.start, root.end)

    def test_zones_and_gaps(self) -> None:
        assert errors("hard/timestamps-zones-gap")[0].title == "KeyError: 'lantern'"
        log = re.sub(rb"(?m)^\d{4}-\d\d-\d\dT[\d:]+\+\d\d:\d\d ", b"", log_of("hard/timestamps-zones-gap"))
        assert analysed(log).findings[0].title == "KeyError: 'lantern'"


class TestCutLogs:
    """It says so, and has not passed."""

    @pytest.mark.parametrize(
        ("case", "words"),
        [
            ("cut-end", "the log is cut off before its runner says how the run ended"),
            ("cut-viewer", "the log is not whole, line 1 says"),
            ("cut-viewer-end", "the log is not whole, line 1 says"),
            ("cut-log-limit", "the log is not whole, line 209 says"),
        ],
    )
    def test_a_log_that_is_not_whole_has_not_passed(self, case: str, words: str) -> None:
        assert (read(f"hard/{case}").verdict, read(f"hard/{case}").verdict_why) == (Verdict.UNKNOWN, words)
        assert errors(f"hard/{case}") == []

    def test_the_whole_of_it_has(self) -> None:
        log = log_of("hard/cut-viewer-end").partition(b"\n")[2]
        assert analysed(log).verdict is Verdict.PASSED

    def test_a_failed_run_of_which_part_is_missing_says_so_too(self) -> None:
        log = b"Showing last 12 lines\n" + b"\n".join(
            log_of("hard/encoding-utf16").decode("utf-16").encode().split(b"\r\n")[-13:]
        )
        analysis = analysed(log)
        assert analysis.verdict is Verdict.FAILED
        assert analysis.verdict_why.endswith("the log is not whole, line 1 says")

    def test_what_is_left_of_a_report_is_found(self) -> None:
        assert errors("hard/cut-start")[0].title.startswith("tests/test_orders.py::test_total_with_discount")


class TestApplicationLogs:
    """The same findings, folds by shape; the severity from the message where no level is written."""

    @pytest.mark.parametrize(
        ("case", "title"),
        [
            (
                "hard/app-journald",
                "FileNotFoundError: [Errno 2] No such file or directory: '/home/dev/arcade/data/stock.csv'",
            ),
            ("hard/app-klog", "leader election lost"),
            ("hard/app-logcat", "java.lang.NullPointerException: Cannot invoke"),
            ("hard/app-logcat-brief", "java.lang.NullPointerException: Cannot invoke"),
            ("hard/app-kernel-oops", "BUG: kernel NULL pointer dereference, address: 0000000000000004"),
            ("hard/app-no-level", "hall 62: cannot reach dimmer: [Errno 111] Connection refused"),
            ("syslog/disk-full", "No space left on device"),
            ("postgres/migration-failed", "ERROR"),
        ],
    )
    def test_the_failure_comes_first(self, case: str, title: str) -> None:
        root = errors(case)[0]
        assert title in root.title or title in read(case).text.clean(root.anchor)

    @pytest.mark.parametrize("case", ["app-journald", "app-no-level"])
    def test_the_same_failure_again_has_a_count(self, case: str) -> None:
        assert errors(f"hard/{case}")[0].count == 3

    @pytest.mark.parametrize("case", ["app-klog", "app-no-level", "app-logcat"])
    def test_what_repeats_is_folded(self, case: str) -> None:
        assert sum(n.end - n.start for n in read(f"hard/{case}").noise) > len(read(f"hard/{case}").text) / 3

    def test_levels_are_those_written(self) -> None:
        assert [read("hard/app-logcat").line(n).level for n in (34, 36)] == [Level.ERROR, Level.WARNING]

    @every_budget
    def test_an_oops_keeps_its_trace(self, budget: int) -> None:
        text = excerpt("hard/app-kernel-oops", budget)
        assert "BUG: kernel NULL pointer dereference" in text
        assert "RIP: 0010:lamp_sum" in text
        assert "Kernel panic - not syncing" in text
