"""Noise: runs of lines that say nothing new, with the reason why. If unsure, keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from logsieve.model import Level, Noise, Section

__all__ = ["find"]

REPEATS = 8  # occurrences in the log from which a shape counts as repetition
LONGEST_TITLE = 40  # characters of a section's title in a reason
REPETITION = "repeats"


def find(
    shapes: NDArray[np.uint64],
    occurrences: NDArray[np.int32],
    reasons: Sequence[str],
    reason_of: NDArray[np.int16],
    kept: NDArray[np.bool_],
    quiet: Sequence[Section],
    levels: NDArray[np.int8],
    minimum: int,
) -> list[Noise]:
    """Runs of at least `minimum` lines that are noise by rule, by repetition, or as a section in which nothing failed.

    `occurrences` holds per line how often its shape occurs in the log; `reason_of` holds per line the index of its
    noise rule's reason or -1; `kept` marks lines that must stay in sight.
    """
    count = len(shapes)
    if not count:
        return []
    blank = shapes == 0
    repeated = (occurrences >= REPEATS) & ~blank & (reason_of < 0)
    label = reason_of.astype(np.int32)
    label[repeated] = len(reasons)
    names = [*reasons, REPETITION]
    kept_before = np.concatenate(([0], np.cumsum(kept)))
    starts, ends = np.array([s.start + 1 for s in quiet], int), np.array([s.end for s in quiet], int)
    for number in np.flatnonzero(kept_before[ends] == kept_before[starts]).tolist():
        label[starts[number] : ends[number]] = len(names) + number
    noisy = (label >= 0) & ~kept & (levels < Level.ERROR)
    found = []
    for start, end in _runs(noisy | (blank & ~kept), minimum):
        while start < end and blank[start]:
            start += 1
        while end > start and blank[end - 1]:
            end -= 1
        if end - start < minimum or not noisy[start:end].any():
            continue
        tally = Counter(label[start:end][noisy[start:end]].tolist()).most_common(2)
        said = (names[n] if n < len(names) else _quiet(quiet[n - len(names)]) for n, _ in tally)
        reason = " and ".join(dict.fromkeys(said))
        found.append(Noise(start, end, reason, Level(int(levels[start:end].max()))))
    return found


def _quiet(section: Section) -> str:
    title = section.title
    short = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    return f"in “{short}”, where nothing failed"


def _runs(mask: NDArray[np.bool_], minimum: int) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    long = edges[1::2] - edges[::2] >= minimum
    return list(zip(edges[::2][long].tolist(), edges[1::2][long].tolist(), strict=True))
