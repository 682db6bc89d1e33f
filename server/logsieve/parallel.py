"""Scanning in several processes: this one and others scan ranges of a long log at the same time."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from functools import lru_cache

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
AHEAD = 4  # groups between what this process does next and what others are given: by then they have started
LOOK = 0.01  # seconds between two looks at whether others are done

_known: list[tuple[PackSet, Wrapping]] = []  # in the other processes


def scan(text: LogText, ranges: Sequence[tuple[int, int]], packs: PackSet, wrapping: Wrapping) -> Iterator[Part]:
    """As `core.analysis.scanned_here`, in as many processes as there are cores where the ranges are long enough.

    All work their way from the first range to the last: what is found is joined as it comes, and little of it waits.
    Where other processes die, or cannot be started, this one does all.
    """
    others = cores() - 1
    if not ranges or others < 1 or text.starts[ranges[-1][1]] - text.starts[ranges[0][0]] < WORTH:
        yield from scanned_here(text, ranges, packs, wrapping)
        return
    pickled = _pickled(packs)
    for pack in packs.packs[len(pickled) :]:
        pickled.append(pickle.dumps(pack, pickle.HIGHEST_PROTOCOL))
        yield joined(())
    workers = Workers(others, _know, pickled, wrapping)
    groups = [ranges[at : at + GROUP] for at in range(0, len(ranges), GROUP)]
    left = deque(range(len(groups)))  # those that nobody has begun
    away: dict[int, Future[Part]] = {}
    early: dict[int, list[Part]] = {}  # what was done here while others were not done with what comes before

    def hand_out() -> None:
        while len(left) > 1 and sum(not future.done() for future in away.values()) < others * WAITING:
            number = left[min(AHEAD, len(left) - 1)]
            left.remove(number)
            start, end = int(text.starts[groups[number][0][0]]), int(text.starts[groups[number][-1][1]])
            there = isinstance(text.data, Disk)  # it reads for itself
            data, at = (text.data, start) if there else (text.data[start:end], 0)
            away[number] = workers.submit(_scan, data, at, end - start)

    def here(number: int) -> Iterator[Part]:
        for one in groups[number]:
            hand_out()
            yield from scanned_here(text, [one], packs, wrapping)

    try:
        for number, group in enumerate(groups):
            hand_out()
            if left and left[0] == number:
                left.popleft()
                yield from here(number)
                continue
            if number in early:
                yield from early.pop(number)
                continue
            # A part of no lines, now and then: whoever watches is let in.
            while left and not away[number].done():
                next_one = left.popleft()
                early[next_one] = []
                for found in here(next_one):
                    early[next_one].append(found.without_messages())
                    yield joined(())
            while not wait((away[number],), LOOK).done:
                yield joined(())
            try:
                found = away.pop(number).result()
            except WorkerLostError:
                yield from here(number)
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


@lru_cache(maxsize=1)
def _pickled(_packs: PackSet) -> list[bytes]:
    """Packs as they are sent, as far as they have been made: all together take as long as some megabytes of a log."""
    return []


def _know(packs: list[bytes], wrapping: Wrapping) -> None:
    _known.append((PackSet(tuple(map(pickle.loads, packs))), wrapping))
