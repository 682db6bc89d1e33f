"""Tells the client what is found, a moment after the last change; what a newer one made obsolete is dropped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from logsieve.lsp.features import diagnostics, status

if TYPE_CHECKING:
    from logsieve.lsp.front import Front

__all__ = ["Publisher"]

QUIET = 0.15  # seconds after a keystroke: shorter than a pause to read, longer than one between two letters


class Publisher:
    """One task a document, replaced at every change of it."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, status.Summary] = {}
        self._busy: set[str] = set()

    def opened(self, uri: str) -> None:
        """Publish at once."""
        self._schedule(uri, 0)

    def changed(self, uri: str) -> None:
        """Publish at once, or when the user has stopped typing: where an earlier change is still being worked on."""
        task = self._tasks.get(uri)
        self._schedule(uri, 0 if task is None or task.done() else QUIET)

    def closed(self, uri: str) -> None:
        """Take back what was published; nothing is said about documents that are not open."""
        if task := self._tasks.pop(uri, None):
            task.cancel()
        self._known.pop(uri, None)
        self._busy.discard(uri)
        self._front.reports.closed(uri)
        self._front.forget_marks(uri)

    def all(self) -> None:
        """Publish everything anew, because the settings have changed or the worker has."""
        for uri in self._front.session.documents:
            self._schedule(uri, 0)

    def _schedule(self, uri: str, delay: float) -> None:
        if task := self._tasks.pop(uri, None):
            task.cancel()
        self._front.reports.stale(uri)
        self._front.watcher.changed(uri)
        if known := self._known.get(uri):
            self._tell_busy(uri, known)
        self._tasks[uri] = asyncio.create_task(self._publish(uri, delay))

    def _tell_busy(self, uri: str, known: status.Summary) -> None:
        if uri not in self._busy:
            self._busy.add(uri)
            version = self._front.session.documents[uri].version
            status.send(self._front, uri, version, known, busy=True)

    async def _publish(self, uri: str, delay: float) -> None:
        reports, version = self._front.reports, self._front.session.documents[uri].version
        found: status.Summary | None = None
        with self._front.failures(f"analysing {uri}"):
            early = await diagnostics.of_end(self._front, uri, reports.items(uri))
            if early is not None:
                reports.show(uri, version, early)
            await asyncio.sleep(delay)
            reports.show(uri, version, await diagnostics.of(self._front, uri))
            found = await status.publish(self._front, uri, version)
        reports.settle(uri, version)
        self._busy.discard(uri)
        known = self._known.pop(uri, None)
        if found:
            self._known[uri] = found
        elif known:  # a log no more, or nobody left to tell: the client must not wait for more
            status.send(self._front, uri, version, status.Summary(), busy=False)
        self._front.refresh_views(uri)
        self._front.refresh_owed()
        await self._mark(uri)

    def mark(self, uri: str) -> None:
        """Show anew what a log says of the code, which has changed."""
        if (task := self._tasks.get(uri)) and task.done():
            self._tasks[uri] = asyncio.create_task(self._mark(uri))

    async def _mark(self, uri: str) -> None:
        with self._front.failures(f"marking what {uri} says of the code"):
            await self._front.marks.publish(uri)
