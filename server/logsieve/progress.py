"""The progress bar of long work, on stderr."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from logsieve.terminal import sanitised

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

__all__ = ["Progress"]

PATIENCE = 0.5  # seconds of work after which the bar appears
LABEL = 40  # characters of a path beside it


class Progress:
    """A progress bar on stderr, if that is a terminal and the work lasts. Called with the share done, 0 to 1."""

    def __init__(self, label: str) -> None:
        self._label = sanitised(label if len(label) <= LABEL else "…" + label[-LABEL:])
        self._share = 0.0
        self._bar: RichProgress | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(PATIENCE, self._appear)
        self._timer.daemon = True
        self._done = not sys.stderr.isatty()

    def __enter__(self) -> Self:
        if not self._done:
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def __call__(self, share: float) -> None:
        """Note how much is done; where all is, the bar goes away."""
        self._share = share
        if share >= 1:
            self._end()
        elif self._bar:
            self._bar.update(self._bar.task_ids[0], completed=share)

    def _end(self) -> None:
        with self._lock:
            self._done = True
            bar, self._bar = self._bar, None
        self._timer.cancel()
        if bar:
            bar.stop()

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as RichProgress

        bar = RichProgress(console=Console(stderr=True), transient=True)
        bar.add_task(self._label, total=1.0)
        bar.update(bar.task_ids[0], completed=self._share)
        with self._lock:
            if not self._done:
                bar.start()
                self._bar = bar
