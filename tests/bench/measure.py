"""How things are measured: commands, by time and memory; and what is made of many figures."""

from __future__ import annotations

import math
import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

__all__ = ["LIMIT", "RUNS", "Usage", "alternating", "family", "fitted", "memory", "run", "seconds", "share"]

RUNS = 3
LIMIT = 300.0  # seconds after which a command is ended
EVERY = 0.01  # seconds between two looks at the memory of processes


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command and the processes that it started took.

    `seconds` passed; they were `busy` for so many on the cores, which other work on the machine changes less. `peak` is
    bytes of memory: the sum of what each held at most, what they share counted in each, so never less than was used.
    """

    seconds: float
    busy: float
    peak: float


def run(command: Sequence[str | Path], **environment: str) -> Usage:
    """Run a command to its end, or to LIMIT, with its output thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # With bytecode, as whoever installs it has it: to compile the source at every start takes a third of a start.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
        start_new_session=True,
    )
    peaks: dict[int, int] = {}
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, peaks, over))
    watch.start()
    end = threading.Timer(LIMIT, os.killpg, (process.pid, signal.SIGKILL))
    end.start()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    end.cancel()
    over.set()
    watch.join()
    return Usage(seconds, used.ru_utime + used.ru_stime, sum(peaks.values()))


def _watch(pid: int, peaks: dict[int, int], over: threading.Event) -> None:
    while not over.wait(EVERY):
        for each in family(pid):
            peaks[each] = max(peaks.get(each, 0), memory(each, "VmHWM"))


def family(pid: int) -> list[int]:
    """A process and all that it has started and that still run. Empty where the system does not say (not Linux)."""
    found = [pid] if Path(f"/proc/{pid}").exists() else []
    for each in found:
        try:
            for children in Path(f"/proc/{each}/task").glob("*/children"):  # of each thread, its own
                found += map(int, children.read_text().split())
        except OSError:
            continue  # it has ended meanwhile
    return found


def memory(pid: int, which: str = "VmRSS") -> int:
    """Bytes that a process holds (VmRSS) or has held at most (VmHWM); 0 for one that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    _, found, rest = status.partition(f"{which}:")
    return int(rest.split()[0]) * 1024 if found else 0


Taken = TypeVar("Taken")


def alternating(measures: Mapping[str, Callable[[], Taken]], runs: int = RUNS) -> dict[str, list[Taken]]:
    """What each of some measures gives, so many times, one after the other: a busy machine is busy for all."""
    taken: dict[str, list[Taken]] = {name: [] for name in measures}
    for _ in range(runs):
        for name, measure in measures.items():
            taken[name].append(measure())
    return taken


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fitted(points: Sequence[tuple[float, float]]) -> float:
    """The exponent k of y = a * x ** k that fits the points best, by least squares of logarithms; 1 is linear."""
    logarithms = [(math.log(x), math.log(y)) for x, y in points if y > 0]
    return statistics.linear_regression(*zip(*logarithms, strict=True)).slope


def share(values: Sequence[float], part: float) -> float:
    """The value that a part (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]
