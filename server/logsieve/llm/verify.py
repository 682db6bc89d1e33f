"""Verification: are the lines an answer cites, and the text it quotes, in the log, or in the code that went along?
Links those, marks the others.

Log and code are what the model was shown: redacted, without what terminals hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote as percent

from logsieve.core.render import Log
from logsieve.llm.answer import Line, code, joined, lines, text
from logsieve.llm.quotes import BELOW, NOWHERE, PLACEHOLDER, WORD, Code, Lookup, Source, pieces_of

__all__ = ["Code", "Verified", "verify"]

SHORTEST = 12  # characters of a quote without line number that are worth a search of the log
MOST = 200  # claims of one answer that are looked up; the rest counts as not found
MISSING = "not found in the log"

_HEADING = re.compile(r"\s{0,3}#+\s*(.*?)[\s#:]*$|\s{0,3}\*\*(.+?):?\*\*:?\s*$")
_ADVICE = re.compile(r"(?i)\b(?:fix|missing|suggest|recommend|next|solution|remed|how to)")
_RANGE = r"\d{1,9}(?:\s?(?:-|–|to)\s?L?\d{1,9})?"
_LINES = rf"(?<![\w#/=&?.-])L{_RANGE}\b|\b[Ll]ine\s{_RANGE}\b|\b[Ll]ines\s{_RANGE}(?:(?:,|,?\sand|,?\sor)\s{_RANGE})*\b"
_ELSEWHERE = r"(?!\s(?:of|in)\s(?!(?:the|this|your|that)\s(?:\w+\s)?(?:log|output|excerpt)\b))"  # line 12 of a file
_TOKEN = re.compile(rf"(?P<lines>(?:{_LINES}){_ELSEWHERE})|[\"“](?P<said>[^\"“”`]+)[\"”]")
_NUMBERS = re.compile(r"(\d{1,9})(?:\s?(?:-|–|to)\s?L?(\d{1,9}))?")
_IN_FILE = re.compile(r"[\w/\\-]\.[A-Za-z]\w{0,7}[\"'`)]*,?(?:\s(?:at|on|in))?\s$")  # before `line 12`: a file's name
_BEFORE = re.compile(rf"(?P<lines>{_LINES})[^\w`]{{0,4}}$")
_AFTER = re.compile(rf",?\s?[(\[]?(?:(?:at|on|in|from|see)\s)?(?P<lines>{_LINES}){_ELSEWHERE}(?![^\w`]{{0,4}}`)")
_CITED = re.compile(rf"\s*(?:(?:L|[Ll]ine\s)(?P<a>{_RANGE})\s?[:|]|(?P<b>{_RANGE})\s?\|)\s?(?P<text>.*)$")
_ROW = re.compile(r"(?P<lead>(?:[\s>]|[-*+]\s|\d{1,9}[.)]\s)*)(?P<row>\d{1,9}\s?\|\s.*)$")
_QUOTED = re.compile(r"(?P<lead>\s*>[\s>]*)(?P<row>[^\s>\[*].*)$")
_UNQUOTED = "/:%?=&#@+,;~!$'*[]"  # of a URI
_LOGLIKE = ("", "text", "txt", "log", "console")  # fences that quote; others hold code


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer as Markdown, safe to show; how many of its claims (cited lines, quotes) the log, and the code where
    some went along, does and does not bear out.
    """

    text: str
    verified: int
    unverified: int
    code: bool = False

    @property
    def header(self) -> str:
        """What is to be said above the answer."""
        if not self.verified + self.unverified:
            return "*Checked against the log: nothing, for no line of it is named or quoted.*"
        against = "the log and the code" if self.code else "the log"
        missing = f"; **{self.unverified} not, and marked so**" if self.unverified else ""
        total = self.verified + self.unverified
        return f"*Checked against {against}: {self.verified} of {total} lines and quotes found{missing}.*"


class _Claim(NamedTuple):
    """Ranges of lines cited (1-based, inclusive; may be none), and the text said to be there (empty if none is)."""

    ranges: tuple[tuple[int, int], ...]
    quote: str
    row: str = ""  # the whole of `41 | text`: a log may have rows of that form itself


class _Found(NamedTuple):
    """Where a claim holds: a link (empty where none is to be made) and, of code, file and line; or what is wrong."""

    link: str = ""
    place: str = ""
    problem: str = ""


def verify(
    answer: str, analysis: Log, uri: str = "", code: Sequence[Code] = (), *, unfinished: bool = False
) -> Verified:
    """Look up every line reference (`L12`, `L10-L20`, `line 12`) and quote of an answer in the log, and quotes that are
    not there in the `code` that went along.

    What holds becomes a link to `uri` with the line as fragment (no links without `uri`), or to the code, with its file
    and line behind it where the answer does not tell them; what does not is marked; no other link is left. Code in
    advice ("Fix", "Missing") is no quote unless it names its line. Of an `unfinished` answer come the lines with which
    it will begin when it is finished.
    """
    check = _Check(analysis, uri, code)
    shown = [check.line(line) for line in lines(answer, unfinished=unfinished)]
    text = "".join(f"{line}\n" for line in shown) if unfinished else "\n".join(shown)
    return Verified(text, check.verified, check.unverified, bool(code))


class _Check:
    def __init__(self, log: Log, uri: str, code: Sequence[Code]) -> None:
        self._lookup = Lookup(log)
        self._length = len(log.text)
        self._uri = uri
        self._sources = [Source(part) for part in code]
        self._source = ""
        self._advice = False
        self.verified = 0
        self.unverified = 0

    def line(self, line: Line) -> str:
        """The line as it is shown."""
        self._source = line.source
        if line.fenced:
            claim = _cited(line.source)
            if claim is None and not self._advice and line.language in _LOGLIKE:
                claim = _uncited(line.source)
            return line.source + (self._mark(claim) if claim else "")
        if not line.parts:
            return line.safe
        if heading := _HEADING.match(line.source):
            self._advice = _ADVICE.search(heading[1] or heading[2] or "") is not None
        if len(line.parts) == 1:
            row = _ROW.match(line.source) or (None if self._advice else _QUOTED.match(line.source))
            claim = row and (_cited(row["row"]) or _uncited(row["row"]))
            if row and claim:
                return row["lead"] + self._quote(code(row["row"]), claim)
        return joined(self._parts(line))

    def _parts(self, line: Line) -> Iterator[str]:
        before = ""
        taken = 0  # of the text: up to where it says the lines of the code before it
        for index, part in enumerate(line.parts):
            last = index + 1 == len(line.parts)
            if not part.code:
                yield from self._text(part.text, before, taken, quote_follows=not last)
            else:
                claim, taken = self._code(part.text, before, "" if last else line.parts[index + 1].text)
                yield self._quote(code(part.text), claim) if claim else code(part.text)
            before += part.text

    def _text(self, part: str, before: str, taken: int, *, quote_follows: bool) -> Iterator[str]:
        at = 0
        for match in _TOKEN.finditer(part):
            cited = match["lines"]
            if cited is None:
                claim = None if self._advice else _uncited(match["said"])
                if claim is None:
                    continue
                if ranges := _AFTER.match(part, match.end()):
                    claim, taken = _Claim(_ranges(ranges["lines"]), claim.quote), ranges.end("lines")
                shown = match[0][0] + self._quote(code(match["said"]), claim, bare=text(match["said"])) + match[0][-1]
            elif cited[0] != "L" and (self._advice or _IN_FILE.search(before + part[: match.start()])):
                continue
            elif match.start() < taken or (quote_follows and _BEFORE.fullmatch(part, match.start())):
                continue  # a quote is what is checked, at this line
            else:
                shown = self._quote(cited, _Claim(_ranges(cited), ""))
            yield text(part[at : match.start()])
            yield shown
            at = match.end()
        yield text(part[at:])

    def _code(self, content: str, before: str, after: str) -> tuple[_Claim | None, int]:
        """What a code span claims, and up to where the text after it says its lines."""
        if cited := _cited(content):
            return cited, 0
        if named := _BEFORE.search(before[-60:]):
            return _Claim(_ranges(named["lines"]), content.strip()), 0
        named = _AFTER.match(after)
        if named and (named["lines"][0] == "L" or not _IN_FILE.search(f"{content} ")):
            return _Claim(_ranges(named["lines"]), content.strip()), named.end("lines")
        return None if self._advice else _uncited(content), 0

    def _quote(self, shown: str, claim: _Claim, bare: str = "") -> str:
        """What makes a claim, as a link to where it holds or with a mark; `bare` is how it looks without link."""
        found = self._judge(claim)
        if found.problem:
            return f"{bare or shown} *({found.problem})*"
        linked = f"[{shown}]({found.link})" if found.link else bare or shown
        return linked if found.place in self._source else f"{linked} ({text(found.place)})"

    def _mark(self, claim: _Claim) -> str:
        found = self._judge(claim)
        if found.problem:
            return f" *({found.problem})*"
        return "" if found.place in self._source else f" ({found.place})"

    def _judge(self, claim: _Claim) -> _Found:
        """Where the claim holds, or what is wrong with it; counts it."""
        if self.verified + self.unverified >= MOST:
            self.unverified += 1
            return _Found(problem="not looked up: too many quotes")
        # What stands beside the name of a file is a quote of it, though the log may say the same.
        beside = self._source.replace(claim.quote, "") if claim.quote else ""
        first = self._in_code(claim) if any(source.named(beside) for source in self._sources) else None
        found = first if first and not first.problem else self._in_log(claim)
        if found.problem.startswith(MISSING):
            found = first or self._in_code(claim) or found
        if found.problem:
            self.unverified += 1
        else:
            self.verified += 1
        return found

    def _in_code(self, claim: _Claim) -> _Found | None:
        """None where nothing of the code is quoted."""
        elsewhere = ""
        for source in self._sources if claim.quote else ():
            ranges = source.named(self._source) or claim.ranges
            for line in source.find(claim.quote):
                place = f"{source.code.path}:{line}"
                if not ranges or any(first <= line <= last for first, last in ranges):
                    return _Found(_link(source.code.uri, line), place)
                elsewhere = elsewhere or place
        return _Found(problem=f"not there, but at {text(elsewhere)}") if elsewhere else None

    def _in_log(self, claim: _Claim) -> _Found:
        there = all(1 <= first <= last <= self._length for first, last in claim.ranges)
        if there and claim.ranges and not claim.quote:
            return _Found(_link(self._uri, claim.ranges[0][0]))
        pieces = pieces_of(claim.quote)
        for first, last in claim.ranges if there else ():
            if (line := self._lookup.find(pieces, first - 1, last)) != NOWHERE:
                return _Found(_link(self._uri, line + 1))
        if claim.row and (line := self._lookup.find(pieces_of(claim.row), 0, self._length)) != NOWHERE:
            return _Found(_link(self._uri, line + 1))
        if not there:
            return _Found(problem=f"{MISSING}, which has {self._length:,} lines")
        line = self._lookup.find(pieces, 0, self._length)
        if line == NOWHERE:
            first, last = claim.ranges[0] if claim.ranges else (0, 0)
            if first and self._lookup.is_like(claim.quote, first - 1, min(last, first + BELOW)):
                return _Found(problem=f"not word for word what L{first} says")
            return _Found(problem=f"{MISSING} or the code" if self._sources else MISSING)
        link = _link(self._uri, line + 1)
        if not claim.ranges:
            return _Found(link)
        return _Found(problem=f"not there, but at {f'[L{line + 1}]({link})' if link else f'L{line + 1}'}")


def _link(uri: str, line: int) -> str:
    return f"{percent(uri, safe=_UNQUOTED)}#L{line}" if uri else ""


def _cited(row: str) -> _Claim | None:
    match = _CITED.match(row)
    if match is None:
        return None
    barred = "|" in row[: match.start("text")]
    return _Claim(_ranges(match["a"] or match["b"]), match["text"].strip().strip("`"), row if barred else "")


def _uncited(said: str) -> _Claim | None:
    """What is long enough to be a quote."""
    said = said.strip()
    bare = PLACEHOLDER.sub("", said)
    return _Claim((), said) if len(bare) >= SHORTEST and " " in said and WORD.search(bare) else None


def _ranges(lines: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(m[1]), int(m[2] or m[1])) for m in _NUMBERS.finditer(lines))
