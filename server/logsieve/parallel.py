"""Scanning in several processes: this one and others scan ranges of a long log at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

from logsieve.core.analysis import scanned_here
from logsieve.core.envelope import Wrapping
from logsieve.core.parts import Part, joined
from logsieve.disk import ChangedError, Disk
from logsieve.packs import PackSet
from logsieve.text import LogText
from logsieve.workers import WorkerLostError, Workers, cores

__all__ = ["scan"]

WORTH = 24 << 20  # bytes from which another process pays: it takes half a second to start, while this one scans
GROUP = 8  # ranges given to another process at a time, and WAITING such groups while it is busy
WAITING = 2

_known: list[tuple[PackSet, Wrapping]] = []  # in the other processes


def scan(text: LogText, ranges: Sequence[tuple[int, int]], packs: PackSet, wrapping: Wrapping) -> Iterator[Part]:
    """As `core.analysis.scanned_here`, in as many processes as there are cores where the ranges are long enough.

    This process works its way from the first range on, the others from the last one back. Where they die, or cannot be
    started, it does all.
    """
    others = cores() - 1
    if not ranges or others < 1 or text.starts[ranges[-1][1]] - text.starts[ranges[0][0]] < WORTH:
        yield from scanned_here(text, ranges, packs, wrapping)
        return
    workers = Workers(others, _know, packs, wrapping)
    left = deque(ranges)
    away: deque[tuple[list[tuple[int, int]], Future[Part]]] = deque()  # the first to come first
    try:
        while left:
            while len(left) > GROUP and sum(not future.done() for _, future in away) < others * WAITING:
                group = [left.pop() for _ in range(GROUP)][::-1]
                start, end = int(text.starts[group[0][0]]), int(text.starts[group[-1][1]])
                there = isinstance(text.data, Disk)  # it reads for itself
                data, at = (text.data, start) if there else (text.data[start:end], 0)
                away.appendleft((group, workers.submit(_scan, data, at, end - start)))
            yield from scanned_here(text, [left.popleft()], packs, wrapping)
        for group, future in away:
            try:
                found = future.result()
            except WorkerLostError:
                yield from scanned_here(text, group, packs, wrapping)
                continue
            if len(found) != group[-1][1] - group[0][0]:
                raise ChangedError("the log has been written anew")
            yield found
    finally:
        workers.close()


def _scan(data: Disk | bytes, start: int, size: int) -> Part:
    text = LogText(data[start : start + size])
    parts = scanned_here(text, list(text.chunks()), *_known[0])
    return joined([found.without_messages() for found in parts])


def _know(packs: PackSet, wrapping: Wrapping) -> None:
    _known.append((packs, wrapping))
