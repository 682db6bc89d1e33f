"""Logs that no tool writes on a good day: what is found in them; and that the work grows with the log, not faster."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import cycle, islice
from types import FrameType
from typing import Any

import pytest

from command import FIXTURES
from engine import analysed
from logsieve import packs
from logsieve.core.analysis import Analysis, analyse
from logsieve.core.reduce import reduce
from logsieve.core.scan import MOST_HITS
from logsieve.core.sections import DEEPEST
from logsieve.model import Outcome, Verdict
from logsieve.text import LogText

PACKS = packs.load()
ERROR = b"src/till.c:3:7: error: use of undeclared identifier 'shelf'\n"
RULE = "gcc/error"
SAMPLES = [line for pack in PACKS.packs for s in pack.samples if s.rule for line in s.text.encode().split(b"\n")]


def errors(count: int) -> bytes:
    return b"".join(
        b"src/p%d.c:%d:7: error: use of undeclared identifier 'x%d'\n" % (n % 97, n, n) for n in range(count)
    )


def sections(count: int) -> bytes:
    return b"".join(b"##[group]Run step %d\nmake part-%d\n##[endgroup]\ncompiled\n" % (n, n) for n in range(count))


def groups(depth: int, inside: bytes) -> bytes:
    """GitLab's sections in each other."""
    opened = (b"section_start:%d:part_%d\r\x1b[0KPart %d\n" % (1_700_000_000 + n, n, n) for n in range(depth))
    closed = (b"section_end:%d:part_%d\r\x1b[0K\n" % (1_700_000_400 - n, n) for n in reversed(range(depth)))
    return b"".join((*opened, inside, *closed))


def hits(count: int) -> bytes:
    """Lines that rules look for, some 700 of them in turn."""
    return b"".join(line + b"\n" for line in islice(cycle(SAMPLES), count))


def frames(count: int) -> bytes:
    """One stack trace."""
    calls = b"".join(b'  File "app/shelf.py", line %d, in count\n    return count(%d)\n' % (n, n) for n in range(count))
    return b"Traceback (most recent call last):\n" + calls + b"RecursionError: maximum recursion depth exceeded\n"


def causes(count: int) -> bytes:
    """One chain of causes."""
    links = b"".join(
        b"Caused by: java.lang.IllegalStateException: no. %d\n\tat a.B.c(B.java:%d)\n" % (n, n) for n in range(count)
    )
    return b'Exception in thread "main" java.lang.RuntimeException: first\n\tat a.B.main(B.java:1)\n' + links


def streams(count: int) -> bytes:
    """Programs that write at the same time, each in the middle of a trace."""
    return b"".join(
        b'web_%d  | Traceback (most recent call last):\nweb_%d  |   File "a.py", line 3\n' % (n % 50, n % 50)
        for n in range(count)
    )


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"word error: x " * 200_000, id="text"),
        pytest.param(b"\r" * 2_000_000, id="carriage returns"),
        pytest.param(b"10 %\r" * 400_000, id="frames"),
        pytest.param(b"\x1b[31m" * 400_000, id="colours"),
        pytest.param(b"\x1b[" * 400_000, id="broken escapes"),
        pytest.param(b"\x1b]8;;" * 400_000, id="open hyperlinks"),
        pytest.param(b"a\x08" * 400_000, id="backspaces"),
        pytest.param(b"\0" * 2_000_000, id="NULs"),
        pytest.param(b"\xff" * 2_000_000, id="no UTF-8"),
        pytest.param(b"(" * 2_000_000, id="brackets"),
        pytest.param(b" " * 2_000_000, id="blanks"),
    ],
)
def test_a_line_of_megabytes_hides_no_other(before: bytes) -> None:
    analysis = analysed(b"start\n" + before + b"\n" + ERROR)
    assert analysis.verdict is Verdict.FAILED
    assert len(analysis.text) == 3
    assert (2, RULE) in [(f.anchor, f.rule) for f in analysis.findings]


@pytest.mark.parametrize("before", [b"\r" * 2_000_000, b"10 %\r" * 400_000, b"\x1b[31m" * 400_000, b"\0" * 2_000_000])
def test_what_a_terminal_does_not_show_hides_nothing_behind_it(before: bytes) -> None:
    analysis = analysed(before + ERROR)
    assert [(f.anchor, f.rule) for f in analysis.findings] == [(0, RULE)]
    assert analysis.line(0).text == ERROR.decode().rstrip()


def test_a_million_empty_lines() -> None:
    analysis = analysed(b"\n" * 1_000_000)
    assert (len(analysis.text), analysis.verdict, analysis.findings) == (1_000_000, Verdict.UNKNOWN, ())
    assert [f.anchor for f in analysed(b"\n" * 1_000_000 + ERROR).findings] == [1_000_000]


def test_a_million_lines_of_which_the_last_has_no_end() -> None:
    analysis = analysed(b"ok\n" * 999_999 + ERROR.rstrip())
    assert [(f.anchor, f.rule) for f in analysis.findings] == [(999_999, RULE)]
    assert max(n.end - n.start for n in analysis.noise) > 999_000


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_long_log_in_another_encoding(encoding: str) -> None:
    analysis = analysed(("café ouvert\n" * 100_000 + ERROR.decode()).encode(encoding))
    assert [(f.anchor, f.rule) for f in analysis.findings] == [(100_000, RULE)]
    assert analysis.line(7).text == "café ouvert"


def test_every_line_an_error() -> None:
    analysis = analysed(errors(20_000))
    assert analysis.verdict is Verdict.FAILED
    assert analysis.findings[0].anchor == 0
    assert sum(f.count for f in analysis.findings) == MOST_HITS  # more of one rule say nothing new
    assert reduce(analysis, 500).pieces[0].start == 0


def test_200_groups_in_each_other() -> None:
    analysis = analysed(groups(200, ERROR))
    assert [s.parent for s in analysis.sections] == list(range(-1, DEEPEST - 1))
    assert [(s.start, s.end) for s in analysis.sections] == [(n, 401 - n) for n in range(DEEPEST)]
    assert [(f.anchor, f.section) for f in analysis.findings] == [(200, DEEPEST - 1)]


def test_20_000_sections() -> None:
    analysis = analysed(
        sections(20_000)
        + b"##[group]Run the last step\nmake\n"
        + ERROR
        + b"##[error]Process completed with exit code 1.\n"
    )
    assert len(analysis.sections) == 20_001
    assert [(s.start, s.title) for s in analysis.sections[:2]] == [(0, "step 0"), (4, "step 1")]
    assert [s.outcome for s in analysis.sections if s.outcome is Outcome.FAILED] == [Outcome.FAILED]
    assert analysis.findings[0].section == 20_000


def test_100_000_hits_of_many_rules() -> None:
    analysis = analysed(hits(100_000))
    assert analysis.verdict is Verdict.FAILED
    rules = {f.rule for f in analysis.findings}
    assert len(rules) > 500
    assert len(analysis.findings) < 5_000  # what is said again and again is one finding
    assert reduce(analysis, 4000).tokens <= 4000


def test_a_trace_of_20_000_frames_is_named_by_its_message() -> None:
    analysis = analysed(frames(20_000))
    assert analysis.findings[0].anchor == 40_001
    assert analysis.findings[0].end - analysis.findings[0].start < 1000  # no block is of any length


# Work is counted, not timed: the lines of Python that run, and the bytes of the log that are read.


class Counted:
    """A log's bytes that count how many of them are read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.read = 0

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, key: slice) -> bytes:
        part = self._data[key]
        self.read += len(part)
        return part


def test_of_a_line_of_megabytes_the_ends_are_read() -> None:
    data = Counted(b"travis_fold:start:build\r\x1b[0K" + "a wörd ".encode() * 3_000_000)
    analysis = analyse(LogText(data), PACKS)
    assert len(analysis.scanned.found) == 1  # its fold is
    assert data.read < 1.5 * len(data)  # once, for line ends


def work(do: Callable[[], Any]) -> int:
    """How many lines of Python run."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def spent(data: bytes) -> tuple[int, int]:
    """Lines of Python, and bytes read, of one analysis and a reduction."""
    counted = Counted(data)

    def do() -> Analysis:
        analysis = analyse(LogText(counted), PACKS)
        reduce(analysis, 1000)
        return analysis

    return work(do), counted.read


SHAPES: dict[str, tuple[Callable[[int], bytes], int]] = {
    "errors": (errors, 400),
    "sections": (sections, 200),
    "groups": (lambda n: groups(n, ERROR), 16),
    "groups again and again": (lambda n: groups(20, ERROR) * n, 8),
    "hits of many rules": (hits, len(SAMPLES)),
    "causes": (causes, 100),
    "streams": (streams, 200),
    "empty lines": (lambda n: b"\n" * n, 5000),
    "one line": (lambda n: b"a word, error: x " * n, 5000),
    # So often that no finding is sure: the learned model, which reads no more than some thousand lines, is asked.
    "frames": (frames, 2000),
    "real": (lambda n: (FIXTURES / "maven" / "reactor-cascade" / "log.txt").read_bytes() * n, 6),
}
TIMES = 4


@pytest.mark.parametrize("name", SHAPES)
def test_work_grows_no_faster_than_the_log(name: str) -> None:
    make, size = SHAPES[name]
    analysed(make(size))  # what is done once is done
    (lines, read), (more_lines, more_read) = spent(make(size)), spent(make(size * TIMES))
    assert more_lines <= 1.2 * TIMES * lines
    assert more_read <= 1.2 * TIMES * read
