"""The session and its worker: real processes, killed, cancelled, overtaken."""

from __future__ import annotations

import asyncio
import io
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from logsieve.core.plan import plan_of
from logsieve.lsp import session as session_module
from logsieve.lsp.convert import Client, Span
from logsieve.lsp.messages import Answer, Ask, Configure, Edit, Open, Problems, Progress
from logsieve.lsp.session import PART, AskFailedError, Session, WorkerLostError
from logsieve.lsp.worker import Worker
from logsieve.pipe import read
from logsieve.settings import DEFAULTS
from lsp.client import ANSWER
from lsp.test_buffer import Model

TESTS = Path(__file__).parent.parent
URI = "untitled:log"
Q = "lsp.questions"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and named pipes are those of POSIX")


class Heard:
    """Notes what the session says on its own."""

    def __init__(self) -> None:
        self.deaths: list[bool] = []
        self.died = asyncio.Event()
        self.problems: list[tuple[str, ...]] = []
        self.progress: list[tuple[str, float | None]] = []

    def on_progress(self, uri: str, fraction: float | None, seconds: float = 0) -> None:  # noqa: ARG002 (the protocol's)
        self.progress.append((uri, fraction))

    def on_problems(self, problems: tuple[str, ...]) -> None:
        self.problems.append(problems)

    def on_reload(self) -> None: ...

    def on_death(self, final: bool) -> None:
        self.deaths.append(final)
        self.died.set()


@asynccontextmanager
async def started(client: Client | None = None) -> AsyncIterator[tuple[Session, Heard]]:
    heard = Heard()
    session = Session(heard)
    await session.start()
    session.configure(DEFAULTS, client or Client(), ())
    try:
        async with asyncio.timeout(ANSWER):
            yield session, heard
    finally:
        await session.stop()


@pytest.fixture(autouse=True)
def _worker_finds_the_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))


async def whole(session: Session, uri: str = URI) -> str:
    text: bytes = await session.ask(uri, "logsieve.lsp.buffer:whole")
    return text.decode()


async def release(pipe: Path) -> None:
    """Wait until the worker reads the pipe (opening it for writing returns then), and let it go on."""
    await asyncio.to_thread(pipe.write_text, "go")


async def opened(pipe: Path) -> int:
    """Wait until the worker holds, without letting it go on."""
    return await asyncio.to_thread(os.open, pipe, os.O_WRONLY)


async def test_edits_reach_the_worker_in_every_encoding() -> None:
    pieces = ["a", "\n", "\r\n", "é", "e\u0301", "😀", "\x0c", "\u2028", "word ", "\x1b[31m"]
    choose = random.Random(4)
    for client in (Client("utf-8"), Client("utf-16"), Client("utf-32"), Client.of("Neovim", "utf-8")):
        async with started(client) as (session, _):
            model = Model(client)
            text = "".join(choose.choices(pieces, k=60))
            session.open(URI, "log", 1, text)
            for version in range(2, 120):
                (a, start), (b, end) = sorted(
                    (model.index(text, *place), place)
                    for place in [(choose.randrange(15), choose.randrange(20)) for _ in "ab"]
                )
                new = "".join(choose.choices(pieces, k=choose.randrange(5)))
                text = text[:a] + new + text[b:]
                session.edit(URI, version, [((*start, *end), new)])
            assert await whole(session) == text


async def test_a_change_without_a_range_replaces_the_text() -> None:
    async with started() as (session, _):
        session.open(URI, "log", 1, "old\n")
        session.edit(URI, 2, [((0, 0, 0, 3), "x"), (None, "new\n"), ((0, 0, 0, 0), "brand ")])
        assert await whole(session) == "brand new\n"


async def test_files_that_are_not_open_are_read_as_they_are_now(tmp_path: Path) -> None:
    file = tmp_path / "a b.log"
    file.write_bytes(b"one\n")
    async with started() as (session, _):
        assert await session.ask(file.as_uri(), f"{Q}:pair") == (1, 4)
        file.write_bytes(b"one\ntwo\n")
        assert await session.ask(file.as_uri(), f"{Q}:pair") == (2, 8)
        session.open(file.as_uri(), "log", 1, "unsaved")
        assert await session.ask(file.as_uri(), f"{Q}:pair") == (1, 7)
        session.close(file.as_uri())
        assert await session.ask(file.as_uri(), f"{Q}:pair") == (2, 8)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("file:///no/such/file.log", "No such file"),
        ("file:///", "is not a file"),
        pytest.param(
            "file:///dev/zero", "is not a file", marks=pytest.mark.skipif(sys.platform == "win32", reason="no devices")
        ),
        ("untitled:Untitled-1", "neither an open document nor a file"),
        ("https://example.org/x.log", "neither an open document nor a file"),
    ],
)
async def test_what_cannot_be_read_is_said(uri: str, reason: str) -> None:
    async with started() as (session, _):
        with pytest.raises(AskFailedError, match=reason) as caught:
            await session.ask(uri, f"{Q}:pair")
        assert caught.value.expected


async def test_what_is_packed_is_unpacked_and_what_is_no_text_is_refused(tmp_path: Path) -> None:
    import gzip
    import random

    packed, binary = tmp_path / "build.log.gz", tmp_path / "random.gz"
    packed.write_bytes(gzip.compress(b"one\ntwo\n"))
    binary.write_bytes(gzip.compress(random.Random(1).randbytes(9000)))
    async with started() as (session, _):
        assert await session.ask(packed.as_uri(), f"{Q}:pair") == (2, 8)
        with pytest.raises(AskFailedError, match=r"random\.gz: is binary, not a log") as caught:
            await session.ask(binary.as_uri(), f"{Q}:pair")
        assert caught.value.expected


async def test_a_failing_question_spoils_nothing() -> None:
    async with started() as (session, heard):
        session.open(URI, "log", 1, "a\n")
        with pytest.raises(AskFailedError, match="ZeroDivisionError: as asked") as caught:
            await session.ask(URI, f"{Q}:fail")
        assert not caught.value.expected
        assert await session.ask(URI, f"{Q}:pair") == (1, 2)
        assert heard.deaths == []


async def test_prints_of_the_worker_do_not_reach_the_front() -> None:
    async with started() as (session, _):
        session.open(URI, "log", 1, "a\n")
        assert await session.ask(URI, f"{Q}:shout") == "heard"
        assert await session.ask(URI, f"{Q}:pair") == (1, 2)


async def test_plain_text_is_spared_unless_asked_for() -> None:
    async with started() as (session, _):
        session.open(URI, "plaintext", 1, "Dear Ann,\nthank you.\n")
        assert await session.ask(URI, f"{Q}:pair", unasked=True) is None
        assert await session.ask(URI, f"{Q}:pair") == (2, 21)


# Cancellation


async def test_a_cancelled_question_is_never_put(tmp_path: Path) -> None:
    pipe, trace = tmp_path / "pipe", tmp_path / "trace"
    os.mkfifo(pipe)
    async with started() as (session, _):
        session.open(URI, "log", 1, "a\n")
        busy = asyncio.create_task(session.ask(URI, f"{Q}:hold", str(pipe)))
        writer = await opened(pipe)
        queued = asyncio.create_task(session.ask(URI, f"{Q}:leave", str(trace)))
        await asyncio.sleep(0)  # lets the task send its question
        queued.cancel()
        with pytest.raises(asyncio.CancelledError):
            await queued
        assert len(session._pending) == 1
        await asyncio.sleep(0.5)  # the worker reads what is taken back beside its work, and nothing says when it has
        os.write(writer, b"go")
        os.close(writer)
        assert await busy == "go"
        await session.ask(URI, f"{Q}:pair")
        assert not trace.exists()


def test_a_worker_is_warm_before_it_is_told_anything_and_tells_of_packs_when_it_is(private_folders: Path) -> None:
    folder = private_folders / "config" / "logsieve" / "packs"
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text("name = ")
    sink = io.BytesIO()
    worker = Worker(io.BytesIO(), sink)
    worker.warm_up()
    warm = worker.packs.known()
    known = plan_of.cache_info().misses
    assert sink.getvalue() == b""  # the client has not been greeted yet
    for _ in range(2):
        worker._apply(Configure(DEFAULTS, Client(), ()))
    worker._apply(Open(URI, "log", b"text\n"))
    worker._answer(Ask(1, URI, f"{Q}:pair", (), unasked=False))
    assert worker.packs.known() is warm
    assert plan_of.cache_info().misses == known
    assert [type(message) for message in messages(sink)] == [Problems, Answer]


def test_an_edit_stops_the_analysis_and_the_question_is_put_again() -> None:
    sink = io.BytesIO()
    worker = Worker(io.BytesIO(), sink)
    worker._apply(Configure(DEFAULTS, Client(), ()))
    worker._apply(Open(URI, "log", b"old\n" * 500_000))
    ask = Ask(1, URI, f"{Q}:pair", (), unasked=False)
    worker._changes.append(Edit(URI, ((None, b"new\n"),)))  # has come in while the analysis runs
    worker._answer(ask)
    assert worker._asks == type(worker._asks)([ask])
    worker._apply(worker._changes.popleft())
    worker._answer(worker._asks.popleft())
    assert answers(sink) == [Answer(1, (1, 4))]


def test_an_analysis_goes_on_as_long_as_anybody_waits_for_it() -> None:
    worker = Worker(io.BytesIO(), io.BytesIO())
    first, second, other = (
        Ask(i, uri, "", (), unasked=False) for i, uri in ((1, URI), (2, URI), (3, "untitled:other"))
    )
    worker._asks.extend((second, other))
    assert not worker.obsolete(first)
    worker._cancelled.add(1)
    assert not worker.obsolete(first)
    worker._cancelled.add(2)
    assert worker.obsolete(first)


def test_long_work_is_reported_and_its_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logsieve.lsp.watched.PROGRESS_AFTER", 0.0)
    monkeypatch.setattr("logsieve.lsp.watched.PROGRESS_EVERY", 0.0)
    sink = io.BytesIO()
    worker = Worker(io.BytesIO(), sink)
    worker._apply(Open(URI, "log", b"line\n" * 500_000))
    worker._answer(Ask(1, URI, f"{Q}:pair", (), unasked=False))
    told = [m.fraction for m in answers(sink) if isinstance(m, Progress)]
    assert told[-1] is None
    shares = [f for f in told[:-1] if f is not None]
    assert len(shares) >= 2
    assert shares == sorted(shares)


def test_who_need_not_wait_is_answered_once_though_one_takes_another_analysis() -> None:
    sink = io.BytesIO()
    worker = Worker(io.BytesIO(), sink)
    worker._apply(Open(URI, "log", b"line\n" * 500_000))
    for number, uri in enumerate(("untitled:short", "untitled:other"), 2):
        worker._apply(Open(uri, "log", b"error: x\n"))
        worker._asks.append(Ask(number, uri, f"{Q}:pair", (), unasked=False, ready=True))
    worker._answer(Ask(1, URI, f"{Q}:pair", (), unasked=False))
    assert sorted(m.id for m in answers(sink) if isinstance(m, Answer)) == [1, 2, 3]
    assert not worker._asks


def answers(sink: io.BytesIO) -> list[Any]:
    return [m for m in messages(sink) if isinstance(m, Answer | Progress)]


def messages(sink: io.BytesIO) -> list[Any]:
    sink.seek(0)
    return list(iter(lambda: read(sink), None))


# Death


async def test_a_killed_worker_comes_back_with_every_document_and_the_question(tmp_path: Path) -> None:
    async with started(Client("utf-8")) as (session, heard):
        session.open(URI, "log", 1, "é1\n")
        session.edit(URI, 2, [((0, 2, 0, 3), "2")])
        session.open("untitled:other", "log", 1, "other\n")
        session.open("untitled:long", "log", 1, memoryview(b"\xc3\xa9 \\t\\n" * PART))  # as it stands in JSON
        first = await session.ask(URI, f"{Q}:process")
        assert await session.ask(URI, f"{Q}:die_unless", str(tmp_path / "once")) == "alive"
        assert heard.deaths == [False]
        assert await session.ask(URI, f"{Q}:process") != first
        assert await whole(session) == "é2\n"
        assert await whole(session, "untitled:other") == "other\n"
        assert await whole(session, "untitled:long") == "é \t\n" * PART


async def test_a_worker_killed_while_it_works_is_asked_again(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with started() as (session, heard):
        session.open(URI, "log", 1, "a\n")
        busy = asyncio.create_task(session.ask(URI, f"{Q}:hold", str(pipe)))
        writer = await opened(pipe)
        assert session.process
        session.process.kill()
        await session.process.wait()
        os.close(writer)
        await release(pipe)
        assert await busy == "go"
        assert heard.deaths == [False]


async def test_a_question_that_kills_is_given_up_and_the_others_go_on() -> None:
    async with started() as (session, heard):
        session.open(URI, "log", 1, "a\n")
        with pytest.raises(WorkerLostError):
            await session.ask(URI, f"{Q}:die")
        assert await session.ask(URI, f"{Q}:pair") == (1, 2)
        assert heard.deaths == [False, False]


async def test_after_three_deaths_in_a_row_it_stays_down() -> None:
    async with started() as (session, heard):
        session.open(URI, "log", 1, "a\n")
        for _ in range(2):
            with pytest.raises(WorkerLostError):
                await session.ask(URI, f"{Q}:die")
        assert heard.deaths == [False, False, True]
        with pytest.raises(WorkerLostError):
            await session.ask(URI, f"{Q}:pair")
        session.edit(URI, 2, [(None, "b\n")])  # harmless
        session.close(URI)


async def test_deaths_long_ago_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "WITHIN", 0.0)
    async with started() as (session, heard):
        session.open(URI, "log", 1, "a\n")
        for _ in range(2):
            with pytest.raises(WorkerLostError):
                await session.ask(URI, f"{Q}:die")
        assert heard.deaths == [False] * 4
        assert await session.ask(URI, f"{Q}:pair") == (1, 2)


async def test_the_worker_ends_when_the_front_is_gone() -> None:
    async with started() as (session, _):
        session.open(URI, "log", 1, "a\n")
        await session.ask(URI, f"{Q}:pair")
        assert session.process
        assert session.process.stdin
        assert session._keeper
        session._keeper.cancel()
        session.process.stdin.close()
        assert await session.process.wait() == 0


# Memory of what a new worker must be told


async def test_old_edits_are_folded_into_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "EDITS_KEPT", 10)
    async with started() as (session, heard):
        session.open(URI, "log", 1, "start ")
        document = session.documents[URI]
        document.compact_at = 10
        insert: Span = (0, 0, 0, 0)
        for version in range(2, 13):
            session.edit(URI, version, [(insert, "x")])
        await asyncio.gather(*session._tasks)
        for version in range(13, 24):
            session.edit(URI, version, [(insert, "y")])
        await asyncio.gather(*session._tasks)
        assert len(document.edits) < 22
        assert session.process
        session.process.send_signal(signal.SIGKILL)
        expected = "y" * 11 + "x" * 11 + "start "
        await heard.died.wait()
        assert await whole(session) == expected
