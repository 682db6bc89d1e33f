"""Which processes there are, as Linux tells."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["TOLD", "children", "gone", "is_alive"]

TOLD = Path("/proc/self/task").exists()


def children(process: int) -> list[int]:
    """The processes that a process has started and that are still there."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def is_alive(process: int) -> bool:
    """Whether it runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(processes: Iterable[int], timeout: float = 60) -> bool:
    """Whether all of them end in time."""
    end = time.monotonic() + timeout
    while alive := [process for process in processes if is_alive(process)]:
        if time.monotonic() > end:
            return False
        processes = alive
        time.sleep(0.01)
    return True
