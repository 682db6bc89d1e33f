"""Verification: are the lines an answer cites, and the text it quotes, in the log? Links those, marks the others.

The log is what the model was shown: redacted, without what terminals hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote as percent

from logsieve.core.render import Log, render, visible
from logsieve.llm.answer import Line, code, joined, lines, text
from logsieve.llm.prompt import inert
from logsieve.model import Excerpt, Piece
from logsieve.text import LogText

__all__ = ["Verified", "verify"]

SHORTEST = 12  # characters of a quote without line number that are worth a search of the log
MOST = 200  # claims of one answer that are looked up; the rest counts as not found
LONGEST = 2000  # characters of a quote, and of the log line around it, that are compared
BELOW = 3  # lines below the one a quote begins on that it may go on to
ANCHOR = 8  # words of a quote that are searched for; where they stand, all of it is compared
PLACES = 2000  # lines where those words stand that are compared
FEW = 50  # lines that are compared without a search
ALIKE = 80  # percent of likeness from which a wrong quote is said to differ from the line it cites
_NOWHERE = -1

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
_LOGLIKE = ("", "text", "txt", "log", "console")  # fences that quote; others hold code

_PLACEHOLDER = re.compile(r"<(secret|email|ip|user):\d+>")
_ELLIPSIS = re.compile(r"\[\.\.\.[^\]]*\]|\.\.\.|…")
_GAP = "\0"
_DROPPED = re.compile(r"[\"'`“”‘’\\]")  # models change quotes, and escape
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer as Markdown, safe to show; how many of its claims (cited lines, quotes) the log does and does not bear
    out.
    """

    text: str
    verified: int
    unverified: int

    @property
    def header(self) -> str:
        """What is to be said above the answer."""
        if not self.verified + self.unverified:
            return "*Checked against the log: nothing, for no line of it is named or quoted.*"
        missing = f"; **{self.unverified} not, and marked so**" if self.unverified else ""
        total = self.verified + self.unverified
        return f"*Checked against the log: {self.verified} of {total} lines and quotes found{missing}.*"


class _Claim(NamedTuple):
    """Ranges of lines cited (1-based, inclusive; may be none), and the text said to be there (empty if none is)."""

    ranges: tuple[tuple[int, int], ...]
    quote: str
    row: str = ""  # the whole of `41 | text`: a log may have rows of that form itself


def verify(answer: str, analysis: Log, uri: str = "", *, unfinished: bool = False) -> Verified:
    """Look up every line reference (`L12`, `L10-L20`, `line 12`) and quote of an answer in the log.

    What holds becomes a link to `uri` with the line as fragment (no links without `uri`); what does not is marked; no
    other link is left. Code in advice ("Fix", "Missing") is no quote unless it names its line. Of an `unfinished`
    answer come the lines with which it will begin when it is finished.
    """
    check = _Check(analysis, uri)
    shown = [check.line(line) for line in lines(answer, unfinished=unfinished)]
    text = "".join(f"{line}\n" for line in shown) if unfinished else "\n".join(shown)
    return Verified(text, check.verified, check.unverified)


class _Check:
    def __init__(self, log: Log, uri: str) -> None:
        self._lookup = _Lookup(log)
        self._length = len(log.text)
        self._uri = percent(uri, safe="/:%?=&#@+,;~!$'*[]")
        self._advice = False
        self.verified = 0
        self.unverified = 0

    def line(self, line: Line) -> str:
        """The line as it is shown."""
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
        line, problem = self._judge(claim)
        if problem:
            return f"{bare or shown} *({problem})*"
        return f"[{shown}]({self._uri}#L{line})" if self._uri and line else bare or shown

    def _mark(self, claim: _Claim) -> str:
        problem = self._judge(claim)[1]
        return f" *({problem})*" if problem else ""

    def _judge(self, claim: _Claim) -> tuple[int, str]:
        """The line where the claim holds (1-based), or what is wrong with it; counts it."""
        if self.verified + self.unverified >= MOST:
            self.unverified += 1
            return 0, "not looked up: too many quotes"
        line, problem = self._look_up(claim)
        if problem:
            self.unverified += 1
        else:
            self.verified += 1
        return line, problem

    def _look_up(self, claim: _Claim) -> tuple[int, str]:
        there = all(1 <= first <= last <= self._length for first, last in claim.ranges)
        if there and claim.ranges and not claim.quote:
            return claim.ranges[0][0], ""
        pieces = _pieces(claim.quote)
        for first, last in claim.ranges if there else ():
            if (line := self._lookup.find(pieces, first - 1, last)) != _NOWHERE:
                return line + 1, ""
        if claim.row and (line := self._lookup.find(_pieces(claim.row), 0, self._length)) != _NOWHERE:
            return line + 1, ""
        if not there:
            return 0, f"not found in the log, which has {self._length:,} lines"
        line = self._lookup.find(pieces, 0, self._length)
        if not claim.ranges:
            return (line + 1, "") if line != _NOWHERE else (0, "not found in the log")
        if line != _NOWHERE:
            place = f"L{line + 1}"
            return 0, f"not there, but at {f'[{place}]({self._uri}#{place})' if self._uri else place}"
        first, last = claim.ranges[0]
        if self._lookup.is_like(claim.quote, first - 1, min(last, first + BELOW)):
            return 0, f"not word for word what L{first} says"
        return 0, "not found in the log"


class _Lookup:
    """Finds quotes in the log, as it was sent."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def find(self, pieces: Sequence[str], start: int, end: int) -> int:
        """The line among start..end where the pieces stand one after the other, or -1."""
        if not any(pieces):
            return start
        places = self._places(pieces, start, end)
        found = (line for below in (0, BELOW) for line in places if self._begins(pieces, line, below))
        return next(found, _NOWHERE)

    def is_like(self, quote: str, start: int, end: int) -> bool:
        """Whether lines start..end are nearly what is quoted."""
        from rapidfuzz import fuzz

        said, there = _plain(quote), " ".join(row[:LONGEST] for row in self._sent(start, end, {}))
        return len(said) <= 2 * len(there) and fuzz.partial_ratio(said, there, score_cutoff=ALIKE) > 0

    def _places(self, pieces: Sequence[str], start: int, end: int) -> Sequence[int]:
        """The lines among start..end that are worth a look."""
        if end - start <= FEW:
            return range(start, end)
        words = max((_WORD.findall(piece)[:ANCHOR] for piece in pieces), key=lambda found: sum(map(len, found)))
        hits = islice(_candidates(self._log.text, words, start, end), PLACES) if words else ()
        return list(dict.fromkeys(n for hit in hits for n in range(max(start, hit - BELOW), hit + 1)))

    def _begins(self, pieces: Sequence[str], line: int, below: int) -> bool:
        """Whether the pieces stand one after the other in a line, and so many below it."""
        end = min(len(self._log.text), line + 1 + below)
        cut: dict[int, tuple[int, int]] = {}
        shown: list[str] = []
        for number in range(line, end):
            there = self._log.text.clean(number)
            if len(there) > 2 * LONGEST:
                cut[number] = _window(there, pieces)
            shown.append(_plain(there[slice(*cut.get(number, (None, None)))]))
        # What only stands there when its secrets are seen is no evidence: the model has not seen them.
        return _stands(pieces, shown) and _stands(pieces, self._sent(line, end, cut))

    def _sent(self, start: int, end: int, cut: Mapping[int, tuple[int, int]]) -> list[str]:
        """Lines start..end as the model got them."""
        excerpt = Excerpt((Piece(start, end, "", dict(cut)),), (), 0, 0)
        rows = render(excerpt, self._log).text.removesuffix("\n").split("\n")
        return list(map(_plain, rows))


def _cited(row: str) -> _Claim | None:
    match = _CITED.match(row)
    if match is None:
        return None
    barred = "|" in row[: match.start("text")]
    return _Claim(_ranges(match["a"] or match["b"]), match["text"].strip().strip("`"), row if barred else "")


def _uncited(said: str) -> _Claim | None:
    """What is long enough to be a quote."""
    said = said.strip()
    bare = _PLACEHOLDER.sub("", said)
    return _Claim((), said) if len(bare) >= SHORTEST and " " in said and _WORD.search(bare) else None


def _ranges(lines: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(m[1]), int(m[2] or m[1])) for m in _NUMBERS.finditer(lines))


def _pieces(quote: str) -> list[str]:
    """What stands between the ellipses and placeholders of a quote, as it is compared; empty at an end that is open."""
    whole = _ELLIPSIS.sub(_GAP, _PLACEHOLDER.sub(_GAP, quote[:LONGEST]))
    pieces = [_plain(piece) for piece in whole.split(_GAP)]
    return [piece for index, piece in enumerate(pieces) if piece or index in (0, len(pieces) - 1)]


def _plain(text: str) -> str:
    return " ".join(_DROPPED.sub("", inert(visible(text))).split())


def _stands(pieces: Sequence[str], rows: Sequence[str]) -> bool:
    """Whether the first piece begins in the first row, and the others stand behind it, there or below."""
    row, column = 0, 0
    for index, piece in enumerate(pieces):
        if not piece:
            continue
        edges = index == 0, index == len(pieces) - 1  # those that are the quote's own: no number goes on there
        first = not any(pieces[:index])
        found = _place(piece, rows, range(row, row + 1 if first else len(rows)), column, edges)
        if found is None:
            return False
        row, column = found
    return True


def _place(
    piece: str, rows: Sequence[str], among: Sequence[int], column: int, edges: tuple[bool, bool]
) -> tuple[int, int] | None:
    """Where a piece ends (row, column) that begins in one of some rows; it may go on in the next that is not empty."""
    for row in among:
        text = rows[row]
        column = column if row == among[0] else 0
        at = text.find(piece, column)
        while at >= 0:
            if _is_whole(text, at, at + len(piece), edges):
                return row, at + len(piece)
            at = text.find(piece, at + 1)
        below = next((n for n in range(row + 1, len(rows)) if rows[n]), None)
        if below is None:
            continue
        for match in re.finditer(" ", piece):
            space = match.start()
            start = len(text) - space
            if start >= column and text.endswith(piece[:space]) and _is_whole(text, start, len(text), edges):
                found = _place(piece[space + 1 :], rows, (below,), 0, (False, edges[1]))
                if found:
                    return found
    return None


def _is_whole(text: str, start: int, end: int, edges: tuple[bool, bool]) -> bool:
    """Whether no number goes on at an edge: `exit code 1` is not in `exit code 137`, nor `3 passed` in `13 passed`."""
    left = edges[0] and text[start].isdigit() and re.search(r"\d[.,]?$", text[max(0, start - 2) : start])
    return not left and not (edges[1] and text[end - 1].isdigit() and re.match(r"[.,]?\d", text[end : end + 2]))


def _window(line: str, pieces: Sequence[str]) -> tuple[int, int]:
    """What of a long line is compared: around the words with which the first piece begins."""
    words = next((words for piece in pieces if (words := _WORD.findall(piece)[:ANCHOR])), [])
    found = re.search(r"\W+".join(map(re.escape, words)), line)
    at = found.start() if found else 0
    return max(0, at - LONGEST), min(len(line), at + LONGEST)


def _candidates(log: LogText, words: Sequence[str], start: int, end: int) -> Iterator[int]:
    """The lines among start..end where these words stand one after the other, whatever is between."""
    look = re.compile(rb"[^0-9A-Za-z_]+".join(re.escape(word.encode()) for word in words))
    for first, last in log.chunks(start, end):
        data = log.clean_bytes(first, last)
        line, at = first, 0
        for match in look.finditer(data):
            line += data.count(b"\n", at, match.start())
            at = match.start()
            yield line
