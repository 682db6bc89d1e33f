"""What a search finds in a log: lines that say about what a text says, by their words, and by their meaning too where
somebody tells how near meanings are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from logsieve.core.analysis import Analysis, Progress
from logsieve.core.similar import Likeness

__all__ = ["Hit", "Search"]

LEAST = 0.35  # score below which a line does not say what was searched for


@dataclass(frozen=True, slots=True)
class Hit:
    """A line (0-based), its message as it may be shown, how much of what was asked for it says (0 to 1), and how many
    lines differ from it in numbers alone, itself included.
    """

    line: int
    text: str
    score: float
    count: int


class Search:
    """The search for a text in a log; made, it knows what words find.

    `shown` gives messages as they may be shown; what matches only in what is not shown does not count. `texts` are what
    meanings can be compared with: what words found, and the rarest kinds of lines, at most `lines` in all. The line
    `but` is left out.
    """

    def __init__(
        self,
        analysis: Analysis,
        text: str,
        most: int,
        shown: Callable[[Iterable[str]], Mapping[str, str]],
        lines: int = 0,
        progress: Progress = lambda _: None,
        but: int = -1,
    ) -> None:
        likeness = Likeness(analysis, text, progress)
        said = likeness.best(most, but)
        self._most = most
        self._counts = {hit.line: hit.count for hit in said}
        for line, count in _rare(analysis, lines):
            if line == but:
                continue
            self._counts.setdefault(line, count)
        messages = {line: analysis.line(line).message.strip() for line in self._counts}
        safe = shown(messages.values())
        self._shown = {line: safe[message] for line, message in messages.items()}
        self._scores = {
            hit.line: hit.score
            for hit in said
            if self._shown[hit.line] == messages[hit.line] or likeness.of(self._shown[hit.line])
        }
        self.texts = list(self._shown.values())[:lines]

    def hits(self, near: Sequence[float] = ()) -> list[Hit]:
        """The lines found, best first; `near` is how near the meanings of the first ones of `texts` are (cosines)."""
        scores = dict(self._scores)
        for line, cosine in zip(self._shown, near, strict=False):
            scores[line] = max(scores.get(line, 0.0), cosine)
        best = sorted((line for line in scores if scores[line] >= LEAST), key=lambda line: -scores[line])
        return [Hit(line, self._shown[line], scores[line], self._counts[line]) for line in best[: self._most]]


def _rare(analysis: Analysis, most: int) -> Iterator[tuple[int, int]]:
    """The first line of each shape and how often it occurs, the rarest first, the later of these first."""
    if not most:
        return
    shapes, firsts, counts = np.unique(analysis.shapes, return_index=True, return_counts=True)
    order = np.lexsort((-firsts, counts))
    order = order[shapes[order] != 0][:most]  # 0 is that of blank lines
    yield from zip(firsts[order].tolist(), counts[order].tolist(), strict=True)
