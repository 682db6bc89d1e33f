"""The measures are what they say, and a whole evaluation of a few labelled logs comes out as JSON, Markdown and SVG."""

from __future__ import annotations

import importlib.util
import json
import shutil
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from command import FIXTURES, Command
from logsieve.evaluation.data import fixtures, held, labelled
from logsieve.evaluation.measures import Judged, auc, best_limit, by_group, chosen, kept, removed, told

TRUTH = np.array([1, 0, 0, 1, 0, 0], bool)
SCORES = np.array([0.9, 0.8, 0.1, 0.8, 0.3, 0.2])
SIZES = np.array([10, 10, 50, 10, 10, 10])
CASES = ("cargo", "go", "pytest", "npm", "gcc", "mypy", "eslint", "jest", "ruff", "terraform")


def test_auc_is_the_chance_that_a_relevant_line_comes_first() -> None:
    pairs = [(a, b) for a in SCORES[TRUTH] for b in SCORES[~TRUTH]]
    expected = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
    assert auc(TRUTH, SCORES, np.ones(6)) == pytest.approx(expected)
    assert auc(TRUTH, np.zeros(6), np.ones(6)) == 0.5


def test_a_line_may_stand_for_several() -> None:
    once = chosen(np.repeat(TRUTH, [1, 3, 1, 1, 1, 1]), np.repeat(SCORES > 0.5, [1, 3, 1, 1, 1, 1]), np.ones(8))
    assert chosen(TRUTH, SCORES > 0.5, np.array([1.0, 3, 1, 1, 1, 1])) == pytest.approx(once)
    assert once == pytest.approx({"accuracy": 5 / 8, "precision": 2 / 5, "recall": 1, "f1": 4 / 7})


def test_what_may_go_at_a_recall() -> None:
    assert removed(TRUTH, SCORES, SIZES, 0.5) == pytest.approx({"lines": 5 / 6, "tokens": 0.9})
    assert removed(TRUTH, SCORES, SIZES, 1.0) == pytest.approx({"lines": 0.5, "tokens": 0.7})


def test_what_is_kept_is_no_more_than_a_share() -> None:
    assert kept(SCORES, SIZES, 0.25).tolist() == [True, True, False, False, False, False]


def test_a_limit_is_the_best_for_a_figure() -> None:
    one = Judged("a", TRUTH, SCORES, np.ones(6))
    other = Judged("b", TRUTH, SCORES * 2, np.ones(6))  # of which the limits of the first take more
    for figure in ("f1", "accuracy"):
        best = chosen(TRUTH, best_limit([one], figure) < SCORES, np.ones(6))[figure]
        assert best == max(chosen(TRUTH, limit < SCORES, np.ones(6))[figure] for limit in SCORES - 0.01)
    figures = told([one, other], 0.85, 0.7)
    assert figures["precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert figures["best accuracy"] == pytest.approx(5 / 6)
    long = Judged("c", np.repeat(TRUTH, 10), np.zeros(60), np.ones(60))
    assert told([one, long], 0.85, 0.7)["all lines"] == pytest.approx((5 + 40) / 66)


def test_a_repository_is_one_witness() -> None:
    assert by_group([("a", {"x": 1}), ("a", {"x": 0}), ("b", {"x": 1})]) == {"x": 0.75}


def test_fixtures_are_labelled_by_what_a_reduced_log_must_hold() -> None:
    logs = {log.path.parent.name: log for log in fixtures(FIXTURES) if log.group == "pytest"}
    log = logs["long-verbose-two-failures"]
    data = log.path.read_bytes()
    relevant, other = log.columns(data, data.count(b"\n"))
    assert relevant[3098]
    assert not other[3098]
    assert other[5]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Some fixtures as LogChunks has its logs."""
    rows = []
    names = [f"owner/r{n}" for n in range(40)]
    seen, unseen = [n for n in names if not held(n)], [n for n in names if held(n)]
    for number, family in enumerate(CASES):
        for case in sorted((FIXTURES / family).glob("*/expected.toml"))[:2]:
            told = tomllib.loads(case.read_text("utf-8"))
            if "keep" in told and told["verdict"] == "failed":
                path = Path("logs") / f"{family}-{case.parent.name}.log"
                (tmp_path / "logchunks" / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(case.with_name("log.txt"), tmp_path / "logchunks" / path)
                repository = (seen if number % 2 else unseen)[number // 2]
                rows.append({"repo": repository, "path": str(path), "ranges": told["keep"]["lines"]})
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "logchunks" / "labels.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_a_whole_evaluation(data: Path, tmp_path: Path) -> None:
    assert len(list(labelled(data))) >= 10
    done = Command(tmp_path)("eval", "--tools", "0", "--output", "out", data, HF_HUB_OFFLINE="1", PYTHONWARNINGS="")
    assert done.returncode == 0, done.stderr.decode()
    figures = json.loads((tmp_path / "out" / "evaluation.json").read_text("utf-8"))
    lines = figures["lines"]
    assert {"packs", "model, line alone", "model, in context", "model and packs"} <= set(lines)
    assert all(0 <= value <= 1 for row in lines.values() for value in row.values())
    assert lines["model and packs"]["auc"] > 0.6
    assert figures["removal"]["random"]["1.0"]["lines"] < figures["removal"]["model and packs"]["0.8"]["lines"] + 0.2
    text = (tmp_path / "out" / "evaluation.md").read_text("utf-8")
    assert f"| model and packs | {lines['model and packs']['accuracy']:.3f} |" in text
    ET.fromstring((tmp_path / "out" / "evaluation.svg").read_text("utf-8"))  # noqa: S314 (our own)
    if importlib.util.find_spec("sentence_transformers"):  # what others do, and a real model
        assert {"TF-IDF + LR", "MiniLM + LR"} <= set(lines)
        assert all(-1.001 < value <= 1.001 for of in figures["cosine"]["shares"].values() for value in of.values())
