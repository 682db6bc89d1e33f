"""The engines of the scan: line ends stay ends of lines, wherever a pattern holds its anchors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from logsieve.core.analysis import analyse
from logsieve.core.scanner import MANY, HyperscanScanner, Re2Scanner, Together, scanner
from logsieve.packs import load
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


def test_a_pack_of_ones_own_leaves_the_engine_of_the_built_in_ones_as_it_is(tmp_path: Path) -> None:
    log = LogText(b"error: boom\nquiet 7\n")
    analyse(log, load())
    before = scanner.cache_info().misses
    (tmp_path / "mine.toml").write_text(PACK)
    with_own = load([tmp_path])
    assert not with_own.problems
    found = analyse(log, with_own)
    assert [f.rule for f in found.findings if f.anchor == 1] == ["mine/quiet"]
    assert scanner.cache_info().misses == before + 1  # the one pattern of the pack
