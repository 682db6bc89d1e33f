"""Where packs do not know what failed, the words of the log decide what else the reduced log holds."""

from __future__ import annotations

from dataclasses import replace

from engine import analysed, pack_of
from logsieve.core.fitting import LIMITS
from logsieve.core.reduce import reduce

CHATTER = "".join(
    f"[{n}] mixing portion {n} of dough in bowl {n % 7}, kneading calmly for {n} seconds\n" for n in range(900)
)
CAUSE = """\
[901] Traceback of oven 3
    bake() at kitchen/oven.qq:41
    heat() at kitchen/heat.qq:12
    HeatFault: expected 220 degrees but got 25, thermostat assertion failed
"""
UNKNOWN = CHATTER + CAUSE + CHATTER.replace("mixing", "folding") + "bakery stopped\nexit status 3\n"


def test_a_cause_that_no_pack_knows_is_kept() -> None:
    analysis = analysed(
        UNKNOWN, pack_of("[[outcome]]\npattern = '^exit status 3$'\nresult = 'failed'\nscope = 'run'\n")
    )
    assert analysis.findings == ()
    assert any(900 <= each.line < 904 for each in analysis.likely[:6])
    kept = [p for p in reduce(analysis, 1000).pieces if p.reason == "reads like a cause"]
    assert any(piece.start <= 901 and piece.end >= 904 for piece in kept)


def test_where_packs_are_sure_the_likeliest_place_alone_is_kept_beside() -> None:
    known = "FAILED tests/test_x.py::test_y - AssertionError: 1 == 2\n"
    log = (
        f"##[group]Run pytest\n{CHATTER}{known}{CHATTER}{CAUSE}{CHATTER}##[error]Process completed with exit code 1.\n"
    )
    analysis = analysed(log)
    assert analysis.findings[0].score >= 70
    assert len(analysis.likely) > 1
    kept = [p for p in reduce(analysis, 1000).pieces if p.reason == "reads like a cause"]
    best = analysis.likely[0]
    assert kept
    assert all(best.start <= piece.start and piece.end <= best.end for piece in kept)
    assert all(abs(piece.start - best.line) <= LIMITS.close for piece in kept)
    without = reduce(analysis, 1000, limits=replace(LIMITS, strong=best.odds))
    assert all(piece.reason != "reads like a cause" for piece in without.pieces)


def test_where_the_model_reads_no_cause_at_that_of_packs_its_own_is_kept_whole() -> None:
    frames = "".join(f"    bake_{n}() at kitchen/oven.qq:{n}\n" for n in range(40))
    log = CHATTER + CAUSE.replace("    bake()", f"{frames}    bake()")

    def beside(known: str) -> tuple[int, int]:
        """Lines of the likeliest place where packs find something else to be the cause, and how many of it are kept."""
        analysis = analysed(log, pack_of(f"[[rule]]\nid = 'known'\npattern = '{known}'\nspecificity = 90\n"))
        best = analysis.likely[0]
        assert analysis.sure
        kept = [p for p in reduce(analysis, 4000).pieces if p.reason == "reads like a cause"]
        return best.end - best.start, sum(piece.end - piece.start for piece in kept)

    lines, kept = beside(r"^\[5\] mixing")  # which is nothing to the model
    assert lines > 40
    assert kept == lines
    lines, kept = beside("^ +bake_20")
    assert 0 < kept <= 2 * LIMITS.close < lines


def test_where_nothing_failed_the_model_is_not_asked() -> None:
    pack = pack_of("[[outcome]]\npattern = '^bakery stopped$'\nresult = 'passed'\nscope = 'run'\n")
    assert analysed(UNKNOWN, pack).likely == ()
    assert analysed("").likely == ()


def test_of_a_long_log_the_last_lines_are_looked_at() -> None:
    pack = pack_of("[[outcome]]\npattern = '^exit status 3$'\nresult = 'failed'\nscope = 'run'\n")
    assert all(each.start >= 6000 for each in analysed(CHATTER * 7 + UNKNOWN, pack).likely)
