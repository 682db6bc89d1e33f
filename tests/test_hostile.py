"""Whatever the bytes are: no crash, no hang, and an answer that holds together."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command import FIXTURES, Command
from logsieve import packs
from logsieve.core.analysis import Analysis, analyse
from logsieve.core.reduce import reduce
from logsieve.core.render import render
from logsieve.model import Level, Verdict
from logsieve.text import LogText

ALL = packs.load()
LOGS = sorted(FIXTURES.glob("*/*/log.txt"))

# Pieces of what real logs are made of, and of what breaks readers of logs.
WORDS = b"""error: |FAILED tests/a.py::b - assert 1 == 2|Traceback (most recent call last):|  File "a.py", line 1
\tat a.b.C.d(E.java:1)|Caused by: x.Y: z|##[group]Run make|##[endgroup]|##[error]no|exit code 1|npm ERR! |ok|Killed
section_start:1:a\r\x1b[0K|section_end:1:a\r\x1b[0K|--- FAIL: TestA (0.1s)|make: *** [a] Error 2|#12 3.4 |0 errors
2026-01-01T00:00:00.000Z |[INFO] |[ERROR] |web_1 |Retrying|{|{"level":"error"}|level=error msg=|(((((|{{{{
-----BEGIN RSA PRIVATE KEY-----|> Task :test FAILED|error[E0308]: mismatched types|##[section]Starting: x"""
BREAKING = b"\n |\n|\n\n|\r\n|\r|\x00|\x08|\x0c|\x1b|\x1b[|\x1b[31m|\x1b]8;;|\xff|\xfe|\xff\xfe|\xef\xbb\xbf|"
BREAKING += b"\xe2\x9c|\xe2\x9c\x95|\xf0\x9f|\xc3|\xe9|\x85|\xed\xa0\x80|" + "\u2028|\u202e|é|漢字|".encode()
BREAKING += b"x" * 5000 + b"|" + b" " * 300
PIECES = st.one_of(
    st.sampled_from(WORDS.replace(b"\n", b"|").split(b"|")), st.sampled_from(BREAKING.split(b"|")), st.just(b"\n")
)
BYTES = st.one_of(
    st.binary(max_size=3000),
    st.lists(PIECES, max_size=120).map(b"".join),
    st.lists(st.one_of(PIECES, st.binary(max_size=30)), max_size=80).map(b"".join),
    st.text(max_size=1000).map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.text(max_size=1000).map(lambda text: text.encode("utf-8", "surrogatepass")[:-1]),
)
RELAXED = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real log, cut at both ends and with bytes written over."""
    data = bytearray(draw(st.sampled_from(LOGS)).read_bytes()[:20_000])
    data = data[draw(st.integers(0, len(data))) :][: draw(st.integers(0, len(data)))]
    for at, what in draw(st.lists(st.tuples(st.integers(0, 20_000), PIECES), max_size=6)):
        data[at : at + len(what)] = what
    return bytes(data)


def holds_together(data: bytes) -> Analysis:
    """Analyse and reduce; every line and number in the outcome is one of the log's."""
    text = LogText.from_bytes(data)
    analysis = analyse(text, ALL)
    count = len(text)
    assert analysis.verdict in tuple(Verdict)
    assert len(analysis.shapes) == len(analysis.levels) == count
    for finding in analysis.findings:
        assert 0 <= finding.start <= finding.anchor < finding.end <= count
        assert finding.title.strip()
        assert all(0 <= related.line < count for related in finding.related)
        assert -1 <= finding.section < len(analysis.sections)
    for index, section in enumerate(analysis.sections):
        assert 0 <= section.start < section.end <= count
        assert -1 <= section.parent < index
    at = 0
    for noise in analysis.noise:
        assert at <= noise.start < noise.end <= count
        at = noise.end
    if analysis.verdict is Verdict.PASSED:
        assert all(finding.severity < Level.ERROR for finding in analysis.findings)
    for finding_index in (None, *range(min(2, len(analysis.findings)))):
        excerpt = reduce(analysis, 200, finding_index)
        parts = sorted([(p.start, p.end) for p in excerpt.pieces] + [(g.start, g.end) for g in excerpt.gaps])
        assert [a for a, _ in parts] == [0, *(b for _, b in parts)][: len(parts)]
        assert (parts[-1][1] if parts else 0) == count
        rendered = render(excerpt, analysis)
        assert rendered.tokens <= 200
        assert not set(rendered.text) & set("\x00\x07\x08\x1b\x9b\u2028\u202e")
        rendered.text.encode("utf-8")
    return analysis


@given(BYTES)
@RELAXED
def test_any_bytes(data: bytes) -> None:
    holds_together(data)


@given(damaged())
@RELAXED
def test_any_damage_to_a_real_log(data: bytes) -> None:
    holds_together(data)


@given(BYTES)
@RELAXED
def test_the_lines_are_those_between_line_feeds(data: bytes) -> None:
    text = LogText.from_bytes(data)
    if text.data == data:
        assert len(text) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    for line in range(len(text)):
        clean, raw = text.clean(line), text.text(line)
        assert not set(clean) & set("\n\x00\x1b\x08")
        for column in range(0, len(clean), max(1, len(clean) // 8)):
            # A character that something invisible splits is whole in the clean text only.
            assert raw[text.raw_column(line, column)] in (clean[column], "\ufffd")


def test_an_empty_log_and_one_without_text() -> None:
    for data in (b"", b"\n", b"\n\n\n", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\x00"):
        assert holds_together(data).findings == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_reads_as_its_text(encoding: str) -> None:
    mark = {"utf-16": "", "utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}[encoding]
    text = (FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt").read_text("utf-8")
    plain, wide = (analyse(LogText.from_bytes(d), ALL) for d in (text.encode(), (mark + text).encode(encoding)))
    assert wide.verdict is plain.verdict is Verdict.FAILED
    assert wide.findings == plain.findings


def test_200_random_files_are_answered(tmp_path: Path) -> None:
    """By the command, in one process: a crash or a hang in one would take the others with it."""
    source = random.Random(20)
    paths = [tmp_path / f"{i}.log" for i in range(200)]
    for path in paths:
        data = source.randbytes(source.randrange(20_000))
        if source.random() < 0.7:  # most of those that look like text
            data = bytes(b if b in b"\t\n\r\x1b" or b >= 32 else 10 for b in data)
        path.write_bytes(data)
    run = Command(tmp_path)
    for command in ("triage", "reduce"):
        done = run(command, "--format", "jsonl", *paths)
        answered = [json.loads(line)["path"] for line in done.stdout.decode().split("\n")[:-1]]
        refused = [line.split(": ")[1] for line in done.stderr.decode().split("\n")[:-1]]
        assert sorted(answered + refused) == sorted(map(str, paths))
        assert len(answered) > 100
        assert done.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("what", [b"error: ", b"\x1b[31m", b"a\rb\xe2\x9c\x95 ", b"\x00" + b"text " * 20])
def test_a_line_of_100_mb_is_answered(tmp_path: Path, what: bytes) -> None:
    path = tmp_path / "line.log"
    path.write_bytes(b"start\n" + what * (100_000_000 // len(what)) + b"\nerror: the last line\n")
    run = Command(tmp_path)
    done = run("triage", "--format", "jsonl", path)
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "failed"
    assert any(finding["line"] <= 3 <= finding["end_line"] for finding in answer["findings"])
    reduced = json.loads(run("reduce", "--format", "jsonl", path).stdout)
    assert reduced["tokens"] <= 4000
