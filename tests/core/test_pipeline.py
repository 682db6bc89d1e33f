"""The stages one by one, each with a pack made for the point in question."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import analysed, pack_of
from logsieve.core.outcomes import AFTERWORDS, Mark, Nothing
from logsieve.core.scan import MOST_HITS
from logsieve.core.shapes import shapes
from logsieve.model import Level, Outcome, Verdict
from logsieve.settings import Folding, Settings

RULE = """
[[rule]]
id = "boom"
pattern = '^boom (?P<message>.+)'
title = "went boom: {message}"
"""


class TestEnvelopes:
    PACK = (
        RULE
        + r"""
[[envelope]]
name = "time"
pattern = '\d\d:\d\d:\d\d '
layer = 1
[[envelope]]
name = "stream"
pattern = '\w+ +\| '
layer = 6
[[envelope]]
name = "level"
pattern = '\[(?P<level>ERROR|INFO|WARN)\] '
layer = 8
[[rule]]
id = "said"
at_level = "error"
specificity = 20
"""
    )

    def test_layers_come_off_until_the_message_is_left(self) -> None:
        log = "10:00:01 web | [INFO] up\n10:00:02 web | [ERROR] boom now\n10:00:03 db  | [INFO] up\n"
        analysis = analysed(log, pack_of(self.PACK))
        assert [e.name for e in analysis.envelopes] == ["time", "stream", "level"]
        assert analysis.line(1).message == "boom now"
        assert analysis.line(1).level is Level.ERROR
        assert analysis.findings[0].rule == "try/boom"

    def test_a_line_without_a_layer_keeps_its_text(self) -> None:
        analysis = analysed("10:00:01 a\n  at once\n10:00:02 b\n10:00:03 c\n", pack_of(self.PACK))
        assert [analysis.line(i).message for i in range(2)] == ["a", "  at once"]

    @pytest.mark.parametrize("log", ["10:00:01 a\nLONG b\n10:00:02 c\n", "10:00:01 a\r\nlong b\r\n"])
    def test_flags_of_a_layer_hold_for_it_alone(self, log: str) -> None:
        pack = self.PACK + "[[envelope]]\nname = 'case'\npattern = '(?i)long '\nlayer = 1\n"
        analysis = analysed(log, pack_of(pack))
        assert [e.name for e in analysis.envelopes] == ["time"]
        analysis = analysed("Long a\nLONG b\nLong c [INFO] d\n", pack_of(pack))
        assert [analysis.line(i).message for i in range(3)] == ["a", "b", "c [INFO] d"]

    def test_few_lines_with_a_layer_are_no_envelope(self) -> None:
        analysis = analysed("10:00:01 a\n" + "plain\n" * 20, pack_of(self.PACK))
        assert analysis.envelopes == ()

    def test_an_error_level_is_a_finding_where_no_rule_speaks(self) -> None:
        analysis = analysed("[INFO] a\n[ERROR] odd thing\n[INFO] b\n", pack_of(self.PACK))
        assert [(f.rule, f.anchor) for f in analysis.findings] == [("try/said", 1)]


class TestSections:
    PACK = (
        RULE
        + r"""
[[section]]
kind = "job"
start = '^job (?P<title>.+)'
depth = 0
[[section]]
kind = "step"
start = '^step (?P<title>.+)'
depth = 2
[[section]]
kind = "group"
start = '^\{ (?P<name>\w+)'
end = '^\} (?P<name>\w+)'
depth = 3
[[outcome]]
pattern = '^exit (?P<code>\d+)'
result = "code"
scope = "section"
[[outcome]]
pattern = '^all (?P<word>passed|failed)'
result = "failed"
scope = "run"
unless = 'passed'
"""
    )

    def test_sections_nest_and_end_where_the_next_begins(self) -> None:
        log = "job a\nstep one\n{ x\n{ y\n} y\n} x\nout\nexit 0\nstep two\nboom\nexit 3\njob b\n"
        found = analysed(log, pack_of(self.PACK)).sections
        assert [(s.title, s.start, s.end, s.parent) for s in found] == [
            ("a", 0, 11, -1), ("one", 1, 8, 0), ("x", 2, 6, 1), ("y", 3, 5, 2), ("two", 8, 11, 0), ("b", 11, 12, -1),
        ]  # fmt: skip
        assert [(s.title, s.outcome, s.exit_code) for s in found if s.outcome is not Outcome.UNKNOWN] == [
            ("a", Outcome.FAILED, None), ("one", Outcome.PASSED, 0), ("two", Outcome.FAILED, 3),
        ]  # fmt: skip

    def test_an_end_without_its_start_and_a_start_without_its_end(self) -> None:
        found = analysed("} x\n{ a\n{ b\n} a\nlast\n", pack_of(self.PACK)).sections
        assert [(s.title, s.start, s.end) for s in found] == [("a", 1, 4), ("b", 2, 4)]

    def test_a_failure_in_the_failing_step_comes_first(self) -> None:
        log = "step one\nboom early\nexit 0\nstep two\nboom late\nexit 1\n"
        analysis = analysed(log, pack_of(self.PACK))
        assert [f.anchor for f in analysis.findings] == [4, 1]
        assert analysis.findings[1].severity is Level.WARNING  # it stands in a step that passed
        assert any("in the step that failed: two" in why for why in analysis.findings[0].why)

    def test_the_run_has_the_last_word(self) -> None:
        assert analysed("step one\nexit 1\nall failed\n", pack_of(self.PACK)).verdict is Verdict.FAILED
        assert analysed("step one\nboom x\nexit 1\n", pack_of(self.PACK)).verdict is Verdict.FAILED
        assert analysed("nothing\n", pack_of(self.PACK)).verdict is Verdict.UNKNOWN
        assert analysed("boom x\n", pack_of(self.PACK)).verdict is Verdict.FAILED

    def test_a_log_cut_off_before_its_end_has_not_passed(self) -> None:
        runner = """
[[section]]
kind = "fold"
start = '^fold (?P<name>.+)'
[[outcome]]
pattern = '^Done: (?P<code>[0-9]+)'
result = "code"
scope = "run"
[[outcome]]
pattern = '^tests ok'
result = "passed"
"""
        whole, cut = "fold a\ntests ok\nDone: 0\n", "fold a\ntests ok\n"
        assert analysed(whole, pack_of(runner)).verdict is Verdict.PASSED
        assert analysed(cut, pack_of(runner)).verdict is Verdict.UNKNOWN
        assert "cut off" in analysed(cut, pack_of(runner)).verdict_why
        assert analysed("tests ok\n", pack_of(runner)).verdict is Verdict.PASSED  # no runner, no last word to wait for


class TestBlocks:
    LOG = "a\n\nhead\nboom x\n  deep\n\n  deeper\nflat\nend\nboom y\n"

    @pytest.mark.parametrize(
        ("block", "lines"),
        [
            ("{}", (3, 4)),
            ("{ lines = 2 }", (3, 6)),
            ("{ indent = true }", (3, 5)),
            ("{ indent = true, blank = true }", (3, 7)),
            ("{ indent = true, blank = true, until = 'deeper' }", (3, 5)),
            ("{ keep = 'deep|flat', blank = true }", (3, 8)),
            ("{ through = '^end' }", (3, 9)),
            ("{ until = '^end' }", (3, 8)),
            ("{ until = '^flat' }", (3, 7)),
            ("{ before = '.' }", (2, 4)),
            ("{ start = '^a$' }", (0, 4)),
            ("{ start = '^a$', back = 2 }", (3, 4)),
            ("{ until = '^never', max = 3 }", (3, 5)),
        ],
    )
    def test_extent(self, block: str, lines: tuple[int, int]) -> None:
        found = analysed(self.LOG, pack_of(RULE + f"block = {block}\n")).blocks[0]
        assert (found.start, found.end, found.anchor) == (*lines, 3)

    def test_a_block_that_shows_itself_less_sure_leaves_its_lines_to_others(self) -> None:
        rules = "[[rule]]\nid = 'a'\npattern = '^alpha'\nspecificity = 80\nforgiven = '^again'\nblock = { lines = 1 }\n"
        pack = pack_of(rules + "[[rule]]\nid = 'b'\npattern = '^beta'\nspecificity = 70\n")
        assert [(b.rule, b.start, b.end) for b in analysed("alpha\nbeta\nx\n", pack).blocks] == [("try/a", 0, 2)]
        assert [(b.rule, b.start, b.end) for b in analysed("alpha\nbeta\nagain\n", pack).blocks] == [
            ("try/a", 0, 1), ("try/b", 1, 2),
        ]  # fmt: skip

    def test_a_block_never_leaves_its_section(self) -> None:
        pack = pack_of(RULE + "block = { until = '^never', before = '.' }\n[[section]]\nkind = 's'\nstart = '^== '\n")
        found = analysed("x\n== one\ny\nboom a\nz\n== two\nw\n", pack).blocks[0]
        assert (found.start, found.end) == (1, 5)

    def test_a_section_says_how_long_it_took(self) -> None:
        by_time = "[[section]]\nkind = 's'\nstart = 'start:(?P<time>[0-9]+):'\nend = 'end:(?P<time>[0-9]+):'\n"
        by_clock = "[[section]]\nkind = 's'\nstart = '== '\n"
        by_nanoseconds = "[[section]]\nkind = 's'\nstart = 'go'\nend = 'took (?P<nanoseconds>[0-9]+)'\n"
        for rule, log in (
            (by_time, "start:1760000000:\nx\nend:1760000095:\n"),
            (by_clock, "2026-11-20T10:00:00.5Z == a\n2026-11-20T10:01:35.5000000Z x\n"),
            (by_nanoseconds, "go\nx\ntook 95000000000\n"),
        ):
            assert analysed(log, pack_of(rule)).sections[0].seconds == 95.0
        assert analysed("go\nx\n", pack_of(by_nanoseconds)).sections[0].seconds is None
        assert analysed("2026-99-20T10:00:00Z == a\nx\n", pack_of(by_clock)).sections[0].seconds is None

    def test_a_block_stays_in_its_stream(self) -> None:
        pack = pack_of(
            RULE + "message = '^  why (?P<message>.+)'\nblock = { indent = true }\n"
            "[[envelope]]\nname = 'service'\npattern = '(?P<stream>\\w+) +\\| '\nlayer = 6\n"
        )
        log = "web | boom x\ndb  | ready\nweb |   at y\ndb  |   why not\nweb |   why so\nweb | up\ndb  |   at z\n"
        found = analysed(log, pack)
        assert [(b.start, b.end, b.anchor) for b in found.blocks] == [(0, 5, 4)]
        assert found.findings[0].title == "went boom: so"

    STREAMS = (
        RULE + "block = { indent = true }\n[[envelope]]\nname = 's'\npattern = '(?P<stream>\\w+) +\\| '\nlayer = 6\n"
    )

    def test_blocks_of_two_streams_may_lie_in_each_other(self) -> None:
        log = "web | boom x\ndb  | boom y\nweb |   at x\ndb  |   at y\nweb |   at z\ndb  | up\nweb | up\n"
        found = analysed(log, pack_of(self.STREAMS))
        assert [(b.start, b.end) for b in found.blocks] == [(0, 5), (1, 4)]
        assert {f.title for f in found.findings} == {"went boom: x", "went boom: y"}

    def test_what_begins_without_a_stream_may_hold_lines_of_all(self) -> None:
        found = analysed("boom x\n  web | a\n  db  | b\nweb | c\ndb  | d\n", pack_of(self.STREAMS))
        assert [(b.start, b.end) for b in found.blocks] == [(0, 3)]

    def test_the_line_below_is_the_next_of_the_same_stream(self) -> None:
        pack = pack_of(self.STREAMS.replace("block =", "below = '^  at'\nblock ="))
        log = "web | boom x\ndb  | up\nweb |   at x\nweb | boom y\ndb  |   at y\nweb | up\n"
        assert [b.line for b in analysed(log, pack).blocks] == [0]

    def test_the_links_of_a_chain_are_places_of_its_root(self) -> None:
        extra = "message = '^Caused by: (?P<message>.+)'\nlast = true\nchain = '^(?:boom|Caused by:) '\n"
        extra += "block = { keep = '^Caused|^ ' }\n"
        found = analysed("boom outer\n at a\nCaused by: middle\n at b\nCaused by: root\n at c\n", pack_of(RULE + extra))
        (finding,) = found.findings
        assert (finding.anchor, [(r.line, r.why) for r in finding.related]) == (
            4, [(0, "follows from it"), (2, "follows from it")],
        )  # fmt: skip

    def test_the_surer_rule_keeps_the_lines(self) -> None:
        weak = "[[rule]]\nid = 'weak'\npattern = 'x'\nspecificity = 20\nblock = { lines = 5 }\n"
        found = analysed("x 1\nx 2\nboom x\nx 3\n", pack_of(RULE + "block = { lines = 1 }\n" + weak)).blocks
        assert [(b.rule, b.start, b.end) for b in found] == [("try/weak", 0, 2), ("try/boom", 2, 4)]

    def test_the_message_may_stand_elsewhere_in_the_block(self) -> None:
        extra = "message = '^Caused by: (?P<message>.+)'\nlast = true\nblock = { keep = '^Caused|^ ' }\n"
        found = analysed("boom outer\n at a\nCaused by: middle\n at b\nCaused by: root\n at c\n", pack_of(RULE + extra))
        assert (found.findings[0].title, found.findings[0].anchor) == ("went boom: root", 4)


class TestFindings:
    def test_equal_failures_are_one_with_a_count(self) -> None:
        analysis = analysed("boom 1\nok\nboom 2\nboom other\n", pack_of(RULE))
        assert [(f.title, f.count, [r.line for r in f.related]) for f in analysis.findings] == [
            ("went boom: 1", 2, [2]), ("went boom: other", 1, []),
        ]  # fmt: skip

    def test_a_summary_of_a_test_is_another_place_of_its_failure(self) -> None:
        rules = r"""
[[rule]]
id = "detail"
pattern = '^_+ (?P<test>[a-zA-Z_.]+) _+$'
[[rule]]
id = "summary"
pattern = '^FAILED (?P<test>\S+)'
role = "summary"
"""
        log = "__ A.test_x __\n__ test_y __\nFAILED a.py::A::test_x - boom\nFAILED a.py::test_y\nFAILED a.py::test_z\n"
        found = analysed(log, pack_of(rules)).findings
        assert [(f.anchor, f.count, [r.line for r in f.related]) for f in found] == [
            (0, 1, [2]),
            (1, 1, [3]),
            (4, 1, []),
        ]

    def test_a_consequence_ranks_below_its_cause(self) -> None:
        more = "[[rule]]\nid = 'exit'\npattern = '^exit'\nspecificity = 90\nrole = 'consequence'\n"
        assert [f.rule for f in analysed("exit 2\nboom x\n", pack_of(RULE + more)).findings] == ["try/boom", "try/exit"]

    def test_what_follows_from_a_cause_hangs_on_it(self) -> None:
        more = "[[rule]]\nid = 'exit'\npattern = '^exit'\nspecificity = 90\nrole = 'consequence'\n"
        more += "[[rule]]\nid = 'sum'\npattern = '^sum'\nrole = 'summary'\n"
        found = analysed("boom x\nok\nexit 2\nsum 3\nboom y\nexit 3\n", pack_of(RULE + more)).findings
        assert [(f.anchor, [(r.line, r.why) for r in f.related]) for f in found] == [
            (0, [(2, "follows from it"), (3, "summed up here")]), (4, [(5, "follows from it")]),
        ]  # fmt: skip

    def test_an_unsure_cause_right_before_what_follows_from_it_counts_as_much(self) -> None:
        more = "[[rule]]\nid = 'exit'\npattern = '^exit'\nspecificity = 90\nrole = 'consequence'\n"
        weak = "[[rule]]\nid = 'weak'\npattern = '^weak'\nspecificity = 5\n"
        found = analysed("weak x\nok\nexit 2\n", pack_of(weak + more)).findings
        assert [(f.rule, [r.line for r in f.related]) for f in found] == [("try/weak", [2])]
        assert "what follows" in " ".join(found[0].why)
        found = analysed("weak x\n" + "ok\n" * 20 + "exit 2\n", pack_of(weak + more)).findings
        assert [f.rule for f in found] == ["try/exit", "try/weak"]

    def test_what_follows_from_something_unknown_has_the_last_lines_before_it(self) -> None:
        exit_ = "[[rule]]\nid = 'exit'\npattern = '^exit'\nrole = 'consequence'\n"
        step = "[[section]]\nkind = 'step'\nstart = '^step'\n"
        log = "".join(f"line {i}\n" for i in range(20)) + "step\n\nwhy it broke\n\nexit 2\n"
        found = analysed(log, pack_of(exit_ + step)).findings[0]
        assert (found.start, found.anchor, found.end) == (22, 24, 25)  # not beyond its step, and from no blank line
        assert analysed("x\n" * 20 + "exit 2\n", pack_of(exit_)).findings[0].start == 8

    def test_an_uncaught_error_on_which_the_log_ends_comes_before_what_the_run_got_over(self) -> None:
        trace = "[[rule]]\nid = 'trace'\npattern = '^trace'\ncategory = 'runtime'\nblock = { indent = true }\n"
        pack = pack_of(RULE + trace)
        assert [f.rule for f in analysed("boom x\nok\ntrace y\n  a\n  b\n", pack).findings] == ["try/trace", "try/boom"]
        for more in ("boom x\nok\ntrace y\n", "boom x\nok\ntrace y\n  a\n  b\nok\nok\n"):
            assert [f.rule for f in analysed(more, pack).findings] == ["try/boom", "try/trace"]

    def test_the_last_line_before_the_time_was_up_is_a_place_of_it(self) -> None:
        late = "[[rule]]\nid = 'late'\npattern = '^late'\ncategory = 'timeout'\n"
        (finding,) = analysed("copying a\n\nlate\n", pack_of(late)).findings
        assert [(r.line, r.why) for r in finding.related] == [(0, "the last line before it")]

    def test_a_warning_of_what_the_root_cause_names_is_a_place_of_it(self) -> None:
        warn = "[[rule]]\nid = 'warn'\npattern = '^warn: (?P<message>.+)'\nseverity = 'warning'\n"
        log = "warn: no big_lamp here\nwarn: no shade here\nboom it needs big_lamp and a shade\nwarn: big_lamp\n"
        root = analysed(log, pack_of(RULE + warn)).findings[0]
        assert [(r.line, r.why) for r in root.related] == [(0, "warned of here")]

    def test_a_cascade_is_one_finding(self) -> None:
        names = ["zebra", "gnu", "lion", "bear", "elk", "hare", "crane", "swan", "heron", "eagle"]
        log = "".join(f"a.c:{n}: boom: undefined reference to `{name}' here\n" for n, name in enumerate(names))
        rule = "[[rule]]\nid = 'boom'\npattern = 'boom: (?P<message>.+)'\n"
        (found,) = analysed(log, pack_of(rule)).findings
        assert (found.anchor, found.count, found.related[-1].line) == (0, 10, 9)
        tests = "[[rule]]\nid = 'boom'\npattern = \"boom: (?P<message>.+`(?P<test>[a-z]+)' here)\"\n"
        assert len(analysed(log, pack_of(tests)).findings) == 10  # failed tests stand for themselves
        few = "".join(log.splitlines(keepends=True)[:8])
        assert len(analysed(few, pack_of(rule)).findings) == 8

    def test_what_another_rule_says_again_is_the_same_failure(self) -> None:
        note = "[[rule]]\nid = 'note'\npattern = '^##(?P<message>.+)'\nspecificity = 50\ntitle = '{message}'\n"
        log = "boom the cellar door is not locked\nok\n##cellar.c#L3: the cellar door is not locked!\n##the attic\n"
        found = analysed(log, pack_of(RULE + note)).findings
        assert [(f.anchor, [r.line for r in f.related]) for f in found] == [(0, [2]), (3, [])]

    def test_a_linters_warning_is_an_error_where_nothing_worse_explains_the_failure(self) -> None:
        rules = """
[[rule]]
id = "warn"
pattern = '^warn'
severity = "warning"
category = "lint"
[[section]]
kind = "step"
start = '^step'
[[outcome]]
pattern = '^exit (?P<code>[0-9]+)'
result = "code"
scope = "section"
"""
        pack = pack_of(RULE + rules)
        linted = analysed("step a\nwarn early\nexit 0\nstep b\nwarn x\nexit 1\n", pack).findings
        assert [(f.anchor, f.severity) for f in linted] == [(4, Level.ERROR), (1, Level.WARNING)]
        assert "nothing worse" in " ".join(linted[0].why)
        worse = analysed("step b\nwarn x\nboom y\nexit 1\n", pack).findings
        assert [(f.anchor, f.severity) for f in worse] == [(2, Level.ERROR), (1, Level.WARNING)]
        passed = analysed("step b\nwarn x\nexit 0\n", pack).findings
        assert [f.severity for f in passed] == [Level.WARNING]

    def test_a_tools_failure_after_which_the_step_went_on_ranks_below_the_last_ones(self) -> None:
        ends = "[[outcome]]\npattern = '^END bad'\nresult = 'failed'\nends = true\n"
        ends += "[[outcome]]\npattern = '^END good'\nresult = 'passed'\nends = true\n"
        pack = pack_of(RULE + ends)
        found = analysed("boom let\nEND bad\n" + "x\n" * 50 + "boom kept\nEND bad\n", pack).findings
        assert [f.anchor for f in found] == [52, 0]
        assert "the step went on after it" in found[1].why
        found = analysed("boom let\nEND good\nboom kept\nEND bad\n", pack).findings
        assert [f.anchor for f in found] == [2, 0]
        found = analysed("boom a\nboom b\nEND bad\n", pack).findings
        assert [f.anchor for f in found] == [0, 1]

    def test_runs_of_two_tools_that_came_to_nothing_may_lie_in_each_other(self) -> None:
        told = [(10, "a"), (60, "b"), (70, "b"), (80, "b"), (300, "a"), (400, "a")]
        marks = [Mark(line, Outcome.FAILED, "tool", who, None, who) for line, who in told]
        nothing = Nothing([*marks, Mark(500, Outcome.PASSED, "tool", "b", None, "b")], lambda _: -1)
        assert [line for line in range(600) if nothing.came_of(line, "c")] == list(range(300 + AFTERWORDS))
        assert [line for line in range(600) if nothing.came_of(line, "b")] == list(range(500))

    def test_a_place_is_read_from_the_groups(self) -> None:
        rule = "[[rule]]\nid = 'c'\npattern = '^(?P<path>[^:\\n]+):(?P<line>\\d+):(?P<column>\\d+): bad'\n"
        place = analysed("src/a b.c:12:7: bad\n", pack_of(rule)).findings[0].locations[0]
        assert (place.path, place.line, place.column, place.at) == ("src/a b.c", 12, 7, 0)

    def test_a_title_whose_group_is_absent_is_the_message(self) -> None:
        rule = "[[rule]]\nid = 'c'\npattern = '^bad(?P<what> .+)?'\ntitle = '{what}!'\n"
        assert analysed("bad\n", pack_of(rule)).findings[0].title == "bad"

    def test_the_lines_that_announce_a_step_are_none(self) -> None:
        step = "[[section]]\nkind = 'step'\nstart = '^run (?P<title>.+)'\nheader = '^end'\n"
        analysis = analysed("run a\nboom in the command\nend\nboom x\n", pack_of(RULE + step))
        assert [f.anchor for f in analysis.findings] == [3]
        assert (analysis.sections[0].start, analysis.sections[0].header) == (0, 3)
        signed = pack_of(RULE + step + "header_sign = '^shell: '\n")
        assert [f.anchor for f in analysed("run a\nboom b\nend\nboom x\n", signed).findings] == [1, 3]
        assert [f.anchor for f in analysed("run a\nboom b\nshell: sh\nend\nboom x\n", signed).findings] == [4]

    def test_ignored_and_excepted_lines_are_none(self) -> None:
        pack = pack_of(
            RULE + "unless = 'expected'\n[[ignore]]\npattern = 'demo'\nreason = 'shown on purpose'\nspecificity = 99\n"
        )
        assert [f.anchor for f in analysed("boom expected\nboom demo\nboom real\n", pack).findings] == [2]

    def test_every_line_an_error_is_bounded(self) -> None:
        analysis = analysed(
            "".join(f"boom {'x' * (i % 50)} {chr(97 + i % 26)}\n" for i in range(3 * MOST_HITS)), pack_of(RULE)
        )
        assert len(analysis.blocks) == MOST_HITS


class TestNoise:
    PACK = RULE + "[[noise]]\npattern = '^Downloading'\nreason = 'downloads'\n"

    def test_runs_of_noise_have_a_reason_and_never_hold_a_finding(self) -> None:
        log = "hello\n" + "Downloading\n" * 5 + "boom x\n" + "Downloading\n" * 4 + "\nbye\n"
        assert [(n.start, n.end, n.reason) for n in analysed(log, pack_of(self.PACK)).noise] == [
            (1, 6, "downloads"), (7, 11, "downloads"),
        ]  # fmt: skip

    def test_short_runs_stay(self) -> None:
        log = "Downloading\nDownloading\nx\n"
        assert analysed(log, pack_of(self.PACK)).noise == ()
        two = Settings(folding=Folding(minimumLines=2))
        assert [(n.start, n.end) for n in analysed(log, pack_of(self.PACK), two).noise] == [(0, 2)]

    def test_repetition_is_noise(self) -> None:
        log = "start\n" + "".join(f"copied {i} of 30\n" for i in range(30)) + "end\n"
        assert [(n.start, n.end, n.reason) for n in analysed(log, pack_of(self.PACK)).noise] == [(1, 31, "repeats")]

    def test_the_worst_level_inside_is_told(self) -> None:
        warn = "[[rule]]\nid = 'w'\npattern = '^warn'\nseverity = 'info'\n"
        log = "Downloading\n" * 3 + "Downloading x\n"
        assert analysed(log, pack_of(self.PACK + warn)).noise[0].worst is Level.UNKNOWN


class TestShapes:
    def test_equal_but_for_digits_is_the_same_event(self) -> None:
        column = shapes(b"took 12 ms\ntook 7 ms\n\nother\n")
        assert column.dtype == np.uint64
        assert column[0] == column[1] != column[3]
        assert column[2] == 0


@given(st.lists(st.sampled_from(["boom a", "ok", "Downloading", "", "  x"]), max_size=60))
@settings(max_examples=60, deadline=None)
def test_noise_blocks_and_findings_hold_together(lines: list[str]) -> None:
    analysis = analysed(
        "\n".join(lines), pack_of(TestNoise.PACK + "[[rule]]\nid = 'x'\npattern = '^  x'\nblock = { before = 'o' }\n")
    )
    ends = 0
    for block in analysis.blocks:
        assert ends <= block.start <= block.line < block.end <= len(analysis.text)
        assert block.start <= block.anchor < block.end
        ends = block.end
    inside = {i for b in analysis.blocks for i in range(b.start, b.end)}
    assert not inside & {i for n in analysis.noise for i in range(n.start, n.end)}
    assert {f.anchor for f in analysis.findings} <= inside
