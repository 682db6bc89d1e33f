"""What is found in each distinct message is found once, and is what is found without remembering."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from logsieve import packs
from logsieve.core import distinct
from logsieve.core.analysis import analyse
from logsieve.core.distinct import Distinct, Found
from logsieve.core.plan import plan_of
from logsieve.model import Level
from logsieve.text import LogText

PACKS = packs.load()
WORDS = st.lists(st.sampled_from([b"", b" ", b"a", b"b1", b"b2", b"\xff", b"a" * 50, *(b"%d" % i for i in range(40))]))


def found_in(lines: list[bytes]) -> Found:
    """Of each message its length as shape, and a hit for each of its first three letters."""
    hits = [(letter, at) for at, line in enumerate(lines) for letter in sorted(set(line[:3]))]
    return Found(
        np.array([len(line) for line in lines], np.uint64),
        np.array([-1 if line else 0 for line in lines], np.int32),
        np.array([number for number, _ in hits], np.int32),
        np.array([at for _, at in hits], np.int64),
        np.array([*(f"{number}" for number, _ in hits), None], object)[:-1],
    )


def same(a: Found, b: Found) -> bool:
    pairs = ((a.shapes, b.shapes), (a.noise, b.noise), (a.numbers, b.numbers), (a.lines, b.lines), (a.names, b.names))
    return all(x.tolist() == y.tolist() for x, y in pairs)


@pytest.fixture(params=[(1 << 19, 1 << 18), (4, 10)], ids=["wide", "narrow"])
def _narrow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, and with so little room that messages push each other out and are forgotten."""
    monkeypatch.setattr(distinct, "SLOTS", request.param[0])
    monkeypatch.setattr(distinct, "MOST", request.param[1])
    plan_of.cache_clear()


@pytest.mark.usefixtures("_narrow")
def test_as_without_remembering() -> None:
    @given(st.lists(WORDS, max_size=12))
    def holds(chunks: Sequence[list[bytes]]) -> None:
        known = Distinct()
        for messages in chunks:
            rows = known.rows(messages, found_in)
            assert same(known.found(rows), found_in(messages))

    holds()


def test_each_message_is_looked_at_once() -> None:
    known, looked = Distinct(), []

    def find(messages: list[bytes]) -> Found:
        looked.append(messages)
        return found_in(messages)

    known.rows([b"a", b"b", b"a"], find)
    known.rows([b"b", b"c", b"c"], find)
    known.rows([b"c", b"a"], find)
    assert looked == [[b"a", b"b"], [b"c"]]


def test_what_ignores_a_message_is_asked_once_and_only_of_lines_that_stand_out() -> None:
    known, looked = Distinct(), []

    def look(messages: list[bytes]) -> NDArray[np.int8]:
        looked.extend(messages)
        return np.array(list(map(len, messages)), np.int8)

    messages = [b"aaa", b"b", b"aaa", b"cc"]
    rows = known.rows(messages, found_in)
    assert known.ignored(rows, np.array([3, 2, 0]), messages, look).tolist() == [2, 3, 3]
    assert known.ignored(rows, np.array([0, 1, 3]), messages, look).tolist() == [3, 1, 2]
    assert sorted(looked) == [b"aaa", b"b", b"cc"]
    assert known.ignored(rows, np.zeros(0, np.int64), messages, look).tolist() == []


@pytest.mark.usefixtures("_narrow")
def test_a_message_means_what_its_line_says() -> None:
    """The same bytes of a message: Latin-1, unless another character of the line is good UTF-8, as the mark is."""
    line = b"2026-11-21T10:00:00.0000000Z ##[group]Run caf\xe9 a\n"
    logs = [LogText.from_bytes(log) for log in (line, b"\xef\xbb\xbf" + line, line)]
    titles = [[s.title for s in analyse(log, PACKS).sections] for log in logs]
    assert titles == [["café a"], ["caf\ufffd a"], ["café a"]]


@pytest.mark.usefixtures("_narrow")
def test_logs_do_not_mix() -> None:
    logs = [b"E   assert 1 == 2\nFAILED tests/x.py::y - assert 1 == 2\n", b"npm ERR! code E404\nnpm ERR! 404 x\n"]
    fresh = []
    for log in logs:
        plan_of.cache_clear()
        fresh.append(analyse(LogText.from_bytes(log * 3), PACKS).findings)
    assert all(fresh)
    for log, findings in list(zip(logs, fresh, strict=True)) * 2:
        assert analyse(LogText.from_bytes(log * 3), PACKS).findings == findings


def test_each_line_has_the_level_that_its_envelope_names() -> None:
    lines = [b"[INFO] a", b"[WARNING] b", b"[ERROR] c", b"d", b"[DEBUG] e ERROR", b"[error] f"] * 5
    analysis = analyse(LogText.from_bytes(b"\n".join([*lines, b""])), PACKS)
    assert [e.name for e in analysis.envelopes] == ["Maven level"]
    said = [Level(level) for level in analysis.scanned.found.levels[:6].tolist()]
    assert said == [Level.INFO, Level.WARNING, Level.ERROR, Level.UNKNOWN, Level.DEBUG, Level.UNKNOWN]
