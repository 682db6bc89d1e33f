"""Redaction: secrets in log lines become stable placeholders (`<secret:1>`; the same value has the same number), and so
do addresses and names of people and machines in what leaves (`<email:1>`, `<ip:1>`, `<user:1>`).

What is looked for is in `credentials`, `assignments`, `personal` and `chance`; all of it runs in linear time. Here it
is brought together, with what takes several lines: private keys, and the found values wherever else they stand.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from logsieve.core import assignments, credentials, personal
from logsieve.core.assignments import looks_random
from logsieve.core.chance import opaque
from logsieve.core.places import Finder, Finders, by_pattern, linear
from logsieve.packs.patterns import problem_of
from logsieve.settings import DEFAULTS, Redact

__all__ = ["KEY_LINES", "Redacted", "Redaction", "Redactor", "opens_key", "problems", "redact"]

KEY_LINES = 200  # lines a private key block may have; a 16,384 bit RSA key has about 200
ECHO = 8  # characters from which a found value is looked for in the other lines
END = 7  # of its last characters by which it is looked for: tokens of one service begin alike
ALIKE = 64  # values with the same end that are looked for, at most

# What a placeholder calls a kind; all others are secrets.
_CALLED = {"e-mail address": "email", "IP address": "ip", "user name": "user"}

_WRITTEN = re.compile(r"<(?:secret|email|ip|user):\d{1,9}>")
_BEGIN = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|Private-Lines: \d+|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
)
_END = re.compile(
    r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|Private-MAC:|---- END SSH2 ENCRYPTED PRIVATE KEY ----"
)
_ENCODED = re.compile(r"[A-Za-z0-9+/=]{16,}+|(?<![^\s|])[A-Za-z0-9+/]+={0,2}$")
_REST = re.compile(r"(?<![^\s|])[A-Za-z0-9+/]{2,}+={1,2}$|^[A-Za-z0-9+/]{16,}+$")
_WHOLE_LINE = re.compile(r"[A-Za-z0-9+/=]{40,}+")


class Redaction(NamedTuple):
    """One value that was replaced: what it was, the index of its line, and what stands in its place."""

    kind: str
    line_index: int
    placeholder: str


class Redacted(NamedTuple):
    """The lines without their secrets, one for one, and what was replaced in the order of the lines."""

    lines: tuple[str, ...]
    found: tuple[Redaction, ...]


class _Span(NamedTuple):
    start: int
    end: int
    kind: str
    value: str


def redact(lines: Sequence[str]) -> Redacted:
    """Replace in these lines of clean text what must not leave."""
    return Redactor().redact(lines)


def opens_key(line: str) -> bool | None:
    """Whether the lines after this one are inside a private key block or outside; None where it tells neither."""
    begin, end = _last(_BEGIN, line), _last(_END, line)
    return None if begin == end else begin > end


def problems(chosen: Redact) -> list[str]:
    """What is wrong with a user's own patterns; those are left out."""
    return [
        f"logsieve.redact.{name}: {pattern!r} {why}"
        for name, patterns in (("patterns", chosen.patterns), ("allow", chosen.allow))
        for pattern in patterns
        if (why := problem_of(pattern))
    ]


class Redactor:
    """Redacts the texts of one payload with one numbering.

    What is not `leaving` stays on the user's screen: secrets are replaced there too, but nothing else.
    """

    def __init__(self, chosen: Redact = DEFAULTS.redact, leaving: bool = True) -> None:
        kinds = frozenset(chosen.kinds if leaving else ())
        self._finders = _finders(kinds, chosen.patterns)
        self._chance = "entropy" in kinds
        self._allowed = [linear(pattern) for pattern in _usable(chosen.allow)]
        self._numbers: dict[tuple[str, str], int] = {}
        self._counts: Counter[str] = Counter()
        self._written: set[str] = set()  # what looks like a placeholder, and is the log's own
        self._ends: dict[str, dict[str, str]] = {}  # what is replaced wherever it stands, by its end: value, kind

    def redact(self, lines: Sequence[str], keep: Mapping[int, tuple[int, int]] | None = None) -> Redacted:
        """Replace what must not leave in these lines of clean text.

        `keep` names the columns (start, end) of a line that are returned; its secrets are found in the whole of it.
        """
        return self._replaced(lines, self._spans(lines), keep or {})

    def texts(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The same for texts that do not follow each other in a log."""
        rows = [text.split("\n") for text in texts]
        lines = list(chain.from_iterable(rows))
        shown = iter(self._replaced(lines, list(chain.from_iterable(map(self._spans, rows))), {}).lines)
        return tuple("\n".join(islice(shown, len(row))) for row in rows)

    def _spans(self, lines: Sequence[str]) -> list[list[_Span]]:
        places = [self._finders.find(line) for line in lines]
        for index, place in chain(assignments.announced(lines), opaque(lines) if self._chance else ()):
            places[index].append(place)
        spans = [
            [_Span(*place, line[place.start : place.end]) for place in having]
            for line, having in zip(lines, places, strict=True)
        ]
        for index, span in _private_keys(lines):
            spans[index].append(span)
        return spans

    def _replaced(
        self, lines: Sequence[str], spans: list[list[_Span]], keep: Mapping[int, tuple[int, int]]
    ) -> Redacted:
        if self._allowed:
            spans = [[s for s in line if not any(p.fullmatch(s.value) for p in self._allowed)] for line in spans]
        for span in (span for line in spans for span in line if _echoes(span)):
            alike = self._ends.setdefault(span.value[-END:], {})
            if len(alike) < ALIKE:
                alike[span.value] = span.kind
        if self._ends:
            for line, having in zip(lines, spans, strict=True):
                having += self._echoes_in(line)
        for line in lines:
            if "<" in line:
                self._written.update(_WRITTEN.findall(line))
        texts: list[str] = []
        found: list[Redaction] = []
        for index, (line, having) in enumerate(zip(lines, spans, strict=True)):
            at, end = keep.get(index, (0, len(line)))
            out: list[str] = []
            for span in _merged(having):
                if span.end > at and span.start < end:
                    placeholder = self._placeholder(span)
                    found.append(Redaction(span.kind, index, placeholder))
                    out += [line[at : max(at, span.start)], placeholder]
                    at = span.end
            texts.append("".join([*out, line[at:end]]))
        return Redacted(tuple(texts), tuple(found))

    def _placeholder(self, span: _Span) -> str:
        called = _CALLED.get(span.kind, "secret")
        value = span.value if called == "secret" else span.value.lower()
        if (called, value) not in self._numbers:
            self._counts[called] += 1
            while f"<{called}:{self._counts[called]}>" in self._written:
                self._counts[called] += 1
            self._numbers[called, value] = self._counts[called]
        return f"<{called}:{self._numbers[called, value]}>"

    def _echoes_in(self, line: str) -> Iterator[_Span]:
        for end in [end for end in range(END, len(line) + 1) if line[end - END : end] in self._ends]:
            for value, kind in self._ends[line[end - END : end]].items():
                start = end - len(value)
                if line.endswith(value, 0, end) and (kind != "IP address" or _is_whole(line, start, end)):
                    yield _Span(start, end, kind, value)


@lru_cache(maxsize=8)
def _finders(kinds: frozenset[str], patterns: tuple[str, ...]) -> Finders:
    own = [Finder((), by_pattern("own pattern", pattern)) for pattern in _usable(patterns)]
    private = [finder for kind, finder in personal.FINDERS if kind in kinds]
    return Finders([*credentials.finders(), *assignments.FINDERS, *own, *private])


@lru_cache(maxsize=8)
def _usable(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(pattern for pattern in patterns if problem_of(pattern) is None)


def _private_keys(lines: Sequence[str]) -> Iterator[tuple[int, _Span]]:
    """The encoded lines of private keys, with their indices; the value of each is the first line of its key."""
    last = -1
    for at, line in enumerate(lines):
        begin = _BEGIN.search(line) if at > last and ("PRIVATE KEY" in line or "Private-Lines" in line) else None
        if begin is None:
            continue
        if stop := _END.search(line, begin.end()):  # on one line, with \n written out
            yield at, _Span(begin.end(), stop.start(), "private key", line[begin.end() : stop.start()])
            continue
        last, parts = _encoded(lines, at, begin.end())
        for index, start, end in parts:
            yield index, _Span(start, end, "private key", lines[parts[0][0]][parts[0][1] : parts[0][2]])


def _encoded(lines: Sequence[str], at: int, column: int) -> tuple[int, list[tuple[int, int, int]]]:
    """The last line of a key that begins in this one, and where letters of it stand (index of the line, start, end)."""
    ends = (i for i in range(at + 1, min(at + KEY_LINES, len(lines))) if _END.search(lines[i]))
    last = next(ends, None)
    first = _ENCODED.search(lines[at], column)
    parts = [(at, first.start(), len(lines[at]))] if first else []
    for i in range(at + 1, len(lines) if last is None else last):
        whole = last is not None or _WHOLE_LINE.search(lines[i]) is not None
        parts += [(i, *part.span()) for part in (_ENCODED if whole else _REST).finditer(lines[i])]
        if not whole:  # without an end it goes as far as the lines are full, and one more
            return i - 1, parts
    return len(lines) - 1 if last is None else last - 1, parts


def _echoes(span: _Span) -> bool:
    """Whether a value is looked for wherever else it stands: one that is no word."""
    called = _CALLED.get(span.kind)
    return called == "ip" or (called is None and len(span.value) >= ECHO and looks_random(span.value))


def _is_whole(line: str, start: int, end: int) -> bool:
    """Whether an address is no part of a longer number."""
    return not re.match(r"\.?\w", line[end : end + 2]) and not re.match(r"[\w.]", line[max(0, start - 1) : start])


def _merged(spans: Sequence[_Span]) -> list[_Span]:
    """Without overlaps: of those that overlap the first and longest speaks, for all that they cover; a secret before
    what is personal in it.
    """
    if len(spans) < 2:
        return list(spans)
    secrets = _united([span for span in spans if span.kind not in _CALLED])
    ends = [secret.end for secret in secrets]

    def is_free(span: _Span) -> bool:
        after = bisect_right(ends, span.start)
        return after == len(secrets) or span.end <= secrets[after].start

    return sorted([*secrets, *_united([span for span in spans if span.kind in _CALLED and is_free(span)])])


def _united(spans: Sequence[_Span]) -> list[_Span]:
    out: list[_Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if out and span.start < out[-1].end:
            if span.end > out[-1].end:
                out[-1] = out[-1]._replace(end=span.end)
        else:
            out.append(span)
    return out


def _last(pattern: re.Pattern[str], line: str) -> int:
    return max((m.start() for m in pattern.finditer(line)), default=-1)
