"""Lines by what they say: words in any order, spelt about right, rare ones worth more; none that only a secret says."""

from __future__ import annotations

from typing import Any

import pytest

from engine import analysed
from logsieve.core.similar import LONG, Likeness
from logsieve.operations import search

LOG = """\
Downloading gravatar 1.2
Downloading slim 4.0
could not download cache: 404
java.net.ConnectException: Connection refused (Connection refused)
  'ECONNREFUSED' at 10.0.0.7:5432
reused 553 objects
Process completed with exit code 3.
Process completed with exit code 137.
Process completed with exit code 137.
the quick brown fox of the day
"""


def lines(query: str, log: str = LOG, most: int = 20) -> list[int]:
    """The lines found, 1-based."""
    return [hit.line + 1 for hit in Likeness(analysed(log), query).best(most)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("connection refused", 4),
        ("refused connection", 4),
        ("conection refuzed", 4),
        ("econnrefused", 5),
        ("cache download", 3),
        ("why did the cache not download?", 3),
        ("exit code 137", 8),
        ("exit code 3", 7),
        ("Process completed with exit code 137.", 8),
    ],
)
def test_what_says_most_of_it_comes_first(query: str, first: int) -> None:
    assert lines(query)[0] == first


def test_lines_that_differ_in_numbers_are_one_but_for_the_numbers_asked_for() -> None:
    hits = Likeness(analysed(LOG), "process exit code 137").best(20)
    assert [(hit.line + 1, hit.count) for hit in hits] == [(8, 2), (7, 1)]
    assert hits[0].score == 1 > hits[1].score


def test_no_more_than_asked_for_and_nothing_that_says_little_of_it() -> None:
    assert len(lines("downloading", most=1)) == 1
    assert lines("kangaroo") == []
    assert lines("kangaroo in the snow") == []
    assert 10 not in lines("fox hunting over lost parliament")


@pytest.mark.parametrize("query", ["", "!!!", "\n", "the"])
def test_a_query_without_words(query: str) -> None:
    assert lines(query) in ([], [10])


def test_a_word_that_the_log_does_not_have_hides_no_line() -> None:
    assert lines("frobnicated download of the cache")[0] == 3


def test_other_alphabets_and_bytes_that_are_none() -> None:
    log = "файл не найден\nфайл найден\nna\u00efve caf\u00e9\n".encode() + b"\xff\xfe broken caf\xe9\n"
    found = Likeness(analysed(log), "не найден").best(5)
    assert [hit.line for hit in found] == [0, 1]
    assert [hit.line for hit in Likeness(analysed(log), "caf\u00e9").best(5)][:1] == [2]


def test_of_a_huge_line_the_beginning_is_looked_at() -> None:
    log = "needle " + "hay " * LONG + "pin\nother\n"
    assert lines("needle", log) == [1]
    assert lines("pin", log) == []


def found(log: str, text: str) -> list[dict[str, Any]]:
    """The hits of the operation, by words alone."""
    hits: list[dict[str, Any]] = search(analysed(log), "a.log", text, 5, False, "", 1, 1)["hits"]
    return hits


def test_what_only_a_secret_says_is_no_hit() -> None:
    log = "login token=ghp_" + "a1B2" * 9 + " sent\nnothing here\n"
    assert found(log, "ghp a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2") == []
    hits = found(log, "login sent")
    assert [hit["line"] for hit in hits] == [1]
    assert "a1B2" not in hits[0]["text"]
