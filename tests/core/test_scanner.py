"""The engines of the scan: line ends stay ends of lines, wherever a pattern holds its anchors."""

from __future__ import annotations

from pathlib import Path

import pytest

from logsieve.core.scanner import MANY, HyperscanScanner, Re2Scanner

LINES = b"x\na\nxb\n\nfoo: bar\nbar\na$b\n^a\nerror: 1 error\n ERROR\nxy\n"


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
