"""A second opinion in the background of a reduced log: with a real model, within limits, and where there is none."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from command import FIXTURES
from engine import analysed
from logsieve.core.analysis import Analysis
from logsieve.core.excerpts import reduced
from logsieve.lsp import later
from logsieve.lsp.convert import Client as Counting
from logsieve.lsp.convert import Coordinates
from logsieve.lsp.features import second as feature
from logsieve.lsp.later import Better, Elsewhere, Later
from logsieve.semantic import meaning
from logsieve.semantic import second as semantic_second
from logsieve.settings import Semantic
from lsp.client import ANSWER, Client
from lsp.test_search import URI, driven, model, opened

__all__ = ["model"]  # a fixture

LOG = (FIXTURES / "ansible-lint" / "findings" / "log.txt").read_text("utf-8")  # no pack is sure what failed in it
BUDGET = 500
REFRESH = "workspace/textDocumentContent/refresh"

here = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
)
aside = pytest.mark.filterwarnings("default")


def asked(analysis: Analysis, given: Semantic) -> Any:
    """What comes of asking for a second opinion."""
    return driven(feature.opinion(analysis, Coordinates(analysis.text, Counting()), given))[0]


async def view_of(client: Client) -> str:
    uri: str = (await client.request("logsieve/reducedView", {"uri": URI, "budget": BUDGET}))["uri"]
    return uri


async def content(client: Client, uri: str) -> str:
    text: str = (await client.request("workspace/textDocumentContent", {"uri": uri}))["text"]
    return text


@here
@aside
@pytest.mark.slow
async def test_the_reduced_log_improves_when_the_larger_model_has_looked(model: str) -> None:
    better = asked(analysed(LOG), Semantic(model=model))
    assert isinstance(better, Better)
    async with opened(LOG, model=model) as client:
        view = await view_of(client)
        before = await content(client, view)
        await client.wait_for(REFRESH, lambda params: params["uri"] == view)
        after = await content(client, view)
        assert before != after
        # Whatever is reduced from then on is the same: it is what the engine itself makes of that opinion.
        copied = (await client.request("logsieve/reduce", {"uri": URI, "budget": BUDGET}))["text"]
        assert copied == reduced(better.analysis, BUDGET, numbers=False).rendered.text
        # It is asked for once; a newer text has an opinion of its own.
        seen = len(client.heard)
        client.change(URI, 2, {"text": f"one more line\n{LOG}"})
        await client.settled(URI, 2)
        await content(client, view)
        await client.wait_for(REFRESH, lambda params: params["uri"] == view, skip=seen)
        client.close(URI)
        assert await client.shut_down() == 0
        assert client.errors == ""


@here
@aside
@pytest.mark.slow
def test_no_more_lines_and_no_more_time_than_set(model: str) -> None:
    analysis = analysed(LOG)
    every, one, late = (
        asked(analysis, Semantic(model=model, **given)).analysis.second[0]
        for given in ({}, {"lines": 1}, {"seconds": -1})
    )
    assert len(every) > len(one) > 0
    texts = {analysis.line(line).message for line in one.tolist()}
    assert len(texts) == 1
    assert 0 < len(late) <= len(every)
    assert asked(analysis, Semantic(model=model, lines=0)) is False


@here
@aside
@pytest.mark.slow
def test_with_another_model_there_is_none_and_that_is_told_once(
    model: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(semantic_second, "SAME", 1.1)  # as if none were the one that the layer was trained for
    monkeypatch.setattr(feature, "_unfit", {})
    for _ in range(2):
        assert asked(analysed(LOG), Semantic(model=model)) is False
    assert caplog.text.count("is another model") == 1


@pytest.mark.usefixtures("without_extra")
async def test_without_the_extra_all_is_as_ever_and_that_is_told_once_in_the_log() -> None:
    async with opened(LOG) as client:
        assert await content(client, await view_of(client))
        async with asyncio.timeout(ANSWER):
            while "get no second opinion" not in client.errors:
                await client.request("logsieve/findings", {"uri": URI})
        client.change(URI, 2, {"text": f"one more line\n{LOG}"})
        await client.settled(URI, 2)
        assert await content(client, await view_of(client))
        assert await client.shut_down() == 0
        assert client.all_of("window/showMessage") == []
        assert client.errors.count("get no second opinion") == 1
        assert meaning.INSTALL in client.errors


@here
def test_without_a_model_on_the_machine_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    analysis = analysed(LOG)
    assert feature.opinion(analysis, Coordinates(analysis.text, Counting()), Semantic()) is False
    (tmp_path / "hub" / "models--sentence-transformers--all-MiniLM-L6-v2").mkdir(parents=True)
    assert isinstance(feature.opinion(analysis, Coordinates(analysis.text, Counting()), Semantic()), Later)


def test_a_process_without_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "KEPT", -1.0)
    news = threading.Event()
    elsewhere = Elsewhere(news.set)
    elsewhere.put("mine", Later(os.getpid, (), lambda future: future.result()))
    elsewhere.rest()  # it has work
    assert news.wait(60)
    assert elsewhere.waiting
    whose, _, future = elsewhere.done()
    assert whose == "mine"
    pid = future.result()
    os.kill(pid, 0)
    elsewhere.rest()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    elsewhere.put("again", Later(os.getpid, (), lambda future: future.result()))
    news.clear()
    elsewhere.rest()
    assert news.wait(60) or elsewhere.waiting
    assert elsewhere.done()[2].result() != pid
    elsewhere.rest()
