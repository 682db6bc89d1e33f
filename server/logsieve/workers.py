"""Further processes of our own for work that takes several cores: spawned, asked and answering by pickle over their
stdin and stdout. One that dies is noticed, and none is left behind.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, BinaryIO, TypeVar

from logsieve.pipe import read, write

__all__ = ["WorkerLostError", "Workers", "cores"]

T = TypeVar("T")

# Ctrl-C on a terminal reaches this process alone; it ends the others.
_APART: dict[str, Any] = (
    {"process_group": 0}
    if os.name == "posix"
    else {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
)


class WorkerLostError(Exception):
    """A process died over a task, or could not be started."""


def cores() -> int:
    """How many processes can run at a time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """At most `count` processes, started as they are needed. Each calls `prepare(*arguments)` before its first task.

    One that dies is replaced. They end with `close`, or with this process however that ends.
    """

    def __init__(self, count: int, prepare: Callable[..., object], *arguments: Any) -> None:
        self._threads = ThreadPoolExecutor(count, "worker")  # one for each process, to wait for it
        self._prepare = (prepare, arguments)
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[subprocess.Popen[bytes]] = []
        self._closed = False

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Have a process call a function of a module. The future raises what the function does, or WorkerLostError."""
        return self._threads.submit(self._ask, function, arguments)

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        with self._lock:
            self._closed = True
            for process in self._all:
                process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._all:
            with suppress(BrokenPipeError), process:
                pass  # that closes its pipes and waits for it

    def _ask(self, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        mine = self._mine
        if getattr(mine, "unable", False):  # none can be started here: the next one would not come further
            raise WorkerLostError
        try:
            if getattr(mine, "process", None) is None:
                mine.unable = True
                mine.process = self._start()
                _asked(mine.process, *self._prepare)
                mine.unable = False
            worked, value = _asked(mine.process, function, arguments)
        except (OSError, WorkerLostError) as error:
            mine.process = None
            raise WorkerLostError from error
        if not worked:
            raise value
        return value  # type: ignore[no-any-return]

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise WorkerLostError
            # -P: nothing in the folder we were started in can stand in for a module.
            command = (sys.executable, "-P", "-m", "logsieve.workers")
            pipe = subprocess.PIPE
            self._all.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, **_APART))
            return self._all[-1]


def _asked(process: subprocess.Popen[bytes], function: Callable[..., Any], arguments: Any) -> tuple[bool, Any]:
    """Whether the function did its work, and its value or what it raised."""
    assert process.stdin is not None
    assert process.stdout is not None
    write(process.stdin, (function, arguments))
    if (answer := read(process.stdout)) is None:
        raise WorkerLostError
    return answer  # type: ignore[no-any-return]


def _receive(source: BinaryIO, tasks: SimpleQueue[Any]) -> None:
    """Read tasks until there is nobody any more to give them, and then end the process, whatever it is doing."""
    while True:
        try:
            if (task := read(source)) is None:
                os._exit(0)
        except Exception as error:  # noqa: BLE001 (what cannot be made here, a file that has changed: the task fails)
            task = (_fail, (error,))
        tasks.put(task)


def _fail(error: Exception) -> None:
    raise error


def main() -> None:
    """Do tasks from stdin and answer on stdout, which from here on nothing else can write to."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a device, and its descriptor is what is wanted)
        os.dup2(nothing.fileno(), 0)
    tasks: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(source, tasks), daemon=True).start()
    while True:
        function, arguments = tasks.get()
        try:
            answer = (True, function(*arguments))
        except Exception as error:  # noqa: BLE001 (whoever asked decides)
            error.add_note(traceback.format_exc())
            answer = (False, error)
        try:
            write(sink, answer)
        except BrokenPipeError:
            os._exit(0)  # nobody waits for it; the reading thread still holds stdin


if __name__ == "__main__":
    main()
