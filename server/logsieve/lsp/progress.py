"""What the user is told while a log is read, and while there is no worker yet to read one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types

if TYPE_CHECKING:
    from logsieve.lsp.front import Front

__all__ = ["Progress"]

SHOWN_AFTER = 0.5  # seconds of work before a window about it opens
READY = 2.0  # seconds that the worker takes to be ready, but for once: the first time after an installation
PREPARING = "preparing its patterns, once after an installation"


class Progress:
    """By log the token under which the client is told: a request's own, or one for a window that the server opens."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._shown: dict[str, str] = {}
        self._waiting: dict[str, str] = {}

    def end(self) -> None:
        """Nothing is read any more."""
        for uri in list(self._shown):
            self.told(uri, None, 0)

    def told(self, uri: str, fraction: float | None, seconds: float) -> None:
        """Work under way: told where a request waits for it; if it takes long, also by clients that announced they can
        show it.
        """
        if waiting := self._waiting.get(uri):
            report = types.WorkDoneProgressReport(percentage=100 if fraction is None else int(100 * fraction))
            self._front.work_done_progress.report(waiting, report)
            return
        if not self._front.can("window.work_done_progress"):
            return
        token = self._shown.get(uri)
        if fraction is None:
            if token and self._shown.pop(uri, None) in self._front.work_done_progress.tokens:
                self._front.work_done_progress.end(token, types.WorkDoneProgressEnd())
        elif token is None:
            if seconds >= SHOWN_AFTER:
                self._shown[uri] = token = str(uuid4())
                self._front.work_done_progress.create(token, lambda _: self._begin(uri, token))
        elif token in self._front.work_done_progress.tokens:
            report = types.WorkDoneProgressReport(percentage=int(100 * fraction))
            self._front.work_done_progress.report(token, report)

    async def preparing(self, ready: asyncio.Event) -> None:
        """Tell that there is no worker yet, where that takes long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY):
                await ready.wait()
        if not ready.is_set():
            self.told("", 0, SHOWN_AFTER)
            await ready.wait()
            self.told("", None, 0)

    @contextmanager
    def waiting(self, uri: str, token: str | None) -> Iterator[None]:
        """While a request waits for the analysis of a log, tell it under its own token, if it has one."""
        if token is None:
            yield
            return
        self._waiting[uri] = token
        self._front.work_done_progress.begin(token, types.WorkDoneProgressBegin("LogSieve", percentage=0))
        try:
            yield
        finally:
            if self._waiting.get(uri) == token:
                del self._waiting[uri]
            self._front.work_done_progress.end(token, types.WorkDoneProgressEnd())
            self._front.work_done_progress.tokens.pop(token, None)

    def _begin(self, uri: str, token: str) -> None:
        about, share = (f"reading {uri.rpartition('/')[2]}", 0) if uri else (PREPARING, None)
        begin = types.WorkDoneProgressBegin("LogSieve", message=about, percentage=share, cancellable=False)
        self._front.work_done_progress.begin(token, begin)
        if self._shown.get(uri) != token:  # over before the client had its window ready
            self._front.work_done_progress.end(token, types.WorkDoneProgressEnd())
