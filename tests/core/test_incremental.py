"""A log is scanned in parts, and after a change only what has changed: the result is that of a fresh analysis."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from traceback import walk_stack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from command import FIXTURES
from logsieve import disk, packs, parallel
from logsieve.core import scan
from logsieve.core.analysis import SCANNING, WATCHED, Analysis, Scanning, analyse, scanned_here
from logsieve.core.envelope import Wrapping
from logsieve.core.parts import Part, joined
from logsieve.core.reduce import reduce
from logsieve.disk import ChangedError, Disk
from logsieve.packs import PackSet
from logsieve.text import LogText
from processes import children

PACKS = packs.load()
LOGS = [
    (FIXTURES / name / "log.txt").read_bytes()
    for name in ("pytest/collection-error", "maven/reactor-cascade", "github-actions/pytest-failed", "go/test-panic")
]
LONG = b"".join(
    (FIXTURES / name / "log.txt").read_bytes()
    for name in ("maven/compile-error", "hard/interleaved-buildkit", "flake8/many", "github-actions/pytest-failed")
)
PIECES = [
    *(line for log in LOGS for line in log.splitlines(keepends=True)[-40:]),
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\x1b[31m",
        b"\x1b[",
        b"\xc3",
        b"\xa9",
        b"\b",
        b"^[[1m",
        b"\xef\xbb\xbf",
        b"2026-11-21T10:00:00Z ",
    ),
    *(
        b'  File "a.py", line 3, in f\n',
        b"Traceback (most recent call last):\n",
        b"##[group]Run x\n",
        b"##[endgroup]\n",
    ),
]


def said(analysis: Analysis) -> tuple[object, ...]:
    """All that an analysis says."""
    return (
        (analysis.verdict, analysis.verdict_why, analysis.ended, analysis.reports, analysis.recognised),
        (analysis.findings, analysis.sections, analysis.blocks, analysis.noise, analysis.envelopes),
        (analysis.shapes.tolist(), analysis.levels.tolist()),
        tuple((p.start, p.end) for p in reduce(analysis, 500).pieces),
    )


def fresh(data: bytes) -> Analysis:
    return analyse(LogText(data), PACKS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*LOGS, *PIECES]), max_size=30), st.lists(st.integers(1, 3000), min_size=1, max_size=8))
def test_parts_of_any_size_are_the_whole(pieces: list[bytes], sizes: list[int]) -> None:
    data = b"".join(pieces)

    def in_parts(
        text: LogText, ranges: Sequence[tuple[int, int]], known: PackSet, wrapping: Wrapping
    ) -> Iterator[Part]:
        lines = ranges[-1][1] if ranges else 0
        at = 0
        for size in sizes * (lines + 1):
            if at >= lines:
                return
            here = range(at, min(at + size, lines))
            alone = LogText(text.data[int(text.starts[here.start]) : int(text.starts[here.stop])])
            at = here.stop
            yield joined(list(scanned_here(alone, list(alone.chunks(size=50 * size)), known, wrapping)))

    assert said(analyse(LogText(data), PACKS, scanning=in_parts)) == said(fresh(data))


class Edits(RuleBasedStateMachine):
    """Random edits, each analysed with what was known before."""

    @initialize(log=st.sampled_from([*LOGS, LONG, LONG]))
    def opened(self, log: bytes) -> None:
        self.data = log
        self.analysis = fresh(log)

    def _change(self, start: int, end: int, new: bytes) -> None:
        self.data = self.data[:start] + new + self.data[end:]
        self.analysis = analyse(LogText(self.data), PACKS, earlier=self.analysis)

    @rule(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
    def append(self, pieces: list[bytes]) -> None:
        self._change(len(self.data), len(self.data), b"".join(pieces))

    @rule(at=st.floats(0, 1), pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
    def insert(self, at: float, pieces: list[bytes]) -> None:
        place = int(at * len(self.data))
        self._change(place, place, b"".join(pieces))

    @rule(at=st.floats(0, 1), text=st.sampled_from((b"x", b"7", b" ", b"error: ", b"passed")), over=st.integers(0, 2))
    def type(self, at: float, text: bytes, over: int) -> None:
        place = int(at * len(self.data))
        self._change(place, place + over, text)

    @rule(at=st.floats(0, 1), size=st.integers(1, 4000))
    def remove(self, at: float, size: int) -> None:
        place = int(at * len(self.data))
        self._change(place, place + size, b"")

    @rule(log=st.sampled_from(LOGS))
    def replace(self, log: bytes) -> None:
        self._change(0, len(self.data), log)

    @precondition(lambda self: len(self.data) < 200_000)
    @rule()
    def double(self) -> None:
        self._change(len(self.data), len(self.data), self.data)

    @invariant()
    def it_is_a_fresh_analysis(self) -> None:
        if hasattr(self, "analysis"):
            assert said(self.analysis) == said(fresh(self.data))


Edits.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestEdits = Edits.TestCase


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*LOGS, *PIECES]), min_size=1, max_size=20), st.floats(0, 1))
def test_a_first_look_at_the_end_says_of_it_what_the_whole_does(pieces: list[bytes], share: float) -> None:
    text = LogText(b"".join(pieces))
    since = int(share * len(text))
    whole, end = analyse(text, PACKS), analyse(text, PACKS, since=since)
    assert end.since == since
    assert end.shapes[since:].tolist() == whole.shapes[since:].tolist()
    assert not end.shapes[:since].any()
    lines, numbers, _ = whole.scanned.of_rules()
    of_end = zip(*(column[lines >= since].tolist() for column in (lines, numbers)), strict=True)
    assert list(zip(*(column.tolist() for column in end.scanned.of_rules()[:2]), strict=True)) == list(of_end)
    assert all(block.line >= since for block in end.blocks)  # its lines may begin before
    assert all(found.start >= since for found in (*end.sections, *end.noise))
    gaps = reduce(end, 500).gaps
    assert [gap.what.startswith("not read yet") for gap in gaps] == [gap.start < since for gap in gaps]


def test_only_what_has_changed_is_scanned() -> None:
    data = b"".join(LOGS)
    before = fresh(data)
    scanned: list[tuple[int, int]] = []

    def counted(text: LogText, ranges: Sequence[tuple[int, int]], *known: object) -> Iterator[Part]:
        scanned.extend(ranges)
        return scanned_here(text, ranges, *known)  # type: ignore[arg-type]

    middle = data.index(b"\n", len(data) // 2)
    changed = data[:middle] + b" changed" + data[middle:]
    after = analyse(LogText(changed), PACKS, earlier=before, scanning=counted)
    assert sum(end - start for start, end in scanned) == 1
    assert said(after) == said(fresh(changed))


def test_blocks_far_from_a_change_are_taken_over() -> None:
    lines = [b"a.c:%d:5: error: unknown type name 'x%d'\n" % (n, n) if n % 20 == 0 else b"ok\n" for n in range(4000)]
    before = fresh(b"".join(lines))
    lines[2000] = b"x" + lines[2000]
    after = analyse(LogText(b"".join(lines)), PACKS, earlier=before)
    known = set(map(id, before.blocks))
    anew = [block.line for block in after.blocks if id(block) not in known]
    assert 2000 in anew
    assert all(1500 < line < 2500 for line in anew)
    assert len(after.blocks) == len(before.blocks) == 200


def test_messages_that_are_not_kept_are_cleaned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = [b"".join(LOGS), *(file.read_bytes() for file in sorted(FIXTURES.glob("hard/*/log.txt")))]
    whole = [said(fresh(log)) for log in logs]
    monkeypatch.setattr(scan, "KEPT", 5000)
    for log, wanted in zip(logs, whole, strict=True):
        assert said(fresh(log)) == wanted


class TestProcesses:
    """The real processes, made to be worth it for a log of some hundred kilobytes."""

    @pytest.fixture
    def long(self, monkeypatch: pytest.MonkeyPatch) -> bytes:
        monkeypatch.setattr(parallel, "WORTH", 1 << 16)
        monkeypatch.setattr(parallel, "cores", lambda: 3)
        return b"".join(LOGS) * (12_000_000 // sum(map(len, LOGS)))

    def test_the_result_is_that_of_one(self, long: bytes, tmp_path: Path) -> None:
        path = tmp_path / "long.log"
        path.write_bytes(long)
        one = said(fresh(long))
        for data in (long, Disk(path)):
            assert said(analyse(LogText(data), PACKS, scanning=parallel.scan)) == one

    def test_where_they_die_the_work_is_done_here(self, long: bytes) -> None:
        def murder(_share: float) -> None:
            for process in children(os.getpid()):
                os.kill(process, signal.SIGKILL)

        assert said(analyse(LogText(long), PACKS, progress=murder, scanning=parallel.scan)) == said(fresh(long))

    def test_others_are_let_in_while_they_are_waited_for(self, long: bytes) -> None:
        halted: set[int] = set()
        times: Counter[float] = Counter()
        enough = 2 * len(long) // WATCHED  # more than there is to do without them

        def go_on() -> None:
            while halted:
                os.kill(halted.pop(), signal.SIGCONT)

        def told(share: float) -> None:
            times[share] += 1
            if times[share] == enough:
                go_on()
            elif late.is_alive() and max(times.values()) < enough:
                for process in {*children(os.getpid())} - halted:
                    os.kill(process, signal.SIGSTOP)
                    halted.add(process)

        late = threading.Timer(60, go_on)
        late.start()
        analyse(LogText(long), PACKS, progress=told, scanning=parallel.scan)
        late.cancel()
        assert max(count for share, count in times.items() if share != SCANNING) >= enough

    def test_what_is_stopped_stops(self, long: bytes) -> None:
        seen: list[float] = []

        def enough(share: float) -> None:
            seen.append(share)
            raise InterruptedError

        with pytest.raises(InterruptedError):
            analyse(LogText(long), PACKS, progress=enough, scanning=parallel.scan)
        assert len(seen) == 1

    def test_the_stages_after_the_scan_stop_too(self, long: bytes) -> None:
        seen: list[float] = []

        def enough(share: float) -> None:
            seen.append(share)
            if seen.count(share) > 1:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            analyse(LogText(long), PACKS, progress=enough)
        assert seen[-1] == max(seen) < 1

    def test_others_are_let_in_during_each_of_them(self, long: bytes) -> None:
        stages: set[str] = set()

        def told(_share: float) -> None:
            stages.update(Path(frame.f_code.co_filename).stem for frame, _ in walk_stack(None))

        analyse(LogText(long), PACKS, progress=told)
        assert stages >= {"scan", "sections", "blocks", "shapes", "findings", "merging", "noise"}


class TestDisk:
    def test_it_is_sliced_as_bytes_are(self, tmp_path: Path) -> None:
        data = bytes(range(256)) * 2000
        path = tmp_path / "log"
        path.write_bytes(data)
        disk = Disk(path)
        assert len(disk) == len(data)
        for key in (
            slice(0, 10),
            slice(-3, None),
            slice(65_530, 65_545),
            slice(None),
            slice(100, 300_000),
            slice(9, 3),
        ):
            assert disk[key] == data[key]

    def test_a_file_cut_short_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "log"
        path.write_bytes(b"x\n" * 500_000)
        disk = Disk(path)
        os.truncate(path, 10)
        with pytest.raises(ChangedError):
            disk[200_000:200_010]

    @pytest.mark.parametrize("scanning", [scanned_here, parallel.scan])
    def test_a_file_written_anew_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scanning: Scanning
    ) -> None:
        monkeypatch.setattr(parallel, "WORTH", 0)
        path = tmp_path / "log"
        path.write_bytes(b"a step of the build is done\n" * 300_000)

        def meanwhile(text: LogText, ranges: Sequence[tuple[int, int]], *known: Any) -> Iterator[Part]:
            with path.open("r+b") as file:
                file.write(b"more lines\n" * 500_000)
            yield from scanning(text, ranges, *known)

        with pytest.raises(ChangedError):
            analyse(LogText(Disk(path)), PACKS, scanning=meanwhile)

    def test_other_lines_of_the_same_lengths_are_told(self, tmp_path: Path) -> None:
        path = tmp_path / "log"
        path.write_bytes(b"FAILED test_a.py::one\nFAILED test_b.py::two\n" * 100_000)

        def meanwhile(text: LogText, ranges: Sequence[tuple[int, int]], *known: Any) -> Iterator[Part]:
            yield from scanned_here(text, ranges, *known)
            path.write_bytes(b"passed test_b.py::two\npassed test_a.py::one\n" * 100_000)

        with pytest.raises(ChangedError):
            analyse(LogText(Disk(path)), PACKS, scanning=meanwhile)

    def test_a_longer_file_written_in_its_place_is_not_taken_for_a_grown_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(disk, "KEPT", 1)  # of a long file the first blocks are read again
        path = tmp_path / "log"
        path.write_bytes(b"error: one\n" * 10_000)
        before = analyse(LogText(Disk(path)), PACKS)
        path.write_bytes(b"error: two\n" * 20_000)
        after = analyse(LogText(Disk(path)), PACKS, earlier=before)
        assert said(after) == said(fresh(path.read_bytes()))

    def test_another_file_in_its_place_is_not_taken_for_it(self, tmp_path: Path) -> None:
        path = tmp_path / "log"
        path.write_bytes(b"one\n")
        make, arguments = Disk(path).__reduce__()
        path.rename(tmp_path / "log.1")
        path.write_bytes(b"two\n")
        with pytest.raises(ChangedError):
            make(*arguments)
