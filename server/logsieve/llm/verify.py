"""Verification: are the lines an answer cites, and the text it quotes, in the log? Links those, marks the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from logsieve.core.redact import Redactor
from logsieve.core.render import Log, visible
from logsieve.text import LogText

__all__ = ["Verified", "verify"]

ALIKE = 90  # percent: what a model may change in a quote (spaces, quotes, an ellipsis), and no more
SHORTEST = 12  # characters of a quote without line number that are worth a search of the log
MOST = 200  # claims of one answer that are looked up; the rest stays unmarked, and unverified
NOWHERE = -1
LONGEST = 2000  # characters of a quote, and of the log line, that are compared

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"\s{0,3}#+\s*(.*?)[\s#:]*$|\s{0,3}\*\*(.+?):?\*\*:?\s*$")
_ADVICE = re.compile(r"(?i)\b(?:fix|missing|suggest|recommend|next|solution|remed|how to)")
_NUMBER = r"(\d{1,9})(?:\s?(?:-|–|to)\s?L?(\d{1,9}))?"
_TOKEN = re.compile(
    r"(?P<link>!?\[(?P<label>[^\[\]]*)\]\((?P<target>[^()\s]*)[^()]*\))"
    r"|(?P<span>(?P<ticks>`+)(?P<code>.+?)(?<!`)(?P=ticks)(?!`))"
    r"|\bL(?P<a>\d{1,9})(?:\s?[-–]\s?L?(?P<b>\d{1,9}))?\b"
    r"|\b[Ll]ines?\s(?P<c>\d{1,9})(?:\s?(?:-|–|to)\s?(?P<d>\d{1,9}))?\b(?!\s(?:of|in)\b)"
)
_REFERENCE_BEFORE = re.compile(rf"\bL{_NUMBER}\W{{0,4}}$")
_QUOTE_FOLLOWS = re.compile(r"[^\w`]{0,4}`")
_CITED = re.compile(rf"^\s*>?\s*(?:L(?:ine\s)?{_NUMBER}\s?[:|]|{_NUMBER}\s?\|)\s?(?P<text>.*)$")
_PLACEHOLDER = re.compile(r"<(?:secret|email|ip|user):\d+>")
_ELLIPSIS = re.compile(r"\s*(?:\[\.\.\.[^\]]*\]|\.\.\.|…)\s*")


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer with marks; how many of its claims (cited lines, quotes) the log does and does not bear out."""

    text: str
    verified: int
    unverified: int


class _Claim(NamedTuple):
    """Lines cited (1-based, inclusive; NOWHERE if none) and the text said to be there (empty if none is)."""

    first: int
    last: int
    quote: str


def verify(answer: str, analysis: Log, uri: str = "") -> Verified:
    """Look up every line reference (`L12`, `L10-L20`, `line 12`) and quote of an answer in the log.

    What holds becomes a link to `uri` with the line as fragment (no links without `uri`); what does not is marked.
    Code in advice ("Fix", "Missing") is no quote unless it names its line.
    """
    return _Check(analysis, uri).run(answer)


class _Check:
    def __init__(self, analysis: Log, uri: str) -> None:
        self.log = analysis.text
        self.uri = uri
        self.redact = analysis.redact
        self.verified = 0
        self.unverified = 0

    def run(self, answer: str) -> Verified:
        out: list[str] = []
        fence = ""
        advice = False
        for line in answer.split("\n"):
            mark = _FENCE.match(line)
            if mark and (not fence or (mark[1].startswith(fence) and not line[mark.end() :].strip())):
                fence = "" if fence else mark[1]
                out.append(line)
                continue
            if not fence and (heading := _HEADING.match(line)):
                advice = _ADVICE.search(heading[1] or heading[2] or "") is not None
            out.append(self._fenced(line) if fence else self._line(line, advice))
        return Verified("\n".join(out), self.verified, self.unverified)

    def _fenced(self, line: str) -> str:
        claim = _cited(line)
        return line + self._mark(claim) if claim else line

    def _line(self, line: str, advice: bool) -> str:
        quoted = line.lstrip().startswith(">")
        if quoted and (claim := _cited(line)) and "`" not in line:
            return line + self._mark(claim)
        return _TOKEN.sub(lambda m: self._token(m, line, advice), line)

    def _token(self, match: re.Match[str], line: str, advice: bool) -> str:
        if match["link"]:
            return self._foreign_link(match)
        if match["span"]:
            return self._span(match, line, advice)
        first, last = _range(match["a"] or match["c"], match["b"] or match["d"])
        claim = _Claim(first, last, "")
        if _QUOTE_FOLLOWS.match(line, match.end()):
            return match[0]  # the quote is what is checked, at this line
        mark = self._mark(claim)
        return match[0] + mark if mark else self._link(match[0], claim)

    def _span(self, match: re.Match[str], line: str, advice: bool) -> str:
        code = match["code"].strip()
        claim = _cited(code)
        if claim is None:
            before = _REFERENCE_BEFORE.search(line[: match.start()][-40:])
            if before:
                claim = _Claim(*_range(before[1], before[2]), code)
            elif not advice and len(code) >= SHORTEST and " " in code:
                claim = _Claim(NOWHERE, NOWHERE, code)
            else:
                return match[0]
        mark = self._mark(claim)
        return match[0] + mark if mark else self._link(match[0], claim)

    def _link(self, text: str, claim: _Claim) -> str:
        return f"[{text}]({self.uri}#L{claim.first})" if self.uri and claim.first != NOWHERE else text

    def _foreign_link(self, match: re.Match[str]) -> str:
        """A link of the answer as text, unless it leads into the log: nothing is fetched because a model says so."""
        if self.uri and match["target"].startswith(f"{self.uri}#L") and not match["link"].startswith("!"):
            return match[0]
        return f"{match['label']} (`{match['target']}`)"

    def _mark(self, claim: _Claim) -> str:
        """Count the claim; what to say of it, empty if the log bears it out."""
        if self.verified + self.unverified >= MOST:
            self.unverified += 1
            return ""
        problem = self._problem(claim)
        if problem:
            self.unverified += 1
            return f" *({problem})*"
        self.verified += 1
        return ""

    def _problem(self, claim: _Claim) -> str:
        cited = claim.first != NOWHERE
        if cited and not 1 <= claim.first <= claim.last <= len(self.log):
            return f"not found in the log, which has {len(self.log):,} lines"
        if not claim.quote:
            return ""
        if cited and self._stands_at(claim):
            return ""
        at = _find(self.log, claim.quote) + 1
        if not at or not self._stands_at(_Claim(at, at, claim.quote)):
            return "not found in the log"
        return f"not there, but at L{at}" if cited else ""

    def _stands_at(self, claim: _Claim) -> bool:
        """Whether these lines, as they were sent (redacted), hold every piece of the quote: its placeholders count as
        an ellipsis, for which number a value has, and whether it is known here, depends on the excerpt.
        """
        from rapidfuzz import fuzz

        numbers = range(claim.first - 1, min(claim.last, claim.first + 50))
        text = _plain(" ".join(Redactor(self.redact).redact([self.log.clean(i)[:LONGEST] for i in numbers]).lines))
        parts = _parts(claim.quote)
        return bool(parts or _PLACEHOLDER.search(claim.quote)) and all(
            len(p) <= len(text) + 5 and fuzz.partial_ratio(p, text, score_cutoff=ALIKE) > 0 for p in parts
        )


def _cited(text: str) -> _Claim | None:
    match = _CITED.match(text)
    if match is None:
        return None
    return _Claim(*_range(match[1] or match[3], match[2] or match[4]), match["text"].strip().strip("`"))


def _range(first: str, last: str | None) -> tuple[int, int]:
    return int(first), int(last or first)


def _parts(quote: str) -> list[str]:
    """The pieces of a quote between its ellipses and what was redacted, as they are compared."""
    return [p for part in _ELLIPSIS.split(_PLACEHOLDER.sub("…", quote[:LONGEST])) if (p := _plain(part))]


def _plain(text: str) -> str:
    return " ".join(visible(text).split())


def _find(log: LogText, quote: str) -> int:
    """The first line that holds all of a quote, whatever its spaces and secrets are; -1 if none does."""
    pieces = list(_searchable(quote))
    if not pieces:
        return -1
    pattern = re.compile(pieces[0])
    rest = [re.compile(p) for p in pieces[1:]]
    for start, end in log.chunks():
        chunk = log.clean_bytes(start, end)
        for match in pattern.finditer(chunk):
            line_start = chunk.rfind(b"\n", 0, match.start()) + 1
            line_end = chunk.find(b"\n", match.end())
            line = chunk[line_start : line_end if line_end >= 0 else len(chunk)]
            if all(p.search(line) for p in rest):
                return start + chunk.count(b"\n", 0, match.start())
    return -1


def _searchable(quote: str) -> Iterator[bytes]:
    """Byte patterns of the quote's literal pieces, longest first: between ellipses and secrets, with any spaces."""
    text = _PLACEHOLDER.sub("…", visible(quote[:LONGEST])).replace("\ufffd", "…")
    pieces = sorted((p.split() for p in _ELLIPSIS.split(text)), key=lambda words: -sum(map(len, words)))
    for words in pieces:
        if words:
            yield rb"[ \t]+".join(re.escape(word.encode()) for word in words)
