"""Rules written from lines: what they match, that they load, and that their samples hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsieve.packs.author import KINDS, VagueError, pattern_of, write
from logsieve.packs.load import read
from logsieve.packs.patterns import compiled, problem_of


@pytest.mark.parametrize(
    ("message", "alike", "other"),
    [
        (
            "error: cannot open /home/ann/x/foo.c:12:5: no such file",
            "error: cannot open C:\\b\\bar.c:1:66: no such file",
            "error: cannot open /home/ann/x/foo.c:12:5: permission denied",
        ),
        (
            "  src/a.ts(3,5): error TS2304: no x",
            "src/b/c.ts(33,1): error TS2304: no x",
            "src/a.ts(3,5): error TS2305: no x",
        ),
        (
            "Process completed with exit code 1.",
            "Process completed with exit code 1.  ",
            "Process completed with exit code 2.",
        ),
        (
            "Downloading https://x.org/a-1.tgz (3.4 MB)",
            "Downloading https://y.io/b (10.0 MB)",
            "Uploading https://y.io/b (1.0 MB)",
        ),
        (
            "deploy 9f8c1a2b7d and/or 10.0.0.1",
            "deploy 0123456789ab and/or 127.0.0.1",
            "deploy 9f8c1a2b7d with/without 10.0.0.1",
        ),
        (
            "id=6ba7b810-9dad-11d1-80b4-00c04fd430c8 at 0xdeadBEEF",
            "id=6BA7B810-9dad-11d1-80b4-00c04fd430c9 at 0x1",
            "id= at 0x1",
        ),
        ("login <user:1> with <secret:1> failed", "login ann with s3cr3t pass failed", "login ann with pass worked"),
        ("broken caf\ufffd\ufffd here", "broken café here", "broken tea here"),
        ("what (a) [b] {c} *? + ^x$ | y\\", "what (a) [b] {c} *? + ^x$ | y\\", "what a b c"),
        ("a\tb  c says", "a b c says", "ab c says"),
    ],
)
def test_a_pattern_is_of_all_lines_like_it(message: str, alike: str, other: str) -> None:
    pattern, _ = pattern_of(message)
    assert compiled(pattern).search(message)
    assert compiled(pattern).search(alike), pattern
    assert not compiled(pattern).search(other), pattern
    assert not compiled(pattern).search(f"not at the start: {message}")


@pytest.mark.parametrize("message", ["", "  ", "42", "12:30:01", "/a/b/c", "x 1", "a" + " 7" * 500])
def test_what_says_too_little_makes_no_rule(message: str) -> None:
    with pytest.raises(VagueError):
        pattern_of(message)


def test_a_long_line_is_told_by_its_beginning() -> None:
    message = "disk full: " + "word " * 500
    pattern, _ = pattern_of(message)
    assert len(pattern) < 400
    assert compiled(pattern).search(message + "and more")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=400), st.sampled_from(KINDS))
def test_any_line_makes_a_pack_that_loads_or_none(message: str, kind: str) -> None:
    try:
        written = write(kind, [message], message)  # type: ignore[arg-type]  # one of them
    except VagueError:
        return
    pack, problems = read(written.text, "x.toml")
    assert not problems
    assert pack
    assert pack.name == written.name
    assert pack.samples[0].text == message
    patterns = [*(p.pattern for p in pack.rules), *(p.pattern for p in pack.ignores), *(p.pattern for p in pack.noise)]
    assert patterns == list(written.patterns)
    for pattern in written.patterns:
        assert problem_of(pattern) is None
        assert compiled(pattern).search(message)
        assert compiled(pattern).search(re.sub(r"(?<![A-Z0-9])[0-9](?=[0-9]*\Z)", "7", message)) is not None


def test_several_lines_of_one_failure_are_one_pack() -> None:
    written = write("not-an-error", ["a bad thing 1", "it's bad", "a bad thing 2"], "x\n  a bad thing 1\n''' y")
    pack, problems = read(written.text, "x.toml")
    assert not problems
    assert pack
    assert [i.pattern for i in pack.ignores] == [r"^a bad thing \d+[ \t]*$", r"^it's bad[ \t]*$"]
    assert pack.samples[0].text == "x\n  a bad thing 1\n''' y"
    assert written.name == "not-an-error-bad-thing"
