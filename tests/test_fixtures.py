"""Every fixture gives what its expected.toml says; each test names all that is wrong with one."""

from __future__ import annotations

import subprocess
from functools import cache
from itertools import pairwise

import pytest

from logsieve import packs
from logsieve.model import Category, Verdict
from logsieve.text import LogText
from score_fixtures import FLOORS, Case, Score, cases, floors, held, known_misses, score

ALL = cases()
KNOWN_MISSES = known_misses()
by_name = pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)


@cache
def _score_of(name: str) -> Score:
    return score(next(case for case in ALL if case.name == name), packs.load())


def _scored(case: Case) -> Score:
    return _score_of(case.name)


def test_there_are_failing_and_passing_fixtures() -> None:
    verdicts = {case.expected["verdict"] for case in ALL}
    assert verdicts >= {"failed", "passed"}


@by_name
def test_the_expectation_is_about_this_log(case: Case) -> None:
    """A fixture that points at the wrong line would ask for the wrong thing."""
    text = LogText.from_bytes(case.log)
    assert set(case.expected) <= {"verdict", "root", "keep", "folded"}
    assert case.expected["verdict"] in tuple(Verdict)
    for first, last in (*case.ranges("keep"), *case.ranges("folded")):
        assert 1 <= first <= last <= len(text)
    root = case.expected.get("root")
    if root is None:
        assert case.expected["verdict"] != "failed"
        return
    assert root["contains"] in text.clean(root["line"] - 1)
    assert root["category"] in tuple(Category)
    assert any(first <= root["line"] <= last for first, last in case.ranges("keep"))


@by_name
def test_fixture(case: Case) -> None:
    wrong = _scored(case).wrong
    missed = {aspect for aspect, told in wrong.items() if told}
    known = {aspect for name, aspect in KNOWN_MISSES if name == case.name}
    assert missed <= known, "\n".join(f"{aspect}: {wrong[aspect]}" for aspect in sorted(missed - known))
    assert missed == known, f"now held, so take it out of known_misses.txt: {', '.join(sorted(known - missed))}"


def test_no_aspect_falls_below_its_floor() -> None:
    counts = held(_scored(case) for case in ALL)
    assert {a: n for a, n in counts.items() if n < floors()[a]} == {}, f"floors: {floors()}"


def test_floors_only_rise() -> None:
    """Every version of the file that the history has, oldest first."""
    git = ["git", "-C", str(FLOORS.parent)]
    log = [*git, "log", "--reverse", "--format=%h", "--", FLOORS.name]
    commits = subprocess.run(log, capture_output=True, text=True, check=True).stdout.split()
    show = [[*git, "show", f"{commit}:./{FLOORS.name}"] for commit in commits]
    versions = [floors(subprocess.run(one, capture_output=True, text=True, check=True).stdout) for one in show]
    versions.append(floors())
    for older, newer in pairwise(versions):
        assert {a: (n, newer.get(a)) for a, n in older.items() if newer.get(a, 0) < n} == {}


def test_known_misses_are_about_fixtures_that_are_there() -> None:
    assert {name for name, _ in KNOWN_MISSES} <= {case.name for case in ALL}
