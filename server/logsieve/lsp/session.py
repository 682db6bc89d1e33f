"""The front's side of the worker: sends texts and questions, notices its death, starts it again and tells it anew."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pickle import PickleBuffer
from typing import Any, Protocol

from logsieve.lsp.buffer import encoded, pieces
from logsieve.lsp.convert import Client, Span
from logsieve.lsp.messages import (
    Answer,
    Ask,
    Cancel,
    Close,
    Configure,
    Dropped,
    Edit,
    Failed,
    Files,
    More,
    Open,
    Problems,
    Progress,
    Reloaded,
)
from logsieve.lsp.views import Reduced, Runs, parse
from logsieve.pipe import HEADER, SIZE, frame, made
from logsieve.settings import DEFAULTS, Settings

__all__ = ["AskFailedError", "Document", "Listener", "Session", "WorkerLostError"]

log = logging.getLogger("logsieve.session")

DEATHS = 3  # so many deaths ...
WITHIN = 60.0  # ... in so many seconds: a restart would not help
TRIES = 2  # times a question is put to a worker; one that has killed two is not put to a third
READ_AHEAD = 1 << 20  # bytes of an answer read at a time
PART = 1 << 20  # bytes of a long text that are sent at a time
EDITS_KEPT = 1000  # edits remembered beside a document's text before the worker is asked for the text as it is now


async def _read(source: asyncio.StreamReader) -> Any:
    size, count = HEADER.unpack(await source.readexactly(HEADER.size))
    parts = [await source.readexactly(*SIZE.unpack(await source.readexactly(SIZE.size))) for _ in range(count)]
    return made(await source.readexactly(size), parts)


class WorkerLostError(Exception):
    """The worker died over this question, or is not started any more."""


class AskFailedError(Exception):
    """The worker could not answer; the message is for the user. `expected` says that it is no fault of ours."""

    def __init__(self, message: str, expected: bool) -> None:
        super().__init__(message)
        self.expected = expected


class Listener(Protocol):
    """Who is told what the worker says on its own."""

    def on_progress(self, uri: str, fraction: float | None, seconds: float = 0) -> None:
        """An analysis is so far after these seconds; None when it has ended."""

    def on_problems(self, problems: tuple[str, ...]) -> None:
        """What is wrong with packs and with patterns of the settings, if anything."""

    def on_reload(self) -> None:
        """Files of packs have changed, and with them what is found."""

    def on_death(self, final: bool) -> None:
        """The worker died; another has been started, unless this was the `final` one."""


@dataclass(slots=True)
class Document:
    """An open document: what it takes to tell a new worker its text, without ever looking at it here. As a
    `memoryview` it is as it came, quoted in JSON.
    """

    uri: str
    language: str
    version: int
    text: bytes | memoryview
    edits: list[tuple[Span | None, bytes]] = field(default_factory=list)
    compact_at: int = EDITS_KEPT


@dataclass(slots=True)
class _Pending:
    ask: Ask
    future: asyncio.Future[Any]
    tries: int = 1


class Session:
    """One worker, kept alive, and the documents it must know. All methods belong to one event loop."""

    def __init__(self, listener: Listener | None = None) -> None:
        self.listener = listener
        self.documents: dict[str, Document] = {}
        self.opened: dict[Reduced, Runs] = {}  # what reduced logs show although it was left out
        self.process: asyncio.subprocess.Process | None = None
        self._configuration = Configure(DEFAULTS, Client(), ())
        self._configured = False
        self._pending: dict[int, _Pending] = {}
        self._ids = count(1)
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._keeper: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = False
        self.heard = asyncio.Event()  # something, from a worker that is ready

    async def start(self) -> None:
        """Start the worker; it warms up while the caller goes on."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the worker and whatever waits for it."""
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        for pending in self._pending.values():
            pending.future.cancel()
        if self.process and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def configure(
        self, settings: Settings, client: Client, folders: tuple[str, ...], roots: tuple[str, ...] = ()
    ) -> None:
        """Tell the worker how to analyse and how to count, and where the code is; what it knew is worked out anew."""
        self._configuration = Configure(settings, client, folders, roots)
        self._configured = True
        self._send(self._configuration)

    def open(self, uri: str, language: str, version: int, text: str | memoryview) -> None:
        """A document is open from now on; its text is a string, or what stands for one in JSON."""
        known = text if isinstance(text, memoryview) else encoded(text)
        document = self.documents[uri] = Document(uri, language, version, known)
        self._tell(document)

    def edit(self, uri: str, version: int, edits: list[tuple[Span | None, str]]) -> None:
        """An open document has changed; edits apply in order, one without a span replaces the whole text."""
        document = self.documents[uri]
        document.version = version
        made = tuple((span, encoded(text)) for span, text in edits)
        document.edits += made
        if made and made[-1][0] is None:
            document.text, document.edits = made[-1][1], []
        self._send(Edit(uri, made))
        if len(document.edits) >= document.compact_at:
            document.compact_at = len(document.edits) + EDITS_KEPT
            task = asyncio.create_task(self._compact(document))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self, uri: str) -> None:
        """A document is not open any more."""
        if self.documents.pop(uri, None):
            self._send(Close(uri))

    def files(self, paths: tuple[str, ...] = ()) -> None:
        """Files of the workspace were made or removed, these or who knows which."""
        self._send(Files(paths))

    async def ask(
        self,
        uri: str,
        function: str,
        *arguments: Any,
        unasked: bool = False,
        end: bool = False,
        ready: bool = False,
        code: bool = False,
        watched: bool = False,
    ) -> Any:
        """The value of `function` ("module:name" of a function of (Analysis, Coordinates, *arguments)) for a document.

        The document is an open one, a file on disk or a view of one of them; where it is no log, the answer to an
        `unasked` question is None.
        `end` asks about the end of a long text that has not been analysed yet; of any other the answer is None.
        `ready` is for what must not wait: where a long text is still being analysed the answer is None.
        `code` is for functions of (Analysis, Coordinates, Codebase, *arguments).
        `watched` asks a function that takes a long time: it is told behind the arguments how to report its progress.
        Raises AskFailedError where the worker could not answer, WorkerLostError where there is no worker left to.
        Cancelling the caller tells the worker to stop.
        """
        if self._lost:
            raise WorkerLostError("the analysis process is not running")
        view = parse(uri)
        if isinstance(view, Reduced):
            view = replace(view, opened=self.opened.get(view, ()))
        log = view.log if view else uri
        ask = Ask(next(self._ids), log, function, arguments, unasked, end, ready, view, code, watched)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[ask.id] = _Pending(ask, future)
        self._send(ask)
        try:
            return await future
        except asyncio.CancelledError:
            self._send(Cancel(ask.id))
            raise
        finally:
            self._pending.pop(ask.id, None)

    async def _compact(self, document: Document) -> None:
        """Replace a document's text and edits by the text as the worker has it, unless newer edits come in between."""
        version = document.version
        with suppress(AskFailedError, WorkerLostError):
            text = await self.ask(document.uri, "logsieve.lsp.buffer:whole")
            if document.version == version:
                document.text, document.edits, document.compact_at = text, [], EDITS_KEPT

    async def _spawn(self) -> None:
        # -P: nothing in the folder the editor was started in can stand in for a module.
        command = (sys.executable, "-P", "-m", "logsieve.lsp.worker")
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=READ_AHEAD)

    def _send(self, message: object) -> None:
        if self.process and self.process.stdin and not self.process.stdin.is_closing():
            for piece in frame(message):
                self.process.stdin.write(piece)

    def _tell(self, document: Document) -> None:
        text = document.text
        quoted = isinstance(text, memoryview)
        first, *more = pieces(text, PART) if isinstance(text, memoryview) else (text,)
        self._send(Open(document.uri, document.language, PickleBuffer(first), quoted))
        for piece in more:
            self._send(More(document.uri, PickleBuffer(piece)))

    async def _keep(self) -> None:
        """Hear the worker; when it dies, start another and tell it everything, until that has failed too often."""
        while True:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._hear()
            assert self.process is not None
            code = await self.process.wait()
            now = time.monotonic()
            self._deaths.append(now)
            self._lost = len(self._deaths) == DEATHS and now - self._deaths[0] < WITHIN
            log.error("the analysis process ended with code %s%s", code, "" if self._lost else "; starting another")
            if self._lost:
                self._give_up(list(self._pending.values()))
            else:
                await self._spawn()
                self._repeat()
            if self.listener:
                self.listener.on_death(self._lost)
            if self._lost:
                return

    async def _hear(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        while True:
            message = await _read(self.process.stdout)
            self.heard.set()
            if isinstance(message, Answer | Failed | Dropped):
                self._settle(message)
            elif self.listener and isinstance(message, Progress):
                self.listener.on_progress(message.uri, message.fraction, message.seconds)
            elif self.listener and isinstance(message, Problems):
                self.listener.on_problems(message.problems)
            elif self.listener and isinstance(message, Reloaded):
                self.listener.on_reload()

    def _settle(self, message: Answer | Failed | Dropped) -> None:
        pending = self._pending.get(message.id)
        if pending is None or pending.future.done():
            return
        if isinstance(message, Answer):
            pending.future.set_result(message.value)
        elif isinstance(message, Failed):
            pending.future.set_exception(AskFailedError(message.error, message.expected))

    def _repeat(self) -> None:
        if self._configured:
            self._send(self._configuration)
        for document in self.documents.values():
            self._tell(document)
            if document.edits:
                self._send(Edit(document.uri, tuple(document.edits)))
        worn = [p for p in self._pending.values() if p.tries >= TRIES]
        self._give_up(worn)
        for pending in self._pending.values():
            if pending.tries < TRIES:
                pending.tries += 1
                self._send(pending.ask)

    def _give_up(self, pending: list[_Pending]) -> None:
        for each in pending:
            if not each.future.done():
                each.future.set_exception(WorkerLostError("the analysis process died over this"))
