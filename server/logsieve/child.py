"""Runs a command as if it were run by itself, and keeps what it prints: its output is shown as it comes, and stdin,
signals and the terminal are the command's.

Where stdout is a terminal, the command prints to a pseudo-terminal, so that it keeps its colours; elsewhere to a pipe.
What it prints to stderr comes with the rest, in order, as with `2>&1`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, NamedTuple, Self

__all__ = ["Ended", "run", "spool", "why_not"]

CANNOT_RUN, NOT_FOUND, SIGNALLED = 126, 127, 128  # exit codes as shells have them
STEP = 1 << 16  # bytes read at a time
LOOK = 0.2  # seconds between two looks at whether a command that prints nothing has ended
REST = 1 << 20  # bytes read after its end, more than pipes hold, where a process that it left behind prints on
STALE = 86_400  # seconds after which the log of a run that was killed is removed

_OF_KEYS = {"SIGINT", "SIGQUIT"}  # what Ctrl-C and Ctrl-\ send
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Ended(NamedTuple):
    """How a command ended: its exit code as shells count, in words, and why the log is not whole, "" where it is."""

    code: int
    how: str
    problem: str


def run(command: Sequence[str], log: IO[bytes]) -> Ended:
    """Run a command to its end; what it prints goes to stdout and to `log`. Raises OSError where it does not start."""
    sys.stdout.flush()
    with _Signals() as signals:
        with _output() as (reading, writing):
            process = subprocess.Popen(command, stdout=writing, stderr=writing)
            writing.close()
            signals.to(process)
            problem = _shown(process, reading.fileno(), log)
        code = process.wait()
    if code >= 0:
        return Ended(code, f"the command exited with {code}", problem)
    known = {number.value: number.name for number in signal.Signals}
    return Ended(SIGNALLED - code, f"the command was ended by {known.get(-code, f'signal {-code}')}", problem)


def why_not(command: str, error: OSError) -> tuple[int, str]:
    """Why a command did not start: the exit code that shells have for it, and the reason."""
    if isinstance(error, FileNotFoundError) and not shutil.which(command):
        return NOT_FOUND, "command not found"
    if isinstance(error, FileNotFoundError):
        return CANNOT_RUN, "cannot be run: the interpreter that its first line names is not there"
    if error.errno == errno.ENOEXEC:
        return CANNOT_RUN, "cannot be run: it is no program, nor a script whose first line names its interpreter"
    return CANNOT_RUN, f"cannot be run: {(error.strerror or str(error)).lower()}"


@contextlib.contextmanager
def spool() -> Iterator[IO[bytes]]:
    """A file for the time that it takes, in the user's cache folder: outputs may be larger than memory."""
    from platformdirs import user_cache_path

    folder = user_cache_path("logsieve", appauthor=False) / "runs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if time.time() - old.stat().st_mtime > STALE:
                old.unlink()
        handle, name = tempfile.mkstemp(".log", dir=folder)
    except OSError:  # a home that cannot be written to, or another run that clears up
        handle, name = tempfile.mkstemp(".log")
    os.close(handle)
    try:
        with Path(name).open("wb") as file:
            yield file
    finally:
        with contextlib.suppress(OSError):  # Windows keeps what is open
            Path(name).unlink()


class _Signals:
    """Passes on the signals that end a program, while it is entered. Those of the keyboard reach the command without
    us where it is in the terminal's foreground, as we are.
    """

    def __enter__(self) -> Self:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []  # came before the command was there
        # What is ignored (nohup) the command ignores too.
        self._before = {n: was for n in _SIGNALS if (was := signal.getsignal(n)) is not signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for number, was in self._before.items():
            signal.signal(number, was)

    def to(self, process: subprocess.Popen[bytes]) -> None:
        """The command that they are for."""
        self._process = process
        for number in self._early:
            process.send_signal(number)

    def _came(self, number: int, _: FrameType | None) -> None:
        if self._process is None:
            self._early.append(number)
        elif signal.Signals(number).name not in _OF_KEYS or not _in_foreground():
            self._process.send_signal(number)


def _in_foreground() -> bool:
    """Whether a keyboard's signals go to us, and so to the command."""
    if os.name != "posix":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@contextlib.contextmanager
def _output() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Both ends of what the command prints to, the one to read from first."""
    if os.name == "posix" and sys.stdout.isatty():
        ends = os.openpty()
        _as_wide(ends[0])
        _unprocessed(ends[1])
        before = signal.signal(signal.SIGWINCH, lambda *_: _as_wide(ends[0]))
    else:
        ends, before = os.pipe(), None
    try:
        with os.fdopen(ends[0], "rb", buffering=0) as reading, os.fdopen(ends[1], "wb", buffering=0) as writing:
            yield reading, writing
    finally:
        if before is not None:
            signal.signal(signal.SIGWINCH, before)


def _as_wide(terminal: int) -> None:
    """Give the pseudo-terminal the size of the real one. The command hears of a new size from that one."""
    import fcntl
    import termios

    with contextlib.suppress(OSError):
        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def _unprocessed(terminal: int) -> None:
    """Have the pseudo-terminal pass on bytes as they are; the real one makes of line feeds what it needs."""
    import termios

    about = termios.tcgetattr(terminal)
    about[1] &= ~termios.OPOST
    termios.tcsetattr(terminal, termios.TCSANOW, about)


def _shown(process: subprocess.Popen[bytes], reading: int, log: IO[bytes]) -> str:
    """Show and keep what the command prints until it has ended; why not all is kept, "" where it is.

    A process that it leaves behind may hold on to its output: that one is not waited for. Where nobody reads what is
    shown, it is not read either, and the command learns of it as it would without us.
    """
    problem = ""
    rest = REST
    while rest > 0:
        ended = process.poll() is not None
        if os.name == "posix" and not select.select([reading], [], [], LOOK)[0]:
            if ended:
                break
            continue
        try:
            data = os.read(reading, STEP)
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that a terminal's last user is gone
                raise
            break
        if not data:
            break
        if not problem:
            try:
                log.write(data)
                log.flush()
            except OSError as error:
                problem = error.strerror or str(error)
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            break
        rest -= len(data) if ended else 0
    return problem
