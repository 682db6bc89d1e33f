"""Noise: runs of lines that say nothing new, with the reason why. If unsure, keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logsieve.core.outline import Sections
from logsieve.model import Level, Noise, Outcome

__all__ = ["REPEATS", "find"]

REPEATS = 8  # occurrences in the log from which a shape counts as repetition
LONGEST_TITLE = 40  # characters of a section's title in a reason
MANY = 1 << 20  # lines whose reasons are looked at at a time
REPETITION = "repeats"
_LEVELS = tuple(Level)


def find(
    shapes: NDArray[np.uint64],
    often: NDArray[np.bool_],
    reasons: Sequence[str],
    reason_of: NDArray[np.int16],
    kept: NDArray[np.bool_],
    sections: Sections,
    levels: NDArray[np.int8],
    minimum: int,
    watched: Callable[[Iterable[Any]], Iterable[Any]],
) -> list[Noise]:
    """Runs of at least `minimum` lines that are noise by rule, by repetition, or as a section in which nothing failed.

    `often` marks lines whose shape occurs in the log at least REPEATS times; `reason_of` holds per line the index of
    its noise rule's reason or -1; `kept` marks lines that must stay in sight. `watched` may stop the work.
    """
    count = len(shapes)
    if not count:
        return []
    blank = shapes == 0
    in_sight = np.flatnonzero(kept)
    starts, ends = np.asarray(sections.starts) + 1, np.asarray(sections.ends)
    quiet = np.searchsorted(in_sight, starts) == np.searchsorted(in_sight, ends)
    quiet &= ~sections.ended(Outcome.FAILED)
    numbers = np.flatnonzero(quiet)
    firsts, lasts = starts[numbers], ends[numbers]
    noisy = often | (reason_of >= 0)
    for start, end in watched(zip(firsts.tolist(), lasts.tolist(), strict=True)):
        noisy[start:end] = True
    noisy &= ~kept
    noisy &= levels < Level.ERROR
    starts, ends = _runs(noisy | (blank & ~kept), blank, minimum)
    names = [*reasons, REPETITION]

    def labels(start: int, end: int) -> NDArray[np.int32]:
        """Of lines start..end why each is noise: the index of its name, behind those the section's; -1 where not."""
        label = reason_of[start:end].astype(np.int32)
        label[label < 0] = len(reasons)
        inside = np.flatnonzero(lasts[: np.searchsorted(firsts, end)] > start)
        from_, to = np.maximum(firsts[inside] - start, 0), lasts[inside] - start
        for first, last, name in zip(from_.tolist(), to.tolist(), (numbers[inside] + len(names)).tolist(), strict=True):
            label[first:last] = name
        label[~noisy[start:end]] = -1
        return label

    found = []
    for some in watched(_groups(starts, ends)):
        # Of a long log this would be the largest column.
        begin = starts.item(some.start)
        label = np.append(labels(begin, ends.item(some.stop - 1)), np.int32(-1))  # the last entry is no line's
        bounds = np.stack((starts[some], ends[some]), axis=1).ravel() - begin
        level = np.maximum.reduceat(np.append(levels[begin : begin + len(label) - 1], np.int8(0)), bounds)[::2]
        # Without a sign -1, which is no label, is the greatest: not the least of a run.
        first = np.minimum.reduceat(label.view(np.uint32), bounds)[::2]
        last = np.maximum.reduceat(label, bounds)[::2]
        columns = (column.tolist() for column in (starts[some], ends[some], level, first, last))
        for start, end, worst, one, other in watched(zip(*columns, strict=True)):
            which = [one]
            if one != other:
                of_run = label[start - begin : end - begin]
                which = [n for n, _ in Counter(of_run[of_run >= 0].tolist()).most_common(2)]
            said = (names[n] if n < len(names) else _quiet(sections.title(n - len(names))) for n in which)
            found.append(Noise(start, end, " and ".join(dict.fromkeys(said)), _LEVELS[worst]))
    return found


def _groups(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Iterator[slice]:
    """Runs that follow each other on no more than MANY lines, or one that is longer."""
    at = 0
    while at < len(starts):
        until = max(at + 1, int(np.searchsorted(ends, starts[at] + MANY, side="right")))
        yield slice(at, until)
        at = until


def _quiet(title: str) -> str:
    short = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    return f"in “{short}”, where nothing failed"


def _runs(
    mask: NDArray[np.bool_], blank: NDArray[np.bool_], minimum: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The starts and ends of the runs of at least `minimum` marked lines, without blank lines at either end."""
    starts, ends = _edges(mask)
    first, last = _edges(blank)
    if len(first):
        starts = np.where(blank[starts], last[np.searchsorted(first, starts, side="right") - 1], starts)
        ends = np.where(blank[ends - 1], first[np.searchsorted(first, ends, side="left") - 1], ends)
    long = ends - starts >= minimum
    return starts[long], ends[long]


def _edges(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The starts and ends of all runs of marked lines."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges[::2], edges[1::2]
