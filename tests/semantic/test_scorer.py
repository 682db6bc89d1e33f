"""The model that ships: its size, its damage, what it says of lines by themselves, and that training gives it twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import logsieve
from command import FIXTURES
from logsieve.evaluation.data import fixtures
from logsieve.evaluation.examples import of_packs
from logsieve.evaluation.train import examples
from logsieve.semantic.ngrams import BITS, ngrams
from logsieve.semantic.scorer import ModelError, Scorer, loaded
from logsieve.semantic.training import trained

WEIGHTS = Path(logsieve.__file__).parent / "semantic" / "weights.bin"
FAMILIES = ("cargo", "go", "pytest", "npm", "gcc", "maven", "hard")


def said(*lines: str) -> list[float]:
    return [float(odds) for odds in loaded().said([line.encode() for line in lines])]


def test_the_weights_are_small_and_whole() -> None:
    assert WEIGHTS.stat().st_size < 1 << 20
    assert loaded().to_bytes() == WEIGHTS.read_bytes()


@pytest.mark.parametrize("at", [0, 30, 60, 5000, -1])
def test_damage_is_noticed(at: int) -> None:
    data = bytearray(WEIGHTS.read_bytes())
    data[at] ^= 1
    with pytest.raises(ModelError, match="damaged"):
        Scorer.of_bytes(bytes(data))


@pytest.mark.parametrize("data", [b"", b"LogSieve relevance 1\n", WEIGHTS.read_bytes()[:-100]])
def test_half_a_model_is_none(data: bytes) -> None:
    with pytest.raises(ModelError, match="damaged"):
        Scorer.of_bytes(data)


def test_a_missing_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing"):
        loaded(tmp_path / "weights.bin")


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_all_else_works_without_it(tmp_path: Path, damage: str) -> None:
    package = shutil.copytree(WEIGHTS.parents[1], tmp_path / "logsieve", ignore=shutil.ignore_patterns("__pycache__"))
    weights = package / "semantic" / "weights.bin"
    weights.unlink() if damage == "missing" else weights.write_bytes(b"x")
    log = tmp_path / "a.log"
    log.write_text("one\nerror: cannot find it\nexit status 1\n")
    command = [sys.executable, "-m", "logsieve", "reduce", str(log), str(log)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "cannot find it" in done.stdout
    assert done.stderr.count(f"the weights of the relevance model are {damage}; lines are not scored") == 1


def test_what_a_line_says_does_not_depend_on_its_neighbours() -> None:
    lines = ["", "error: x is not defined", "a" * 1000, "  at main (a.js:3)", "é\x00\tok", "\n".strip()]
    assert said(*lines) == [said(line)[0] for line in lines]
    assert loaded().said([]).shape == (0,)


def test_words_for_failures_say_more_than_words_for_progress() -> None:
    failed = said("TypeError: cannot read property of undefined", "AssertionError: expected 3, got 4")
    fine = said("Downloading gravatar 1.2", "Setting up python3 (3.11.2-1)", "   15 passing tests")
    assert min(failed) > max(fine)


def test_n_grams_know_case_beginnings_and_whether_a_number_is_zero() -> None:
    def of(line: str) -> set[int]:
        buckets, _ = ngrams([line.encode()])
        assert buckets.min() >= 0
        assert buckets.max() < 1 << BITS
        return set(buckets.tolist())

    assert of("3 errors") == of("7 errors") != of("0 errors")
    assert of("ERROR here") != of("error here")
    assert of("error") - of("x error")
    assert len(of("x" * 100_000)) < 50


def test_training_gives_the_same_weights_twice() -> None:
    logs = [log for log in fixtures(FIXTURES) if log.group in FAMILIES][:30]
    learnt = [*examples(logs), *list(of_packs())[:100]]
    first = trained(learnt).to_bytes()
    assert trained(learnt).to_bytes() == first
    scorer = Scorer.of_bytes(first)
    log = next(log for log in learnt if log.columns is not None and log.relevant.sum() > 2 and log.other.sum() > 20)
    assert log.columns is not None
    odds = scorer.relevance(log.messages, log.columns)
    assert np.median(odds[log.relevant]) > np.median(odds[log.other])
