"""Work of the worker that is watched: it stops when nobody waits for it any more, and says how far it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logsieve.lsp.messages import Ask
    from logsieve.lsp.worker import Worker

__all__ = ["StoppedError", "Watch"]

LOOK_EVERY = 0.002  # seconds between two looks at what has come in: each takes some 20 µs
PROGRESS_AFTER = 0.05  # seconds of work before the front is told, which decides whether it shows it
PROGRESS_EVERY = 0.2  # seconds between two reports


class StoppedError(Exception):
    """The work under way is not wanted any more."""


class Watch:
    """The progress callback of one analysis or search: stops it when it is obsolete, and tells how far it is."""

    def __init__(self, worker: Worker, ask: Ask) -> None:
        self._worker = worker
        self._ask = ask
        self._began = time.monotonic()
        self._next = self._began + PROGRESS_AFTER
        self._look = self._began
        self._told = False

    def __call__(self, fraction: float) -> None:
        """Go on, from this share of the work (0 to 1), or raise StoppedError."""
        if (now := time.monotonic()) < self._look:
            return
        self._look = now + LOOK_EVERY
        if self._worker.obsolete(self._ask):
            raise StoppedError
        self._worker.answer_what_need_not_wait(self._ask)
        if now >= self._next:
            self._next = now + PROGRESS_EVERY
            self._told = True
            self._worker.report(self._ask.uri, fraction, now - self._began)

    def close(self) -> None:
        """Say that it is over."""
        if self._told:
            self._worker.report(self._ask.uri, None)
