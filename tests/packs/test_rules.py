"""What a rule of a pack can say: how its block grows, when it counts, and what its finding is worth."""

from __future__ import annotations

from engine import analysed, pack_of
from logsieve.model import Level, Verdict

BOOM = "[[rule]]\nid = 'boom'\npattern = '^boom: (?P<message>.+)'\ntitle = '{message}'\n"
SHOUT = "[[envelope]]\nname = 'level'\npattern = '\\[(?P<level>INFO|WARNING|ERROR)\\] '\nlayer = 8\n"


def test_caret_takes_source_however_it_is_indented() -> None:
    packs = pack_of(BOOM + "block = { caret = '^ *\\^$' }\n")
    (finding,) = analysed("boom: no\nint x;\n    ^\nint y;\n", packs).findings
    assert (finding.start, finding.end) == (0, 3)


def test_below_asks_the_next_line() -> None:
    packs = pack_of(BOOM + "below = '^ *--> '\n")
    findings = analysed("boom: ours\n  --> a.rs:1:1\nboom: theirs\nelse\nboom: last\n", packs).findings
    assert [f.title for f in findings] == ["ours"]


def test_what_echoes_is_a_consequence() -> None:
    packs = pack_of(BOOM + "echoes = 'see above'\n" + "[[rule]]\nid = 'say'\npattern = '^say: '\nspecificity = 20\n")
    (say,) = analysed("say: why\nboom: see above\n", packs).findings
    assert (say.rule, [(r.line, r.why) for r in say.related]) == ("try/say", [(1, "follows from it")])


def test_a_rule_makes_no_error_of_what_the_envelope_calls_a_warning() -> None:
    log = "[WARNING] boom: one\n[INFO] boom: two\n[ERROR] boom: three\n"
    levels = {f.title: f.severity for f in analysed(log, pack_of(SHOUT + BOOM)).findings}
    assert levels == {"one": Level.WARNING, "two": Level.ERROR, "three": Level.ERROR}


def test_a_general_rule_does_not_count_on_information() -> None:
    general = BOOM + "specificity = 30\n"
    findings = analysed("[INFO] boom: one\n[ERROR] boom: two\n", pack_of(SHOUT + general)).findings
    assert [f.title for f in findings] == ["two"]


def test_a_raw_rule_sees_the_warning_and_may_make_an_error_of_it() -> None:
    raw = BOOM.replace("^boom", "\\[WARNING\\] boom") + "raw = true\n"
    (finding,) = analysed("[WARNING] boom: one\n", pack_of(SHOUT + raw)).findings
    assert finding.severity is Level.ERROR


def test_equal_failures_are_named_by_the_first() -> None:
    log = "boom: same\n" + "working\n" * 2000 + "boom: same\n"
    (finding,) = analysed(log, pack_of(BOOM)).findings
    assert (finding.anchor, finding.count, [r.line for r in finding.related]) == (0, 2, [2001])


def test_a_tools_success_says_nothing_of_what_fails_after_it() -> None:
    packs = pack_of(BOOM + "specificity = 70\n[[outcome]]\npattern = '^all good'\nresult = 'passed'\n")
    assert analysed("boom: expected\nall good\n", packs).verdict is Verdict.PASSED
    after = analysed("all good\nboom: real\n", packs)
    assert after.verdict is Verdict.FAILED
    assert after.findings[0].severity is Level.ERROR


def test_blank_messages_are_no_findings() -> None:
    packs = pack_of(SHOUT + "[[rule]]\nid = 'logged'\nat_level = 'error'\n")
    findings = analysed("[ERROR] \n[ERROR] broken\n[INFO] fine\n", packs).findings
    assert [f.anchor for f in findings] == [1]


def test_what_is_forgiven_below_only_warns() -> None:
    packs = pack_of(BOOM + "forgiven = '^never mind'\n")
    log = "boom: one\nnever mind\n" + "working\n" * 5 + "boom: two\nworking\n"
    levels = {f.title: f.severity for f in analysed(log, packs).findings}
    assert levels == {"one": Level.WARNING, "two": Level.ERROR}
