"""The engines of the scan: line ends stay ends of lines, wherever a pattern holds its anchors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from logsieve.core.analysis import analyse
from logsieve.core.scanner import MANY, HyperscanScanner, Re2Scanner, Together, scanner
from logsieve.packs import PackSet, load
from logsieve.text import LogText

LINES = b"x\na\nxb\n\nfoo: bar\nbar\na$b\n^a\nerror: 1 error\n ERROR\nxy\n"


PACK = r"""
name = "mine"

[[rule]]
id = "quiet"
pattern = '^quiet \d+$'

[[sample]]
text = "quiet 7"
rule = "quiet"
line = 1
block = [1, 1]
"""


@pytest.mark.parametrize(
    "pattern",
    [
        "^a",
        "a$",
        "^a$|bar",
        "x(?:b$|y)",
        "(?:^|: )bar",
        "(?i)^ ?error|^foo",
        "(?P<all>^(?:a|x)|bar$)",
        "[$^]a|a[$]",
        r"\^a|a\$b$",
        "(?:^a|^x)",
        r"[^]^\n]b$",
    ],
)
def test_engines_agree_on_anchors(pattern: str) -> None:
    numbers, lines = HyperscanScanner([pattern]).scan(LINES)
    _, wanted = Re2Scanner([pattern]).scan(LINES)
    assert lines.tolist() == wanted.tolist()
    assert len(lines) == len(numbers) > 0


def test_a_line_is_reported_once_however_often_it_matches() -> None:
    reported: list[int] = []
    scanner = HyperscanScanner(["error.*", "^error|x$"])
    scanner._database.scan(b"\n" + LINES, match_event_handler=lambda number, *_: reported.append(number))
    assert sorted(reported) == [0, 1, 1]


def test_that_many_patterns_are_prepared_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("logsieve.packs.cache._folder", lambda: tmp_path)
    patterns = [f"^word{n}x" for n in range(MANY)]
    with caplog.at_level("INFO"):
        for _ in range(2):  # the second finds them in the cache
            assert HyperscanScanner(patterns).scan(b"word7x\n")[0].tolist() == [7]
        HyperscanScanner(patterns[:3])
    assert caplog.messages == [f"preparing {MANY} patterns; the next start finds them ready"]


def test_several_scanners_are_one() -> None:
    """What a user's packs look for has an engine of its own, so that a new rule takes no time to prepare."""
    patterns = ["^a", "error", "bar$", "^foo"]
    whole = Re2Scanner(patterns).scan(LINES)
    parts = [(HyperscanScanner([patterns[i] for i in which]), np.array(which, np.int32)) for which in ([0, 2], [1, 3])]
    together = Together(parts).scan(LINES)
    assert [column.tolist() for column in together] == [column.tolist() for column in whole]


def test_what_is_not_wanted_of_a_scanner_is_left_out() -> None:
    patterns = ["^a", "error", "bar$", "^foo"]
    whole = Re2Scanner([patterns[3], patterns[1]]).scan(LINES)
    chosen = Together([(HyperscanScanner(patterns), np.array([-1, 1, -1, 0], np.int32))]).scan(LINES)
    assert [column.tolist() for column in chosen] == [column.tolist() for column in whole]


OF_PYTEST = b"FAILED tests/test_x.py::test_y - assert 1 == 2\nmake: *** [Makefile:3: test] Error 1\nquiet 7\n"


@pytest.mark.parametrize(
    ("named", "disabled", "prepared", "rules"),
    [
        ("", [], 0, {"pytest", "make"}),
        ("mine", [], 1, {"pytest", "make", "mine"}),  # the one pattern of the pack
        ("", ["pytest"], 0, {"make", "generic"}),
        ("make", [], 1, {"pytest", "make"}),
    ],
)
def test_whatever_packs_are_in_use_the_built_in_patterns_are_prepared_once(
    tmp_path: Path, named: str, disabled: list[str], prepared: int, rules: set[str]
) -> None:
    log = LogText(OF_PYTEST)
    scanner.cache_clear()
    analyse(log, PackSet(load().packs))
    before = scanner.cache_info().misses
    if named:
        (tmp_path / "own.toml").write_text(PACK.replace("mine", named))
    packs = load([tmp_path], disabled)
    assert not packs.problems
    found = {block.rule for block in analyse(log, packs).blocks}
    assert {rule.partition("/")[0] for rule in found} == rules
    assert (f"{named}/quiet" in found) == bool(named)
    assert scanner.cache_info().misses == before + prepared
