"""A real terminal for a command: a pseudo-terminal that answers, records what is shown, and has a size."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Terminal"]


def _controlled() -> None:
    """Make the terminal the one whose keys send signals."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """Runs a command with stdin, stdout and stderr on a pseudo-terminal of `columns`; `shown` is all that it wrote."""

    def __init__(
        self, arguments: list[str | Path], environment: dict[str, str], columns: int = 100, folder: Path | None = None
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.shown = b""
        self.process = subprocess.Popen(
            [str(a) for a in arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            cwd=folder,
            start_new_session=True,
            preexec_fn=_controlled,  # noqa: PLW1509  # nothing else makes it the controlling terminal; it takes no lock
        )
        os.close(slave)

    def until(self, wanted: bytes | Callable[[bytes], bool], timeout: float = 60) -> bytes:
        """Read until `wanted` was shown; what was shown so far. TimeoutError if it does not come."""
        end = time.monotonic() + timeout
        while not (wanted(self.shown) if callable(wanted) else wanted in self.shown):
            if not self._read(end) or time.monotonic() > end:
                raise TimeoutError(f"{wanted!r} did not come, but {self.shown!r}")
        return self.shown

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: bytes) -> None:
        """Press keys."""
        os.write(self._master, text)

    def end(self, timeout: float = 60) -> tuple[int, str]:
        """Wait for the command's end; its exit code and all that was shown."""
        end = time.monotonic() + timeout
        while self._read(end):
            if time.monotonic() > end:
                self.process.kill()
                raise TimeoutError(f"still running: {self.shown!r}")
        os.close(self._master)
        return self.process.wait(timeout), self.shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def _read(self, end: float) -> bool:
        """Whether there may be more to come."""
        if not select.select([self._master], [], [], max(0.0, end - time.monotonic()))[0]:
            return True
        try:
            data = os.read(self._master, 1 << 16)
        except OSError as error:
            if error.errno == errno.EIO:  # how Linux says that the last user of the terminal is gone
                return False
            raise
        self.shown += data
        return bool(data)
