"""Logs on disk that are shown in views: told about, and shown anew when the file has grown or become another one.

The logs of an archive are told about together, as long as there is a view of one of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logsieve.lsp import archives
from logsieve.lsp.features import diagnostics, second, status, symbols
from logsieve.lsp.session import AskFailedError
from logsieve.lsp.views import Reduced, Window, log_of, parse

if TYPE_CHECKING:
    from logsieve.lsp.front import Front

__all__ = ["Watcher"]

log = logging.getLogger("logsieve.watch")

EVERY = 1.0  # seconds between two looks at the files; more where reading a changed one takes more

# What a file is known by. A log that is rotated is another file, one that is truncated is smaller.
Mark = tuple[int, int, int]


class Watcher:
    """One task as long as there are views. Logs that are open documents are the publisher's business."""

    def __init__(self, front: Front) -> None:
        self.views: set[str] = set()  # those the client has read, by its own names
        # By log, with what was last told. The worker does not keep all logs of an archive.
        self.failures: dict[str, list[symbols.Failure]] = {}
        self._front = front
        self._read: dict[str, Mark | None] = {}  # by log: the file as it was when a view of it was last read
        self._told: dict[str, status.Summary | None] = {}  # by log: what was last told
        self._together: dict[str, Sequence[str]] = {}  # by log: those of its archive
        self._early: set[str] = set()  # views that were read before all of their log was known
        self._second: dict[str, asyncio.Task[None]] = {}  # by log: a second opinion that is asked for
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def together(self, logs: Sequence[str], progress: Callable[[float], None]) -> list[str]:
        """Tell how the logs of an archive stand; those that can be read, failed ones first. Raises AskFailedError where
        none can.
        """
        mark = await asyncio.to_thread(_mark, logs[0])
        found: dict[str, status.Summary | None] = {}
        for number, uri in enumerate(logs):
            progress(number / len(logs))
            try:
                found[uri] = await self._publish_status(uri)
            except AskFailedError as error:
                log.warning("%s: %s", uri, error)
                if not found and uri == logs[-1]:
                    raise
        self._read |= dict.fromkeys(found, mark)
        self._told |= found
        self._together |= dict.fromkeys(found, tuple(found))
        return sorted(found, key=lambda uri: status.urgency(found[uri]))

    async def opened(self, view: str) -> None:
        """The client is about to read a view."""
        log = log_of(view)
        mark = await asyncio.to_thread(_mark, log)
        if log not in self._read:
            self._read[log] = mark
        self.views.add(view)
        if self._task is None or self._task.done():
            self._task = self._start(self._watch())

    def read(self, view: str, known: bool) -> None:
        """The client has read a view; `known`: all of its log was known by then. Else it is asked to read it again."""
        if not known:
            self._early.add(view)
        elif isinstance(parse(view), Reduced):
            self._look_again(log_of(view))
        self._publish_window(view)

    def _look_again(self, log: str) -> None:
        """Have what is hard to tell looked at in the background, unless that is under way."""
        task = self._second.get(log)
        if self._front.can("workspace.text_document_content") and (task is None or task.done()):
            self._second[log] = self._start(self._opinion(log))

    async def _opinion(self, log: str) -> None:
        with self._front.failures(f"a second opinion on {log}"):
            await second.ask(self._front, log)

    def changed(self, log: str) -> None:
        """What is under way for a log is about what it was before."""
        if task := self._second.pop(log, None):
            task.cancel()

    def _publish_window(self, view: str) -> None:
        """Tell the diagnostics of a window, which stands for the log."""
        if isinstance(parse(view), Window):
            self._front.reports.stale(view)
            self._start(self._publish(view))

    def closed(self, view: str) -> None:
        """A view is not open any more."""
        if view not in self.views:
            return
        self.views.discard(view)
        self._early.discard(view)
        if isinstance(shown := parse(view), Reduced):
            self._front.session.opened.pop(shown, None)
        self._front.reports.closed(view)
        for log in (self._read.keys() | self._told.keys()) - self.logs().keys():
            self.changed(log)
            self._read.pop(log, None)
            self._told.pop(log, None)
            self._together.pop(log, None)
            self.failures.pop(log, None)
            if not self._front.is_open(log):
                self._front.forget_marks(log)

    def all(self) -> None:
        """Tell everything anew, because the settings have changed."""
        self._told.clear()
        for view in self.views:
            self._publish_window(view)

    def logs(self) -> dict[str, None]:
        """The logs that are shown in views, and the others of their archives; in an order."""
        shown = dict.fromkeys(log_of(view) for view in sorted(self.views))
        return dict.fromkeys(log for one in shown for log in self._together.get(one, (one,)))

    async def _watch(self) -> None:
        while self.views:
            began = time.monotonic()
            for log in self.logs().keys() - self._front.session.documents.keys():
                mark = await asyncio.to_thread(_mark, log)
                changed = mark is not None and mark != self._read.get(log)
                if changed:
                    self.changed(log)
                    self._read[log] = mark
                told = False
                if changed or log not in self._told or self._read_early(log):
                    told = await self._tell(log)
                early = self._read_early(log)  # also what was read while the rest was looked at
                self._early -= early
                if changed or (told and early):
                    self._front.refresh_views(log)
            await asyncio.sleep(max(EVERY, time.monotonic() - began))

    def _read_early(self, log: str) -> set[str]:
        return {view for view in self._early if log_of(view) == log}

    async def _tell(self, log: str) -> bool:
        """Send how a log stands; first, where something was told before, that this is being worked out anew. Whether
        that came to an end.
        """
        if known := self._told.get(log):
            status.send(self._front, log, None, known, busy=True)
        found: status.Summary | None = None
        with self._front.failures(f"analysing {log}"):
            found = await self._publish_status(log)
            await self._front.marks.publish(log)
        if known and not found:
            status.send(self._front, log, None, known, busy=False)
        self._told[log] = found or known
        return found is not None

    async def _publish_status(self, log: str) -> status.Summary | None:
        """Work out how a log stands and send it; who has heard of that finds its failures. Raises AskFailedError."""
        self.failures[log] = await symbols.failures_of(self._front, log, []) or []
        return await status.publish(self._front, log, None)

    async def _publish(self, view: str) -> None:
        with self._front.failures(f"looking at {view}"):
            self._front.reports.show(view, None, await diagnostics.of(self._front, view))
        self._front.reports.settle(view, None)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _mark(uri: str) -> Mark | None:
    """The file as it is now; None where there is none, as in the moment of a rotation."""
    try:
        file, _ = archives.place(uri) or ("", "")
        about = Path(file).stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns, about.st_size
