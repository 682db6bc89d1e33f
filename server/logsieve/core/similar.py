"""Lines that say about what a query says: word by word, each by its rarity in the log and by how near a word comes.

No order of words is asked for, and no exact spelling: "conection refused" finds `ConnectionRefusedError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest
from math import log2

from logsieve.core.analysis import Analysis, Progress
from logsieve.text import LogText

__all__ = ["Likeness", "Similar"]

MOST = 64  # words of a query that are looked for
VARIANTS = 64  # words of the log that count as one of the query
WITHIN = 0.85  # what a word counts that is part of a longer one, at most
NEAR = 80  # per cent of letters that are the same from which a word is the other one misspelt
MISSPELT = 10  # and what it counts less
STEM = 0.6  # share of letters that are the same from which two words with the same beginning are forms of one
SHORT = 4  # letters below which a word is meant as it is
LEAST = 0.35  # share of what the query says below which a line is not like it
LONGEST = 64  # bytes of a word of the log: longer ones are no words
LONG = 10_000  # bytes of a line that are looked at

# What people write in questions and nobody looks for in a log.
_STOP = frozenset(
    b"a an and are as at be been but by can could did do does for from had has have how i in is it its me my of on or "
    b"s so t that the their then there they this to was we were what when where which who why will with would "
    b"you".split()
)
# Letters in lower case, numbers, and whatever is no ASCII, are words; line ends stay, all else separates.
_WORDS = bytes(n if n >= 128 or n == 10 or chr(n).isalnum() else 32 for n in range(256)).lower()


@dataclass(frozen=True, slots=True)
class Similar:
    """A line (0-based) that says what was asked for, how much of it (0 to 1), and on how many lines the same is said
    but for numbers.
    """

    line: int
    score: float
    count: int


class Likeness:
    """How much of what a query says is said by a line of a log.

    `progress` is called with the share done (0 to 1: half of it here, half in `best`) and may raise to stop the work.
    """

    def __init__(self, analysis: Analysis, query: str, progress: Progress = lambda _: None) -> None:
        self._analysis = analysis
        self._progress = progress
        self._asked = _asked(query)
        self._phrase = b" ".join(query.encode("utf-8", "replace").translate(_WORDS).split())
        self._near: dict[bytes, list[tuple[int, float]]] = {}  # word of the log -> words asked for, and how near
        for number, variants in enumerate(_variants(analysis.text, self._asked, progress)):
            for variant, near in variants.items():
                self._near.setdefault(variant, []).append((number, near))
        self._worth = [0.0] * len(self._asked)

    def best(self, most: int, but: int = -1) -> list[Similar]:
        """The lines that say most of it, best first; of those that differ in numbers alone the best. The line `but` is
        none of them.
        """
        if not self._asked:
            return []
        rows = list(self._rows())
        said = [0] * len(self._asked)
        for _, _, _, has in rows:
            for number in has:
                said[number] += 1
        worth = [log2(1 + len(self._analysis.text) / times) if times else 0.0 for times in said]
        least = min(filter(None, worth), default=1.0)  # a word that no line says tells no lines apart
        self._worth = [each or least for each in worth]
        best: dict[tuple[int, float], tuple[float, bool, int, int]] = {}
        counts: dict[tuple[int, float], int] = {}
        for line, length, phrase, has in rows:
            if line != but and (score := self._sum(has)) >= LEAST:
                kind = self._analysis.shapes.item(line), score
                counts[kind] = counts.get(kind, 0) + 1
                best.setdefault(kind, (score, phrase, -length, -line))
        chosen = nlargest(most, best.items(), key=lambda item: item[1])
        return [Similar(-line, score, counts[kind]) for kind, (score, _, _, line) in chosen]

    def of(self, text: str) -> float:
        """How much of the query a text says, 0 to 1, as `best` would have it of a line; 0 where too little."""
        if not self._asked:
            return 0.0
        score = self._sum(self._has(text.encode("utf-8", "replace")[:LONG].translate(_WORDS).split()))
        return score if score >= LEAST else 0.0

    def _sum(self, has: dict[int, float]) -> float:
        return sum(self._worth[number] * near for number, near in has.items()) / sum(self._worth)

    def _has(self, words: list[bytes]) -> dict[int, float]:
        """The words asked for that some words come near to, and how near."""
        has: dict[int, float] = {}
        for word in words:
            for number, near in self._near.get(word, ()):
                has[number] = max(has.get(number, 0.0), near)
        return has

    def _rows(self) -> Iterator[tuple[int, int, bool, dict[int, float]]]:
        """Each line that has such words: its length, whether it has the whole query as it is, and the words."""
        wanted = self._near.keys()
        for start, data in _chunks(self._analysis.text):
            self._progress(0.5 + start / len(self._analysis.text) / 2)
            for line, text in enumerate(data.split(b"\n")[:-1], start):
                words = text[:LONG].split()
                if not wanted.isdisjoint(words):
                    yield line, len(text), self._phrase in b" ".join(words), self._has(words)


def _asked(query: str) -> list[bytes]:
    """The words of a query that count, each once."""
    found = list(dict.fromkeys(query.encode("utf-8", "replace").translate(_WORDS).split()))
    return ([word for word in found if word not in _STOP] or found)[:MOST]


def _chunks(text: LogText) -> Iterator[tuple[int, bytes]]:
    """The text as words, in parts: their first line, and the words of each line ended by a newline."""
    for start, end in text.chunks():
        data = text.clean_bytes(start, end)
        yield start, (data if end - start > 1 else data[:LONG] + b"\n").translate(_WORDS)


def _variants(text: LogText, asked: list[bytes], progress: Progress) -> list[dict[bytes, float]]:
    """For each word asked for the words of the log that come near it, and how near: 1 is the word itself."""
    from rapidfuzz import fuzz, process

    known: set[bytes] = set()
    for start, data in _chunks(text):
        progress(start / len(text) / 3)
        known.update(data.split())
    letters = {word: word.decode("utf-8", "replace") for word in known if len(word) <= LONGEST}
    found = []
    for number, word in enumerate(asked):
        progress(1 / 3 + number / len(asked) / 6)
        near = {word: 1.0} if word in known else {}
        if len(word) >= SHORT:
            spelt, begins = word.decode("utf-8", "replace"), word[: max(SHORT, len(word) - 3)]
            forms = {other: fuzz.ratio(spelt, letters[other]) / 100 for other in letters if other.startswith(begins)}
            near = {other: share for other, share in forms.items() if share >= STEM} | near
            near = {other: WITHIN for other in letters if word in other} | near
            for _, share, other in process.extract(
                spelt, letters, scorer=fuzz.ratio, score_cutoff=NEAR, limit=VARIANTS
            ):
                near.setdefault(other, (share - MISSPELT) / 100)
        found.append(dict(nlargest(VARIANTS, near.items(), key=lambda item: (item[1], item[0]))))
    return found
