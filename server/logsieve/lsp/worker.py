"""The worker process: owns the texts and their analyses, and answers asks with pure functions of them.

Frames of pickle come in on stdin and go out on stdout. A thread reads them: edits and cancellations overtake the work.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from logsieve.disk import BIG, ChangedError
from logsieve.lsp.buffer import Buffer, cut, unquoted
from logsieve.lsp.convert import Client, Coordinates, path_of
from logsieve.lsp.later import Better, Elsewhere, Later
from logsieve.lsp.memory import give_back
from logsieve.lsp.messages import (
    Answer,
    Ask,
    Cancel,
    Change,
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
    RefusedError,
    Reloaded,
)
from logsieve.lsp.packs import Packs
from logsieve.lsp.sources import Sources
from logsieve.lsp.store import Document, Store
from logsieve.lsp.watched import StoppedError, Watch
from logsieve.pipe import read, write
from logsieve.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis

log = logging.getLogger("logsieve.worker")

SOON = 1 << 19  # bytes of a text that is analysed before one would notice
LOOK_EVERY = 1.0  # seconds between two looks at the files of packs, while there is nothing else to do
END = 1 << 20  # bytes at the end of a long text that are looked at first: what failed is there, as a rule
GROWN = 1 << 15  # the same where a text that was analysed has grown


class Worker:
    """The state of the worker; `run` is its main thread, `receive` its reading one."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._changes: deque[Change] = deque()
        self._asks: deque[Ask] = deque()
        self._cancelled: set[int] = set()
        self._news = threading.Condition()
        self.store = Store()
        self._settings: Settings = DEFAULTS
        self._client = Client()
        self._folders: tuple[str, ...] = ()
        self.packs = Packs()
        self._told: tuple[str, ...] | None = None  # the problems that the front has been told
        self._sources = Sources((), self._resume)
        self._parked: list[Ask] = []  # until the workspace's files are listed
        self._elsewhere = Elsewhere(self._wake)

    def warm_up(self) -> None:
        """Do once what every analysis needs, for the packs as they are by default, while the front greets its client.

        Nothing is told yet: a client that has not been greeted must not hear anything.
        """
        from logsieve.core.analysis import analyse
        from logsieve.text import LogText

        analyse(LogText(b"error: none\n"), self.packs.known())

    def receive(self) -> None:
        """Read frames until the front goes away, and then end the process, whatever it is doing."""
        while (message := read(self._source)) is not None:
            with self._news:
                if isinstance(message, Cancel):
                    self._cancelled.add(message.id)
                elif isinstance(message, Ask):
                    self._asks.append(message)
                else:
                    self._changes.append(message)
                self._news.notify()
        os._exit(0)

    def run(self) -> None:
        """Apply every change that has arrived, then give what was done elsewhere, then answer one ask, for ever."""
        while True:
            with self._news:
                every = None if self._told is None else LOOK_EVERY
                idle = not self._news.wait_for(lambda: self._changes or self._asks or self._elsewhere.waiting, every)
                changes, self._changes = self._changes, deque()
                done = self._elsewhere.done() if self._elsewhere.waiting else None
                ask = None if changes or done or idle else self._asks.popleft()
            self._elsewhere.rest()
            if idle and self.packs.changed():
                self._begin_anew()
                write(self._sink, Reloaded())
            for change in changes:
                self._apply(change)
            if done is not None:
                self._answer_late(*done)
            if ask is not None:
                self._answer(ask)

    def _apply(self, change: Change) -> None:
        if isinstance(change, Configure):
            self._configure(change)
        elif isinstance(change, Open):
            given = memoryview(change.text)
            chunks = unquoted(given) if change.quoted else cut(bytes(given))
            self.store.documents[change.uri] = Document(change.language, Buffer(chunks, self._client))
        elif isinstance(change, More):
            if (document := self.store.documents.get(change.uri)) and document.buffer:
                document.change(document.buffer.add(unquoted(memoryview(change.text))))
        elif isinstance(change, Close):
            self.store.documents.pop(change.uri, None)
            give_back()
        elif isinstance(change, Files):
            self._sources.update(change.paths)
        elif (document := self.store.documents.get(change.uri)) and document.buffer:
            for span, text in change.edits:
                document.change(document.buffer.edit(span, text))

    def _configure(self, change: Configure) -> None:
        mapped = change.settings.source.folders
        if change.roots != self._sources.roots or mapped != self._settings.source.folders:
            self._sources = Sources(change.roots, self._resume, mapped)
            self._resume()
        known = self._settings, self._client, self._folders
        same = self._told is not None and known == (change.settings, change.client, change.folders)
        self.packs.choose(change.settings.packs, change.folders)
        self._settings, self._client, self._folders = change.settings, change.client, change.folders
        changed = self.packs.changed()
        if changed or not same:
            self._begin_anew()
        if changed and same:
            write(self._sink, Reloaded())

    def _begin_anew(self) -> None:
        """Forget what was found, and tell what is wrong with the packs, as far as it has not been told."""
        from logsieve.core.redact import problems

        told = (*(f"pack {p}" for p in self.packs.known().problems), *problems(self._settings.redact))
        if told != self._told:
            self._told = told
            write(self._sink, Problems(told))
        self.store.files.clear()
        for document in self.store.documents.values():
            document.analysis = document.coordinates = None

    def _answer(self, ask: Ask) -> None:
        if self._is_cancelled(ask):
            return
        try:
            document = self.store.at(ask.uri)
            known = self._first(document) if ask.view else None
            if known is None and not (ask.ready and document.analysis is None and document.size > SOON):
                known = self._end(document) if ask.end else self._analysis(ask, document)
            if known is None:
                write(self._sink, Answer(ask.id, None))
                return
            analysis, coordinates = known
            if ask.unasked and not _wanted(ask.uri, document.language, self._settings, analysis):
                write(self._sink, Answer(ask.id, None))
                return
            if ask.code and not self._sources.listed() and not ask.ready and self._park(ask):
                return
            module, _, name = ask.function.partition(":")
            function: Callable[..., Any] = getattr(importlib.import_module(module), name)
            if ask.view:
                coordinates = ask.view.view(analysis, coordinates)
            given = (self._sources.code, *ask.arguments) if ask.code else ask.arguments
            if ask.watched:
                with closing(Watch(self, ask)) as watch:
                    self._give(ask, function(analysis, coordinates, *given, watch))
            else:
                self._give(ask, function(analysis, coordinates, *given))
        except StoppedError:
            if not self._is_cancelled(ask):  # an edit came in between: the same question about the newer text
                with self._news:
                    self._asks.appendleft(ask)
        except RefusedError as error:
            write(self._sink, Failed(ask.id, str(error), expected=True))
        except ChangedError:
            self.store.files.pop(ask.uri, None)
            reason = f"the file changed while it was read: {path_of(ask.uri)}"
            write(self._sink, Failed(ask.id, reason, expected=True))
        except Exception as error:
            log.exception("%s failed for %s", ask.function, ask.uri)
            write(self._sink, Failed(ask.id, f"{type(error).__name__}: {error}"))

    def _give(self, ask: Ask, value: Any) -> None:
        """Answer an ask with a value, or see that it comes."""
        if isinstance(value, Later):
            if value.share is not None:
                self.report(ask.uri, value.share)
            self._elsewhere.put(ask, value)
        else:
            write(self._sink, Answer(ask.id, value))

    def _answer_late(self, ask: Ask, later: Later, future: Future[Any]) -> None:
        if self._is_cancelled(ask):
            return
        try:
            value = later.then(future)
            self._give(ask, self._bettered(ask.uri, value) if isinstance(value, Better) else value)
        except Exception as error:
            log.exception("%s failed for %s", ask.function, ask.uri)
            write(self._sink, Failed(ask.id, f"{type(error).__name__}: {error}"))

    def _bettered(self, uri: str, better: Better) -> Any:
        document = self.store.documents.get(uri) or self.store.known(uri)
        if document is None or document.analysis is not better.of:
            return None
        document.analysis = better.analysis
        return better.value

    def _park(self, ask: Ask) -> bool:
        """Put an ask aside until the workspace's files are listed; False where they have been by now."""
        with self._news:
            if self._sources.listed():
                return False
            self._parked.append(ask)
            return True

    def _wake(self) -> None:
        with self._news:
            self._news.notify()

    def _resume(self) -> None:
        with self._news:
            self._asks.extend(self._parked)
            self._parked.clear()
            self._news.notify()

    def _is_cancelled(self, ask: Ask) -> bool:
        if ask.id not in self._cancelled:
            return False
        self._cancelled.discard(ask.id)
        write(self._sink, Dropped(ask.id))
        return True

    def _end(self, document: Document) -> tuple[Analysis, Coordinates] | None:
        """The analysis of the last lines of a text so long that the whole would keep the user waiting; of one that has
        been analysed before only where it has grown.
        """
        if document.analysis is not None or document.buffer is None:
            return None
        size = document.size
        # Of a text that was analysed before only what is new is scanned: much of it first would take as long as all.
        from_byte, most = (
            (min(size - GROWN, document.unchanged - 1), size / 8) if document.earlier_at else (size - END, size / 2)
        )
        if size - from_byte > most:
            return None
        from logsieve.core.analysis import analyse
        from logsieve.text import LogText

        end, before = document.buffer.end(from_byte)
        text = LogText(end)
        return analyse(text, self.packs.known(), self._settings), Coordinates(text, self._client, before)

    def _first(self, document: Document) -> tuple[Analysis, Coordinates] | None:
        """What a view shows of a long file until all of it has been read: its end, where that tells how the run ended
        and, if it failed, of what.

        Where it does not, what failed may be anywhere, and to show something else first would help nobody.
        """
        if document.looked or document.buffer or document.analysis or document.earlier or not self._client.refreshes:
            return document.first
        document.looked = True
        text = document.text()
        size = len(text.data)
        line = int(text.starts.searchsorted(size - END))
        if size < BIG or line >= len(text) - 1:
            return None
        from logsieve.core.analysis import analyse
        from logsieve.model import Level, Verdict

        found = analyse(text, self.packs.known(), self._settings, since=line)
        passed = found.verdict is Verdict.PASSED
        if found.ended >= 0 and found.findings and (passed or found.findings[0].severity is Level.ERROR):
            document.first = found, Coordinates(text, self._client, packed=document.packed)
        return document.first

    def _analysis(self, ask: Ask, document: Document) -> tuple[Analysis, Coordinates]:
        if document.analysis is None or document.coordinates is None:
            from logsieve import parallel
            from logsieve.core.analysis import analyse

            with closing(Watch(self, ask)) as watch:
                look = partial(watch, 0)
                text = document.text(look)
                at = Coordinates(text, self._client, packed=document.packed)
                at.prepare(look, document.buffer.count() if document.buffer else None)
                look()
                found = analyse(text, self.packs.known(), self._settings, watch, document.earlier, parallel.scan)
            document.analysis, document.coordinates = found, at
            document.earlier = document.earlier_at = document.first = None
            self.store.forget(document)
        return document.analysis, document.coordinates

    def obsolete(self, ask: Ask) -> bool:
        """Whether the analysis under way for an ask can stop: its text has changed, or nobody waits for it any more."""
        with self._news:
            if any(isinstance(c, Configure) or _uri(c) == ask.uri for c in self._changes):
                return True
            waiting = {a.id for a in self._asks if a.uri == ask.uri} | {ask.id}
        return waiting <= self._cancelled

    def answer_what_need_not_wait(self, during: Ask) -> None:
        """In the middle of an analysis answer the asks about what is known already, and those that never wait."""
        with self._news:
            if any(isinstance(c, Configure) for c in self._changes):
                return
            changed = set(map(_uri, self._changes))
            waiting = [a for a in self._asks if a.uri not in changed]
        for ask in waiting:
            if self._knows(ask.uri) or self._passes(ask, during):
                with self._news:
                    if ask not in self._asks:  # answered in the middle of the analysis that one before it took
                        continue
                    self._asks.remove(ask)
                self._answer(ask)

    def _passes(self, ask: Ask, during: Ask) -> bool:
        """Whether an ask is not for waiting; about a short text under analysis it may. Nor is one about a view of which
        a first look at its file is enough.
        """
        document = self.store.documents.get(ask.uri)
        if ask.view and document is None:
            try:
                return self._first(self.store.at(ask.uri)) is not None
            except (RefusedError, OSError):
                return False  # it is told when it is answered
        return ask.ready and document is not None and (ask.uri != during.uri or document.size > SOON)

    def _knows(self, uri: str) -> bool:
        known = self.store.documents.get(uri) or self.store.known(uri)
        return known is not None and known.analysis is not None

    def report(self, uri: str, fraction: float | None, seconds: float = 0) -> None:
        """Tell the front how far the analysis of a document is; None when it has ended."""
        write(self._sink, Progress(uri, fraction, seconds))


def _uri(change: Change) -> str:
    """The document that changes; empty where it is none."""
    return change.uri if isinstance(change, Open | More | Edit | Close) else ""


def _wanted(uri: str, language: str | None, settings: Settings, analysis: Analysis) -> bool:
    """Whether LogSieve speaks about a document on its own: always about logs, about other text as the user has set."""
    if language in ("log", None) or settings.plaintext == "always":
        return True
    quotes = uri.endswith(".toml")  # a pack, with logs as samples
    return settings.plaintext == "recognised" and analysis.recognised and not quotes


def main() -> None:
    """Serve the front over stdin and stdout, which from here on nothing else can write to."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a device, and its descriptor is what is wanted)
        os.dup2(nothing.fileno(), 0)
    worker = Worker(source, sink)
    threading.Thread(target=worker.receive, name="receive", daemon=True).start()
    try:
        worker.warm_up()
        worker.run()
    except (BrokenPipeError, KeyboardInterrupt, pickle.PicklingError):
        os._exit(0)  # the front is gone; the reading thread may still hold stdin


if __name__ == "__main__":
    main()
