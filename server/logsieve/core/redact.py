"""Redaction: secrets in log lines become stable placeholders (`<secret:1>`; the same value has the same number).

What a secret looks like is in `credentials`; every pattern there runs in linear time. Here are the passes: the rules,
assignments by their names, private key blocks over several lines, then the found values wherever else they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from logsieve.core import credentials

__all__ = ["KEY_LINES", "Redacted", "Redaction", "Redactor", "opens_key", "redact"]

KEY_LINES = 200  # lines a private key block may have; a 16,384 bit RSA key has about 200
ECHO = 8  # characters from which a found value is looked for in the other lines
JUDGED = 256  # characters of a value that are looked at to judge whether it is a secret
NEAR = 100  # characters before which a name may begin its line, behind what a runner puts in front
UNQUOTED = 5  # the group of _VALUE that is a value without quotes
_VAGUE = ("token", "key", "secret", "credentials")  # names that parsers and people use for other things

_BEGIN = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|Private-Lines: \d+|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
)
_END = re.compile(
    r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|Private-MAC:|---- END SSH2 ENCRYPTED PRIVATE KEY ----"
)
_ENCODED = re.compile(r"[A-Za-z0-9+/=]{16,}+|(?<![^\s|])[A-Za-z0-9+/]+={0,2}$")
_WHOLE_LINE = re.compile(r"[A-Za-z0-9+/=]{40,}+")

_NAME_HINTS = ("pass", "pwd", "secret", "token", "cred", "key", "auth", "pat", "dsn")
_NAME = (
    r"([A-Za-z0-9_.\-]*(?:pass|pwd|secret|token|cred|key|auth|_pat|dsn)[A-Za-z0-9_\-]*)"  # name
    r"(\\?[\"']?\]?)"  # closing quote or bracket
    r"([ \t]*(?::=|=>|={1,3}|:)[ \t]*)"  # operator
)
_VALUE = re.compile(r"""\\"([^"\\]*+)|"([^"]*+)|'([^']*+)|`([^`]*+)|([^\s"'`]++)""")
# The next pair of a connection string or query ends an unquoted value.
_NEXT_PAIR = re.compile(r"[;&,]\s*+[A-Za-z_][\w. ]*+=")
# What may stand before the name in a dump: timestamps, punctuation, and the commands that set variables.
_BEFORE_NAME = re.compile(
    r"[^A-Za-z]+|[\d:.,+\-]+T[\d:.,+\-]+Z?|export|declare|-x|setx?|ENV|ARG|env|-e|--env|--build-arg"
)


class Redaction(NamedTuple):
    """One secret that was replaced: what it was, and the index of its line."""

    kind: str
    line_index: int


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
    """Replace the secrets in these lines of clean text."""
    return Redactor().redact(lines)


def opens_key(line: str) -> bool | None:
    """Whether the lines after this one are inside a private key block or outside; None where it tells neither."""
    begin, end = _last(_BEGIN, line), _last(_END, line)
    return None if begin == end else begin > end


class Redactor:
    """Redacts several texts of one rendering with one numbering of secrets."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def redact(self, lines: Sequence[str], keep: Mapping[int, tuple[int, int]] | None = None) -> Redacted:
        """Replace the secrets in these lines of clean text.

        `keep` names the columns (start, end) of a line that are returned; its secrets are found in the whole of it.
        """
        spans = [list(_find(line)) for line in lines]
        for index, span in _key_blocks(lines):
            spans[index].append(span)
        values = {s.value: s.kind for line in spans for s in line if _echoes(s.value)}
        if values:
            _add_echoes(lines, spans, values)
        merged = [_merged(line) for line in spans]
        kept = keep or {}
        texts = [
            self._replaced(line, s, kept.get(i, (0, len(line))))
            for i, (line, s) in enumerate(zip(lines, merged, strict=True))
        ]
        return Redacted(tuple(texts), tuple(Redaction(s.kind, i) for i, line in enumerate(merged) for s in line))

    def _replaced(self, line: str, spans: Sequence[_Span], keep: tuple[int, int]) -> str:
        at, end = keep
        out: list[str] = []
        for span in spans:
            if span.end <= at or span.start >= end:
                continue
            number = self._numbers.setdefault(span.value, len(self._numbers) + 1)
            out += [line[at : max(at, span.start)], f"<secret:{number}>"]
            at = span.end
        out.append(line[at:end])
        return "".join(out)


def _find(line: str) -> Iterator[_Span]:
    lower = line.lower()
    for rule in credentials.rules_for(lower):
        group = min(1, rule.pattern.groups)
        for match in rule.pattern.finditer(line):
            start, end = match.span(group)
            if end > start and rule.check(line[start:end]):
                yield _Span(start, end, rule.kind, line[start:end])
    if any(hint in lower for hint in _NAME_HINTS):
        yield from _assignments(line)


def _assignments(line: str) -> Iterator[_Span]:
    done = 0
    for match in credentials.assignment(_NAME).finditer(line):
        name, closing, operator = match.groups()
        at = match.end()
        if (
            match.start() < done
            or not credentials.is_secret_name(name)
            or (operator[-1:] == ":" and line[at : at + 1] == ":")
        ):
            continue
        given = _VALUE.match(line, at, at + JUDGED)
        if given is None:
            continue
        quoted = given.lastindex != UNQUOTED
        direct = quoted or bool(closing) or operator == "=" or _leads(line, match.start(), match.start() + len(name))
        if not quoted and name.strip("_-").lower() in _VAGUE:
            direct = False
        value = _end_at_pair(given)
        if not credentials.is_secret_value(value, direct) or (not name.isupper() and credentials.is_code(value)):
            continue  # code assigns to names in lower case; a dump of the environment holds no code
        if given.end() == at + JUDGED:  # the judgement needs no more; the replacement needs all of it
            given = _VALUE.match(line, at) or given
        value, start = _end_at_pair(given), given.start(given.lastindex or 0)
        done = start + len(value)
        yield _Span(start, done, "secret assignment", value)


def _end_at_pair(given: re.Match[str]) -> str:
    """A quoted value as it is; an unquoted one without what follows in a query, a connection string, a sentence."""
    value = given[given.lastindex or 0]
    if given.lastindex != UNQUOTED:
        return value
    pair = _NEXT_PAIR.search(value)
    return (value[: pair.start()] if pair else value).rstrip(",;)}]")


def _leads(line: str, start: int, end: int) -> bool:
    """Whether a name at start..end begins its line (but for timestamps and such) and one word follows: `PWD_A: x`."""
    if start > NEAR:
        return False
    before = line[:start].rpartition("|")[2].split()
    after = line[end : end + JUDGED].lstrip(" \t:=").rstrip()
    return " " not in after and all(_BEFORE_NAME.fullmatch(word) for word in before)


def _key_blocks(lines: Sequence[str]) -> Iterator[tuple[int, _Span]]:
    at = 0
    while at < len(lines):
        begin = _BEGIN.search(lines[at]) if "PRIVATE KEY" in lines[at] or "Private-Lines" in lines[at] else None
        if begin is None:
            at += 1
            continue
        label = f"private key at {at}"
        end = next(
            (
                i
                for i in range(at, min(at + KEY_LINES, len(lines)))
                if _END.search(lines[i], begin.end() if i == at else 0)
            ),
            None,
        )
        if end == at:  # on one line, with \n written out
            stop = _END.search(lines[at], begin.end())
            assert stop is not None
            yield at, _Span(begin.end(), stop.start(), "private key", lines[at][begin.end() : stop.start()])
            at += 1
            continue
        if rest := _ENCODED.search(lines[at], begin.end()):
            yield at, _Span(rest.start(), len(lines[at]), "private key", label)
        inside = range(at + 1, end if end is not None else len(lines))
        at += 1
        for i in inside:
            if end is None and not _WHOLE_LINE.search(lines[i]):
                break
            for part in _ENCODED.finditer(lines[i]):
                yield i, _Span(*part.span(), "private key", label)
            at = i + 1


def _echoes(value: str) -> bool:
    return len(value) >= ECHO and credentials.looks_random(value)


def _add_echoes(lines: Sequence[str], spans: list[list[_Span]], values: Mapping[str, str]) -> None:
    pattern = re.compile("|".join(re.escape(v) for v in sorted(values, key=len, reverse=True)))
    for line, found in zip(lines, spans, strict=True):
        found += (_Span(*m.span(), values[m[0]], m[0]) for m in pattern.finditer(line))


def _merged(spans: Sequence[_Span]) -> list[_Span]:
    """Without overlaps: of those that overlap the first and longest speaks, for all that they cover."""
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
