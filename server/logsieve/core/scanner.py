"""Engines that find all patterns in a chunk of text at once, in linear time: Hyperscan where it runs, RE2 elsewhere."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from logsieve.packs import cache

__all__ = ["MANY", "HyperscanScanner", "Re2Scanner", "Scanner", "Together", "hits", "scanner"]

MANY = 500  # patterns from which preparing them takes seconds

Hits = tuple[NDArray[np.int32], NDArray[np.int64]]


class Scanner(Protocol):
    """Finds which patterns match on which lines."""

    def scan(self, data: bytes) -> Hits:
        """Pattern numbers (int32) and line numbers (int64), both of shape [hits], each pair once, sorted by line,
        then pattern.

        `data` holds lines that each end with a newline.
        """
        ...


@lru_cache(maxsize=8)
def scanner(patterns: tuple[str, ...]) -> Scanner:
    """The scanner for these patterns; numbers in its hits index `patterns`."""
    try:
        import hyperscan  # noqa: F401  # only whether it is there
    except ImportError:
        return Re2Scanner(patterns)
    return HyperscanScanner(patterns)


def hits(numbers: Sequence[int] | NDArray[np.int32], lines: NDArray[np.int64]) -> Hits:
    """Pairs of pattern and line made unique and sorted by line, then pattern."""
    pairs = lines.astype(np.int64) << 32 | np.asarray(numbers, np.int64)
    pairs.sort()
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]  # `np.unique` would import masked arrays to ask whether it has one
    return (pairs & 0xFFFFFFFF).astype(np.int32), pairs >> 32


_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P<\w+>|[a-z]*:))?|[)|^$]|[^\\\[()|^$]+")
_FLAGS = re.compile(r"(?:\(\?[a-z]+\))?")


def _source(pattern: str) -> str:
    """The pattern as Hyperscan scans for it: the line ends around a line are matched as characters.

    As characters they join the literals that Hyperscan looks for first, and a match that ends with its line is
    reported once: by itself `error.*` reports at every character that follows. A `^` is such a character only where
    nothing can stand before it, a `$` only at a branch's end; a branch that holds another one ends where it must.
    """
    flags = _FLAGS.match(pattern)
    start = flags.end() if flags else 0
    branches: list[tuple[str, bool]] = []  # each with whether it ends by itself
    parts: list[str] = []
    first = [True]  # whether nothing stands before this place, for each open group
    heads = [True]  # and before the group
    for piece in [*_PIECE.findall(pattern[start:]), "|"]:
        if piece == "|" and len(heads) == 1:
            at_end = bool(parts) and parts[-1] == "$"
            branches.append(("".join(parts[:-1]) + r"\n" if at_end else "".join(parts), "$" in parts))
            parts = []
        else:
            parts.append(r"\n" if piece == "^" and first[-1] else piece)
        if piece == "|":
            first[-1] = heads[-1]
        elif piece.startswith("("):
            heads.append(first[-1])
            first.append(first[-1])
        elif piece == ")":
            heads.pop()
            first.pop()
            first[-1] = False
        elif piece != "^":
            first[-1] = False
    open_ended = "|".join(branch for branch, ends in branches if not ends)
    sources = [f"(?:{open_ended}).*\\n"] if open_ended else []
    return pattern[:start] + "|".join([*sources, *(branch for branch, ends in branches if ends)])


class Together:
    """Several scanners as one; each comes with what its numbers stand for, -1 where they are not wanted."""

    def __init__(self, parts: Sequence[tuple[Scanner, NDArray[np.int32]]]) -> None:
        self._parts = parts

    def scan(self, data: bytes) -> Hits:
        """See Scanner."""
        found = [(numbers[which], lines) for part, numbers in self._parts for which, lines in [part.scan(data)]]
        numbers, lines = (np.concatenate(column) for column in zip(*found, strict=True))
        wanted = numbers >= 0
        return hits(numbers[wanted], lines[wanted])


class HyperscanScanner:
    """Scans whole chunks with Intel's Hyperscan (or Vectorscan on Arm)."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._empty = not patterns
        if self._empty:
            return
        import hyperscan

        engine = f"{getattr(hyperscan, '__version__', '')} {sys.platform} {platform.machine()}"
        kind = "patterns" if len(patterns) >= MANY else "few"
        key = cache.key(kind, [__file__], map(str.encode, (engine, *patterns)))
        self._database = self._load(key) or self._compile([_source(p).encode() for p in patterns], key)

    @staticmethod
    def _load(key: str) -> Any:
        import hyperscan

        blob = cache.get(key)
        if blob is None:
            return None
        try:
            database = hyperscan.loadb(blob, mode=hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
        except Exception:  # noqa: BLE001 (hyperscan raises a dozen kinds; a damaged or foreign database is rebuilt whatever it says)
            return None
        return database

    @staticmethod
    def _compile(sources: Sequence[bytes], key: str) -> Any:
        import hyperscan

        if len(sources) >= MANY:
            import logging

            log = logging.getLogger("logsieve.scanner")
            log.info("preparing %s patterns; the next start finds them ready", f"{len(sources):,}")
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags = [hyperscan.HS_FLAG_MULTILINE] * len(sources)
        database.compile(expressions=list(sources), ids=list(range(len(sources))), flags=flags)
        database.scratch = hyperscan.Scratch(database)
        cache.put(key, hyperscan.dumpb(database))
        return database

    def scan(self, data: bytes) -> Hits:
        """See Scanner."""
        numbers: list[int] = []
        ends: list[int] = []
        if self._empty or not data:
            return hits(numbers, np.zeros(0, np.int64))

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            numbers.append(number)
            ends.append(end)

        self._database.scan(b"\n" + data, match_event_handler=on_match)
        if not numbers:
            return hits(numbers, np.zeros(0, np.int64))
        newlines = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        # A match's last character, at the latest its line's end, is one before its end; one newline stands before all.
        return hits(numbers, np.searchsorted(newlines, np.asarray(ends, np.int64) - 2))


class Re2Scanner:
    """Scans line by line with RE2's set matcher: for platforms that Hyperscan has no wheel for."""

    def __init__(self, patterns: Sequence[str]) -> None:
        import re2

        self._set = None
        if patterns:
            options = re2.Options()
            options.encoding = re2.Options.Encoding.LATIN1  # bytes, as Hyperscan sees them
            options.max_mem = 1 << 28
            self._set = re2.Set.SearchSet(options)
            for pattern in patterns:
                self._set.Add(pattern.encode())
            self._set.Compile()

    def scan(self, data: bytes) -> Hits:
        """See Scanner."""
        numbers: list[int] = []
        lines: list[int] = []
        for at, line in enumerate(data.split(b"\n")[:-1] if self._set else ()):
            found = (self._set.Match(line) if self._set else None) or ()  # None where nothing matches
            numbers += found
            lines += [at] * len(found)
        return hits(numbers, np.asarray(lines, np.int64))
