"""The workspace's code in the worker: its files are listed by a thread, so that nobody waits for that who need not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logsieve.codebase import Codebase

__all__ = ["Sources"]

log = logging.getLogger("logsieve.sources")


class Sources:
    """The code of some folders, looked at when first asked for. `done` is called, by the thread, when it is there."""

    def __init__(self, roots: tuple[str, ...], done: Callable[[], None], mapped: Sequence[str] = ()) -> None:
        self.roots = roots
        self._done = done
        self._mapped = mapped
        self._code: Codebase | None = None
        self._listed = False
        self._thread: threading.Thread | None = None

    @property
    def code(self) -> Codebase:
        """The code; without files until they are listed."""
        if self._code is None:
            from logsieve.codebase import Codebase

            self._code = Codebase(self.roots, [pair for text in self._mapped if (pair := _pair(text))])
        return self._code

    def listed(self) -> bool:
        """Whether the files are known; if nobody has looked yet, that begins."""
        if not self._listed and self._thread is None:
            self._list()
        return self._listed

    def update(self, paths: Sequence[str]) -> None:
        """Files were made or removed, these or, where none are given, who knows which."""
        if self._listed and not (paths and self.code.update(paths)) and not (self._thread and self._thread.is_alive()):
            self._list()

    def _list(self) -> None:
        code = self.code  # imported here: not by two threads

        def work() -> None:
            try:
                code.index()
            except Exception:
                log.exception("listing the files of %s", ", ".join(self.roots))
            self._listed = True
            self._done()

        self._thread = threading.Thread(target=work, name="files", daemon=True)
        self._thread.start()


def _pair(text: str) -> tuple[str, str] | None:
    """The two folders of "there=here"."""
    old, equals, new = text.rpartition("=")
    return (old.strip(), new.strip() or ".") if equals and old.strip() else None
