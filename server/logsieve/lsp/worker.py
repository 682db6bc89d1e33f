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
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from logsieve.lsp.buffer import Buffer
from logsieve.lsp.convert import Client, Coordinates, path_of
from logsieve.lsp.messages import (
    Answer,
    Ask,
    Cancel,
    Change,
    Close,
    Configure,
    Dropped,
    Failed,
    Open,
    Problems,
    Progress,
    RefusedError,
    read,
    write,
)
from logsieve.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.packs import PackSet
    from logsieve.text import LogText

log = logging.getLogger("logsieve.worker")

FILES_KEPT = 4  # analyses of files that are not open: a reduced view and its original, and a little more
PROGRESS_AFTER = 0.5  # seconds of work before the user is told
PROGRESS_EVERY = 0.2  # seconds between two reports


class StoppedError(Exception):
    """The analysis under way is not wanted any more."""


@dataclass(slots=True)
class Document:
    """A text and what has been found in it so far; `analysis` is computed when first asked for."""

    language: str | None  # None for a file that is not open
    text: Buffer | LogText
    analysis: Analysis | None = None
    coordinates: Coordinates | None = None


END = 1 << 20  # bytes at the end of a long text that are looked at first: what failed is there, as a rule


class Worker:
    """The state of the worker; `run` is its main thread, `receive` its reading one."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._changes: deque[Change] = deque()
        self._asks: deque[Ask] = deque()
        self._cancelled: set[int] = set()
        self._news = threading.Condition()
        self._documents: dict[str, Document] = {}
        self._files: OrderedDict[tuple[str, int, int], Document] = OrderedDict()
        self._settings: Settings = DEFAULTS
        self._client = Client()
        self._folders: tuple[str, ...] = ()
        self._packs: PackSet | None = None
        self._told: PackSet | None = None  # the packs whose problems the front has been told

    def warm_up(self) -> None:
        """Do once what every analysis needs, for the packs as they are by default, while the front greets its client.

        Nothing is told yet: a client that has not been greeted must not hear anything.
        """
        from logsieve.core.analysis import analyse
        from logsieve.text import LogText

        analyse(LogText(b"error: none\n"), self._known_packs())

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
        """Apply every change that has arrived, then answer one ask, for ever."""
        while True:
            with self._news:
                while not self._changes and not self._asks:
                    self._news.wait()
                changes, self._changes = self._changes, deque()
                ask = None if changes else self._asks.popleft()
            for change in changes:
                self._apply(change)
            if ask is not None:
                self._answer(ask)

    def _apply(self, change: Change) -> None:
        if isinstance(change, Configure):
            self._configure(change)
        elif isinstance(change, Open):
            self._documents[change.uri] = Document(change.language, Buffer(change.text, self._client))
        elif isinstance(change, Close):
            self._documents.pop(change.uri, None)
        elif (document := self._documents.get(change.uri)) and isinstance(document.text, Buffer):
            document.analysis = document.coordinates = None
            for span, text in change.edits:
                if span is None:
                    document.text = Buffer(text, self._client)
                else:
                    document.text.replace(span[:2], span[2:], text)

    def _configure(self, change: Configure) -> None:
        same_packs = change.settings.packs == self._settings.packs and change.folders == self._folders
        self._settings, self._client, self._folders = change.settings, change.client, change.folders
        if not same_packs:
            self._packs = None
        if (packs := self._known_packs()) is not self._told:
            self._told = packs
            write(self._sink, Problems(tuple(str(p) for p in packs.problems)))
        self._files.clear()
        for document in self._documents.values():
            document.analysis = document.coordinates = None

    def _known_packs(self) -> PackSet:
        if self._packs is None:
            from logsieve import packs

            chosen = (*self._settings.packs.folders, *self._folders)
            folders = [packs.user_folder(), *(Path(folder).expanduser() for folder in chosen)]
            self._packs = packs.load(folders, self._settings.packs.disabled)
        return self._packs

    def _answer(self, ask: Ask) -> None:
        if self._is_cancelled(ask):
            return
        try:
            document = self._document(ask.uri)
            known = self._end(document) if ask.end else self._analysis(ask, document)
            if known is None:
                write(self._sink, Answer(ask.id, None))
                return
            analysis, coordinates = known
            if ask.unasked and not _wanted(document.language, self._settings, analysis):
                write(self._sink, Answer(ask.id, None))
                return
            module, _, name = ask.function.partition(":")
            function: Callable[..., Any] = getattr(importlib.import_module(module), name)
            write(self._sink, Answer(ask.id, function(analysis, coordinates, *ask.arguments)))
        except StoppedError:
            if not self._is_cancelled(ask):  # an edit came in between: the same question about the newer text
                with self._news:
                    self._asks.appendleft(ask)
        except RefusedError as error:
            write(self._sink, Failed(ask.id, str(error), expected=True))
        except Exception as error:
            log.exception("%s failed for %s", ask.function, ask.uri)
            write(self._sink, Failed(ask.id, f"{type(error).__name__}: {error}"))

    def _is_cancelled(self, ask: Ask) -> bool:
        if ask.id not in self._cancelled:
            return False
        self._cancelled.discard(ask.id)
        write(self._sink, Dropped(ask.id))
        return True

    def _document(self, uri: str) -> Document:
        """The open document, or the file on disk as it is now. Raises RefusedError where there is neither."""
        if uri in self._documents:
            return self._documents[uri]
        path = path_of(uri)
        if path is None:
            raise RefusedError(f"neither an open document nor a file: {uri}")
        try:
            about = Path(path).stat()
            key = (uri, about.st_mtime_ns, about.st_size)
            data = b"" if key in self._files else Path(path).read_bytes()
        except OSError as error:
            raise RefusedError(f"cannot read {path}: {error.strerror or error}") from error
        if key not in self._files:
            from logsieve.text import LogText

            self._files[key] = Document(None, LogText.from_bytes(data))
            while len(self._files) > FILES_KEPT:
                self._files.popitem(last=False)
        self._files.move_to_end(key)
        return self._files[key]

    def _end(self, document: Document) -> tuple[Analysis, Coordinates] | None:
        """The analysis of the last lines of a text so long that the whole would keep the user waiting."""
        if document.analysis is not None or not isinstance(document.text, Buffer):
            return None
        data = document.text.data()
        cut = data.rfind(b"\n", 0, -END) + 1
        if cut < len(data) - cut:
            return None
        from logsieve.core.analysis import analyse
        from logsieve.text import LogText

        text = LogText(data[cut:])
        at = Coordinates(text, self._client, before=self._client.count_ends(data[:cut]))
        return analyse(text, self._known_packs(), self._settings), at

    def _analysis(self, ask: Ask, document: Document) -> tuple[Analysis, Coordinates]:
        if document.analysis is None or document.coordinates is None:
            from logsieve.core.analysis import analyse
            from logsieve.text import LogText

            text = document.text if isinstance(document.text, LogText) else LogText(document.text.data())
            watch = _Watch(self, ask)
            try:
                document.analysis = analyse(text, self._known_packs(), self._settings, watch)
            finally:
                watch.end()
            document.coordinates = Coordinates(text, self._client)
        return document.analysis, document.coordinates

    def obsolete(self, ask: Ask) -> bool:
        """Whether the analysis under way for an ask can stop: its text has changed, or nobody waits for it any more."""
        with self._news:
            if any(isinstance(c, Configure) or c.uri == ask.uri for c in self._changes):
                return True
            waiting = {a.id for a in self._asks if a.uri == ask.uri} | {ask.id}
        return waiting <= self._cancelled

    def report(self, uri: str, fraction: float | None) -> None:
        """Tell the front how far the analysis of a document is; None when it has ended."""
        write(self._sink, Progress(uri, fraction))


class _Watch:
    """The progress callback of one analysis: stops it when it is obsolete, and tells of it when it takes long."""

    def __init__(self, worker: Worker, ask: Ask) -> None:
        self._worker = worker
        self._ask = ask
        self._next = time.monotonic() + PROGRESS_AFTER
        self._told = False

    def __call__(self, fraction: float) -> None:
        if self._worker.obsolete(self._ask):
            raise StoppedError
        if (now := time.monotonic()) >= self._next:
            self._next = now + PROGRESS_EVERY
            self._told = True
            self._worker.report(self._ask.uri, fraction)

    def end(self) -> None:
        if self._told:
            self._worker.report(self._ask.uri, None)


def _wanted(language: str | None, settings: Settings, analysis: Analysis) -> bool:
    """Whether LogSieve speaks about a document on its own: always about logs, about other text as the user has set."""
    if language in ("log", None) or settings.plaintext == "always":
        return True
    return settings.plaintext == "recognised" and analysis.recognised


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
