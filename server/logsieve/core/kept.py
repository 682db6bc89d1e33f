"""After a change of a log: which of the blocks that an earlier analysis made are those of the new text too.

A block depends on lines near that of its hit, on the section around it and on blocks that take lines from it. So what
lies beyond a gap between blocks, far enough from all that differs, stays as it is; only the hits between are looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from logsieve.core.outline import Sections
from logsieve.model import Block, Finding
from logsieve.packs import Pattern

__all__ = ["Given", "Kept", "apart", "findings", "kept"]

CLOSE = 12  # lines above a block that are looked at for what it says: what was going on before


@dataclass(frozen=True, eq=False)
class Given:
    """What the blocks of a log of `count` lines are made of. `columns` (int64 [3, hits]) are the lines of the rules'
    hits, the numbers of their patterns, and the specificities under which rules do not count there; `above` and `below`
    (int64 [hits]) are how far from there is looked.
    """

    count: int
    columns: NDArray[np.int64]
    above: NDArray[np.int64]
    below: NDArray[np.int64]
    sections: Sections

    @classmethod
    def of(
        cls,
        count: int,
        lines: NDArray[np.int32],
        numbers: NDArray[np.int32],
        patterns: Sequence[Pattern],
        ignored: NDArray[np.int8],
        sections: Sections,
        reach: Callable[[Pattern], tuple[int, int]],
    ) -> Given:
        """`lines` and `numbers` are the rules' hits, as indices of `patterns`; `ignored` has an entry a line; `reach`
        tells how many lines above and below a hit are looked at, at most.
        """
        far = np.zeros((len(patterns), 2), np.int64)
        for number in np.flatnonzero(np.bincount(numbers)).tolist():
            far[number] = reach(patterns[number])
        above, below = far[numbers].T
        return cls(count, np.stack((lines, numbers, ignored[lines])).astype(np.int64), above, below, sections)


@dataclass(frozen=True, eq=False)
class Kept:
    """The blocks that stay, those before and after the `hits` to be looked at, which are on lines start..end. `first`
    and `last` are the blocks that must come of these again, where those next to them may owe them their bounds.
    """

    before: Sequence[Block]
    after: Sequence[Block]
    hits: slice
    start: int
    end: int
    first: Block | None
    last: Block | None

    def around(self, made: list[Block]) -> list[Block] | None:
        """All blocks, those `made` of the hits between; None where others cannot stay beside them."""
        if any(block.start < self.start or block.end > self.end for block in made):
            return None
        if (self.first and made[:1] != [self.first]) or (self.last and made[-1:] != [self.last]):
            return None
        return [*self.before, *made, *self.after]


def kept(old: Given, blocks: Sequence[Block], new: Given, same: tuple[int, int]) -> Kept:
    """What stays of the `blocks` made of what is `old`, where the first and the last lines, so many, are the `same`."""
    by = new.count - old.count
    # Of the lines before the one and from the other on, no hit looks at what differs.
    first, last = _same_before(old, new, same[0]), _same_after(old, new, old.count - same[1])
    lines = old.columns[0]
    first = int(lines[(lines < first) & (lines + old.below >= first)].min(initial=first))
    last = int(lines[(lines >= last) & (lines - old.above < last)].max(initial=last - 1)) + 1
    starts = [block.start for block in blocks]
    ends = [-1, *accumulate((block.end for block in blocks), max)]  # of all before each
    # A block that ends right where the next one begins may have been cut there: that one has to stay as well.
    before = max(0, bisect_right(starts, first) - 1)
    while before and (ends[before] > starts[before] or (ends[before] == starts[before] and ends[before + 1] > first)):
        before -= 1
    after = bisect_left(starts, last)
    while after < len(starts) and (
        ends[after] > starts[after] or (ends[after] == starts[after] and starts[after - 1] < last)
    ):
        after += 1
    start = starts[before] if before else 0
    end = starts[after] + by if after < len(starts) else new.count
    among = slice(*np.searchsorted(new.columns[0], (start, end)).tolist())
    return Kept(
        blocks[:before],
        [_moved(block, by) for block in blocks[after:]],
        among,
        start,
        end,
        blocks[before] if before and ends[before] == start else None,
        _moved(blocks[after - 1], by) if after < len(starts) and after and ends[after] == starts[after] else None,
    )


def apart(lines: range, found: Iterable[Block | Finding]) -> bool:
    """Whether some lines are neither among those found nor close above."""
    return not any(f.start - CLOSE < lines.stop and f.end > lines.start for f in found)


def findings(
    stays: Kept, old: Sequence[Finding], before: NDArray[np.int32], now: NDArray[np.int32], changed: Iterable[range]
) -> list[Finding | None]:
    """The old finding of each block that stays, where nothing but its place among others may have changed: `before` and
    `now` tell how often what each block says is said. No such block has moved. `changed` are lines that have.
    """
    first, last = len(stays.before), len(stays.after)
    between = len(now) - first - last
    same = np.zeros(len(now), bool)
    same[:first] = before[:first] == now[:first]
    same[first + between :] = before[len(old) - last :] == now[first + between :]
    known = [*old[:first], *[None] * between, *old[len(old) - last :]]
    for lines in changed:
        for at, finding in enumerate(known):
            if finding and finding.start - CLOSE < lines.stop and finding.end > lines.start:
                known[at] = None
    return [finding if its else None for finding, its in zip(known, same.tolist(), strict=True)]


def _same_before(old: Given, new: Given, line: int) -> int:
    """The first line, `line` at most, at which something differs of what blocks are made of."""
    line = _first_other(old.columns, new.columns, line)
    return _first_other(_begun(old.sections, line), _begun(new.sections, line), line)


def _begun(sections: Sections, line: int) -> NDArray[np.int64]:
    """Starts, ends and parents of the sections that begin before a line; of those that go on it is the end."""
    count = bisect_left(sections.starts, line)
    starts, ends, parents = (np.array(c[:count], np.int64) for c in (sections.starts, sections.ends, sections.parents))
    return np.stack((starts, np.minimum(ends, line), parents))


def _same_after(old: Given, new: Given, line: int) -> int:
    """The old text's line behind the last one at which something differs, `line` at least."""
    by = new.count - old.count
    a, b = (given.columns[:, ::-1].copy() for given in (old, new))
    a[0], b[0] = old.count - 1 - a[0], new.count - 1 - b[0]  # counted from the end
    line = old.count - _first_other(a, b, old.count - line)
    return line if _going_on(old.sections, line) == _going_on(new.sections, line + by) else old.count


def _going_on(sections: Sections, line: int) -> tuple[list[int], bytes]:
    """What tells the sections that lie around the lines from one on, counted from there."""
    first = bisect_left(sections.starts, line)
    around = [n for n in (sections.chain(first - 1)) if sections.ends[n] > line]
    starts, ends, parents = (np.array(c[first:], np.int32) for c in (sections.starts, sections.ends, sections.parents))
    places = {-1: -1} | {number: -2 - place for place, number in enumerate(around)}
    outer = parents < first
    parents[~outer] -= first
    parents[outer] = [places[number] for number in parents[outer].tolist()]
    return [sections.ends[n] - line for n in around], np.stack((starts - line, ends - line, parents)).tobytes()


def _first_other(a: NDArray[np.int64], b: NDArray[np.int64], line: int) -> int:
    """The first line, `line` at most, at which two tables differ whose first rows are lines in order."""
    among = min(a.shape[1], b.shape[1])
    other = np.flatnonzero((a[:, :among] != b[:, :among]).any(axis=0))
    at = int(other[0]) if len(other) else among
    return min([line, *(int(table[0, at]) for table in (a, b) if at < table.shape[1])])


def _moved(block: Block, by: int) -> Block:
    if not by:
        return block
    return replace(
        block,
        line=block.line + by,
        start=block.start + by,
        end=block.end + by,
        anchor=block.anchor + by,
        links=tuple(link + by for link in block.links),
    )
