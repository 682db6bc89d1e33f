"""Long texts, growing ones, many of them: what is shown first, what is kept, what must not wait."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from command import FIXTURES
from logsieve.core import scan
from logsieve.lsp import store
from logsieve.lsp.buffer import Chunks, encoded
from logsieve.lsp.convert import Client
from logsieve.lsp.messages import Answer, Ask, Configure, Edit, Failed, Open
from logsieve.lsp.worker import Worker
from logsieve.pipe import read
from logsieve.settings import DEFAULTS
from lsp.client import running

FAILURE = (FIXTURES / "pytest" / "collection-error" / "log.txt").read_text()
QUIET = "".join(f"step {n} of the build is done, and all is well with it\n" for n in range(50_000))
URI = "untitled:log"
Q = "lsp.questions"


def ready_worker() -> tuple[Worker, io.BytesIO]:
    sink = io.BytesIO()
    worker = Worker(io.BytesIO(), sink)
    worker._apply(Configure(DEFAULTS, Client(), ()))
    return worker, sink


def told(sink: io.BytesIO) -> list[Any]:
    sink.seek(0)
    return [m for m in iter(lambda: read(sink), None) if isinstance(m, Answer | Failed)]


async def test_what_a_long_log_has_grown_by_is_shown_at_once_and_the_rest_stays() -> None:
    uri = "file:///grown.log"
    async with running() as client:
        await client.initialize()
        client.open(uri, FAILURE + QUIET)
        await client.settled(uri)
        known = await client.diagnostics(uri)
        heard = len(client.heard)
        end = {"line": (FAILURE + QUIET).count("\n"), "character": 0}
        client.change(uri, 2, {"range": {"start": end, "end": end}, "text": "E   KeyError: 'till'\n" + FAILURE})
        await client.settled(uri, 2)
        published = client.all_of("textDocument/publishDiagnostics", skip=heard)
        await client.shut_down()
    first, last = published[0]["diagnostics"], published[-1]["diagnostics"]
    assert len(published) >= 2
    assert known
    places = [d["range"] for d in first]
    assert all(d["range"] in places for d in known)  # nothing jumps about
    assert max(p["start"]["line"] for p in places) >= end["line"]
    assert {p["start"]["line"] for p in places} <= {d["range"]["start"]["line"] for d in last} | {
        r["location"]["range"]["start"]["line"] for d in last for r in d.get("relatedInformation", ())
    }


def about(file: str, pattern: str) -> str:
    found = re.search(pattern, Path(file).read_text())
    assert found is not None
    return found[1]


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory a process has")
async def test_memory_is_given_back_on_close() -> None:
    async with running() as client:
        await client.initialize()
        front = client.process.pid
        worker = int(about(f"/proc/{front}/task/{front}/children", r"(\d+)"))

        def used(process: int) -> int:
            return int(about(f"/proc/{process}/status", r"VmRSS:\s+(\d+)"))

        async def one(uri: str, text: str) -> tuple[int, int]:
            client.open(uri, text)
            await client.settled(uri)
            during = used(worker)
            client.close(uri)
            client.open(f"{uri}.next", FAILURE)  # its answer comes after the close was done
            await client.settled(f"{uri}.next")
            client.close(f"{uri}.next")
            return during, used(worker)

        _, before = await one("file:///warm.log", FAILURE)
        during, after = await one("file:///large.log", QUIET * 4)
        await client.shut_down()
    assert during - before > 10_000  # kB
    assert after - before < (during - before) / 2


async def test_an_edit_in_the_middle_is_shown_once() -> None:
    uri = "file:///edited.log"
    async with running() as client:
        await client.initialize()
        client.open(uri, QUIET + FAILURE)
        await client.settled(uri)
        heard = len(client.heard)
        place = {"line": 20, "character": 0}
        client.change(uri, 2, {"range": {"start": place, "end": place}, "text": "more\n"})
        await client.settled(uri, 2)
        assert len(client.all_of("textDocument/publishDiagnostics", skip=heard)) == 1
        await client.shut_down()


def test_only_so_many_analyses_are_kept_and_the_others_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, sink = ready_worker()
    for n in range(4):
        worker._apply(Open(f"untitled:{n}", "log", encoded(FAILURE * (n + 1))))
        worker._answer(Ask(n, f"untitled:{n}", f"{Q}:pair", (), unasked=False))
    assert all(document.analysis for document in worker.store.documents.values())
    before = told(sink)
    monkeypatch.setattr(store, "MEMORY", 1)
    worker._apply(Edit("untitled:1", (((0, 0, 0, 0), b"x"),)))
    worker._answer(Ask(9, "untitled:1", f"{Q}:pair", (), unasked=False))
    assert [uri for uri, document in worker.store.documents.items() if document.analysis] == ["untitled:1"]
    for n in range(4):
        worker._answer(Ask(10 + n, f"untitled:{n}", f"{Q}:pair", (), unasked=False))
    again = told(sink)[-4:]
    assert [a.value for a in again][2:] == [a.value for a in before][2:]
    assert again[0].value == before[0].value


def test_what_must_not_wait_is_answered_while_a_long_text_is_analysed() -> None:
    worker, sink = ready_worker()
    worker._apply(Open("untitled:known", "log", encoded(FAILURE)))
    worker._answer(Ask(1, "untitled:known", f"{Q}:pair", (), unasked=False))
    worker._apply(Open(URI, "log", encoded(QUIET)))
    worker._asks.extend(
        (
            Ask(3, "untitled:known", f"{Q}:pair", (), unasked=False),
            Ask(4, URI, f"{Q}:pair", (), unasked=False, ready=True),
            Ask(5, URI, f"{Q}:pair", (), unasked=False),
        )
    )
    worker._answer(Ask(2, URI, f"{Q}:pair", (), unasked=False))
    assert [a.id for a in told(sink)] == [1, 3, 4, 2]
    assert told(sink)[1].value == told(sink)[0].value
    assert told(sink)[2].value is None
    assert [a.id for a in worker._asks] == [5]  # this one waits for what has just been worked out
    worker._answer(Ask(6, URI, f"{Q}:pair", (), unasked=False, ready=True))
    assert told(sink)[-1].value == (50_000, len(QUIET))


class TestFiles:
    """Files that no editor has open."""

    @pytest.fixture(autouse=True)
    def _all_are_big(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "BIG", 1)

    def test_one_that_has_grown_is_scanned_from_where_it_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        worker, sink = ready_worker()
        path = tmp_path / "build.log"
        path.write_text(QUIET)
        worker._answer(Ask(1, path.as_uri(), f"{Q}:pair", (), unasked=False))
        scanned: list[int] = []
        part = scan.part

        def counted(text: Any, start: int, end: int, *rest: Any) -> Any:
            scanned.append(end - start)
            return part(text, start, end, *rest)

        monkeypatch.setattr(scan, "part", counted)
        with path.open("a") as file:
            file.write(FAILURE)
        worker._answer(Ask(2, path.as_uri(), f"{Q}:pair", (), unasked=False))
        assert sum(scanned) == FAILURE.count("\n")
        assert told(sink)[-1].value == ((QUIET + FAILURE).count("\n"), len(QUIET) + len(FAILURE))

    def test_one_cut_short_meanwhile_is_told_and_read_again(self, tmp_path: Path) -> None:
        worker, sink = ready_worker()
        path = tmp_path / "build.log"
        path.write_text(QUIET)
        document = worker.store.at(path.as_uri())
        os.truncate(path, 1000)
        os.utime(path, ns=(0, 0))
        worker.store.files[path.as_uri()] = ((path.stat().st_ino, 0, 1000), document)  # as if it had happened just now
        worker._answer(Ask(1, path.as_uri(), f"{Q}:pair", (), unasked=False))
        assert "changed while it was read" in told(sink)[-1].error
        worker._answer(Ask(2, path.as_uri(), f"{Q}:pair", (), unasked=False))
        assert told(sink)[-1].value[1] == 1000

    def test_of_a_document_the_end_comes_first_with_the_right_lines(self) -> None:
        worker, sink = ready_worker()
        worker._apply(Open(URI, "log", (QUIET + FAILURE).encode()))
        ask = "logsieve.lsp.features.diagnostics:problems"
        worker._answer(Ask(1, URI, ask, (URI, True, 9, "warning"), unasked=False, end=True))
        worker._answer(Ask(2, URI, ask, (URI, True, 9, "warning"), unasked=False))
        end, whole = (answer.value for answer in told(sink))
        assert end
        assert end[0].span == whole[0].span
        assert end[0].message == whole[0].message


@pytest.mark.parametrize("size", [1, 3, 10])
def test_chunks_are_sliced_as_bytes_are(size: int) -> None:
    data = bytes(range(50))
    chunks = Chunks([data[at : at + size] for at in range(0, 50, size)] + [b""])
    assert len(chunks) == 50
    for start in range(-3, 53):
        for end in range(-3, 53):
            assert chunks[start:end] == data[start:end]
