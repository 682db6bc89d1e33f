"""What redaction finds in a line, and what finds it: one look at a line tells which finders it is worth to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import re2

__all__ = ["Finder", "Finders", "Place", "by_pattern", "linear", "words"]

MEMORY = 64 << 20  # bytes that re2 may take for the automaton; where they did not suffice it would find nothing


class Place(NamedTuple):
    """Columns of a line, and what stands there."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds one kind of thing in a line. `hints` are re2 patterns, of which the line in lower case holds at least one
    where there is anything to find; without hints every line is worth it.
    """

    hints: tuple[str, ...]
    find: Callable[[str], Iterator[Place]]


class Finders:
    """Some finders, and the one automaton of all their hints."""

    def __init__(self, finders: Sequence[Finder]) -> None:
        self._finders = finders
        self._always = [number for number, finder in enumerate(finders) if not finder.hints]
        self._of_hint: list[int] = []
        options = re2.Options()
        options.log_errors = False
        options.max_mem = MEMORY
        self._hints = re2.Set.SearchSet(options)
        for number, finder in enumerate(finders):
            for hint in finder.hints:
                self._hints.Add(hint)
                self._of_hint.append(number)
        self._hints.Compile()

    def find(self, line: str) -> list[Place]:
        """What the finders find, in their order."""
        having = self._hints.Match(line.lower())
        if not having and not self._always:
            return []
        numbers = sorted({*self._always, *map(self._of_hint.__getitem__, having or ())})
        return [place for number in numbers for place in self._finders[number].find(line)]


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


@cache
def linear(pattern: str) -> Any:
    """A compiled pattern that matches in linear time, whatever the text."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def by_pattern(kind: str, pattern: str, check: Callable[[str], object] = bool) -> Callable[[str], Iterator[Place]]:
    """Finds what matches a pattern in linear time: its first group, or all of it, where that passes the check. Most are
    worth no line of a log, and so never compiled.
    """

    def find(line: str) -> Iterator[Place]:
        regex = linear(pattern)
        group = min(1, regex.groups)
        for match in regex.finditer(line):
            start, end = match.span(group)
            if end > start and check(line[start:end]):
                yield Place(start, end, kind)

    return find
