"""Scanning in several processes: this one and others scan ranges of a long log at the same time."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process

from logsieve.core.analysis import scanned_here
from logsieve.core.envelope import Wrapping
from logsieve.core.scan import Part, joined
from logsieve.disk import Disk
from logsieve.packs import PackSet
from logsieve.text import LogText

__all__ = ["prepare", "scan", "unsignalled"]

WORTH = 24 << 20  # bytes from which another process pays: it takes half a second to start, while this one scans
GROUP = 4  # ranges given to another process at a time, and WAITING such groups while it is busy
WAITING = 2

_known: list[tuple[PackSet, Wrapping]] = []  # in the other processes


def scan(text: LogText, ranges: Sequence[tuple[int, int]], packs: PackSet, wrapping: Wrapping) -> Iterator[Part]:
    """As `core.analysis.scanned_here`, in as many processes as there are cores where the ranges are long enough.

    This process works its way from the first range on, the others from the last one back. Where they die, or cannot be
    started, it does all.
    """
    others = (os.cpu_count() or 1) - 1
    if not ranges or others < 1 or text.starts[ranges[-1][1]] - text.starts[ranges[0][0]] < WORTH:
        yield from scanned_here(text, ranges, packs, wrapping)
        return
    pool = ProcessPoolExecutor(others, get_context("spawn"), _know, (packs, wrapping))
    left = deque(ranges)
    away: deque[tuple[list[tuple[int, int]], Future[Part] | None]] = deque()  # the first to come first
    try:
        while left:
            while len(left) > GROUP and sum(f is not None and not f.done() for _, f in away) < others * WAITING:
                group = [left.pop() for _ in range(GROUP)][::-1]
                away.appendleft((group, _sent(pool, text, group)))
            yield from scanned_here(text, [left.popleft()], packs, wrapping)
        for group, future in away:
            try:
                if future is None:
                    raise BrokenProcessPool
                yield future.result()
            except BrokenProcessPool:
                yield from scanned_here(text, group, packs, wrapping)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _sent(pool: ProcessPoolExecutor, text: LogText, group: Sequence[tuple[int, int]]) -> Future[Part] | None:
    start, end = int(text.starts[group[0][0]]), int(text.starts[group[-1][1]])
    data = text.data if isinstance(text.data, Disk) else text.data[start:end]
    try:
        with unsignalled():
            return pool.submit(_scan, data, start if isinstance(text.data, Disk) else 0, end - start)
    except BrokenProcessPool:
        return None


def _scan(data: Disk | bytes, start: int, size: int) -> Part:
    text = LogText(data[start : start + size])
    parts = scanned_here(text, list(text.chunks()), *_known[0])
    return joined([found.without_messages() for found in parts])


def _know(packs: PackSet, wrapping: Wrapping) -> None:
    prepare()
    _known.append((packs, wrapping))


@contextmanager
def unsignalled() -> Iterator[None]:
    """Processes started meanwhile never hear of Ctrl-C, not even before they `prepare`; this one does afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def prepare() -> None:
    """What a further process does first: it ends when this one does, however that ends, and not on Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(process: int) -> None:
    connection.wait([process])
    os._exit(1)
