"""A model's answer as Markdown in which nothing is live: no link, no image, no HTML, no diagram, whoever renders it.

A parser would say what one renderer makes of an answer, but there are many. So each line is made safe by itself,
whatever blocks it stands in: outside of code what could begin something live is escaped and addresses become code; a
code span begins and ends on its line; a fence stands at the margin and is always closed; there are no tables, which cut
code spans in two. Parsers judge in the tests. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from logsieve.core.render import visible

__all__ = ["Line", "Part", "Stream", "code", "joined", "lines", "safe", "text"]

LONGEST = 2000  # characters that a code span over several lines may have, and that are held back for the end of one

# Languages that a fence may name: some renderers draw, fetch or even run what others name.
_LANGUAGE = re.compile(
    "text|txt|log|console|shell|sh|bash|zsh|powershell|bat|cmd|python|py|pycon|javascript|js|jsx|typescript|ts|tsx|json"
    "|jsonc|yaml|yml|toml|ini|xml|html|css|scss|sql|diff|patch|c|cpp|csharp|cs|fsharp|java|kotlin|groovy|scala|swift"
    "|go|rust|ruby|php|perl|lua|r|elixir|erlang|haskell|ocaml|dart|zig|nix|make|makefile|cmake|dockerfile|hcl|terraform"
)
_PUNCTUATION = r"[!-/:-@\[-`{-~]"
_TICKS = re.compile("`+")
_TICKS_OR_ESCAPE = re.compile(rf"\\{_PUNCTUATION}|`+")
_LEAD = r"(?:[\s>]|[-*+]\s|\d{1,9}[.)]\s)*"  # of quotes and lists
_OPENING = re.compile(rf"{_LEAD}(?P<mark>`{{3,}}(?=[^`]*$)|~{{3,}})\s*(?P<language>[^\s`]*)")
_SEAMS = frozenset({"``", "![", "\\`", "\\["})
_LETTER = re.compile(r"[^\W\d_]")
_BLOCK = re.compile(r"\s*(?:[-*+>#`~]|\d{1,9}[.)]\s)")
_TABLE = re.compile(r"[-\s|:>+*\d.)]*$")  # what the line below a table's heads is made of
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]{0,31}://|(?:mailto|xmpp):|www\.|(?<![\w:/])//(?=[\w-]+\.\w)"
_LIVE = re.compile(
    rf"(?P<escaped>\\{_PUNCTUATION})|<(?P<autolink>(?:{_SCHEME})[^\s<>`]*)>"
    # Without the full stop or bracket that ends the sentence around it.
    rf"|(?P<address>(?:{_SCHEME})(?:[^\s<>`\[\]]*[^\s<>`\[\].,;:!?(){{}}'\"*_])?|[\w.+-]{{1,64}}@[\w-]{{1,64}}\.[\w.-]*\w)"
    r"|\](?=[(\[:])"  # links, references and their definitions, footnotes
    r"|!(?=\[)"  # images
    r"|<(?=[A-Za-z/!?]|[^\x00-\x7f])"
    r"|&(?=\#?[0-9A-Za-z]{1,32};)"
    r"|`|~(?=~~)|(?<=~)~(?=~)|(?<=~~)~"
    r"|@(?=import\b)"  # a preview that many have installed fetches what such a line names
)


class Part(NamedTuple):
    """A piece of a line: text, or what stands between the ticks of a code span."""

    text: str
    code: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its source; its parts, of one of text; whether it is in a fence, and in one of which language."""

    source: str
    parts: tuple[Part, ...] = ()
    fenced: bool = False
    language: str = ""

    @property
    def safe(self) -> str:
        """The line in which nothing is live."""
        return joined(code(p.text) if p.code else text(p.text) for p in self.parts) if self.parts else self.source


def safe(answer: str) -> str:
    """All of an answer in which nothing is live."""
    return "\n".join(line.safe for line in lines(answer))


def lines(answer: str, *, unfinished: bool = False) -> Iterator[Line]:
    """The lines of an answer; a code span over several makes them one. A fence that is left open is closed.

    Of an `unfinished` answer the lines that will not change however it goes on.
    """
    reader = _Reader()
    sources = [visible(source.rstrip("\r")) for source in answer.split("\n")]
    if unfinished:
        sources.pop()
    at = 0
    while at < len(sources):
        end = at + 1 if reader.fence else _end_of_span(sources, at, unfinished)
        if end > len(sources):
            return
        yield reader.read(" ".join([sources[at], *(source.strip() for source in sources[at + 1 : end])]))
        at = end
    if reader.fence and not unfinished:
        yield Line(reader.fence)


class Stream:
    """An answer that comes in pieces: of each, what can be shown by now, in which nothing is live."""

    def __init__(self) -> None:
        self._reader = _Reader()
        self._held = ""  # not shown yet
        self._begun = False  # whether the beginning of its line is shown
        self._last = ""  # what was shown last

    def feed(self, piece: str) -> str:
        """What the piece adds: whole lines, and whole words of the last one."""
        *whole, self._held = (self._held + piece).split("\n")
        shown = [self._line(source) + "\n" for source in whole]
        if self._reader.fence is None and not piece.isalnum():
            shown.append(self._words())
        return "".join(shown)

    def end(self) -> str:
        """What is left."""
        shown = self._line(self._held)
        return f"{shown}\n{self._reader.fence}" if self._reader.fence else shown

    def _line(self, source: str) -> str:
        source = visible(source.rstrip("\r"))
        begun, self._begun = self._begun, False
        line = Line(source, _parts(source)[0]) if begun else self._reader.read(source)
        shown, self._last = self._apart(line.safe), ""
        return shown

    def _words(self) -> str:
        words = self._held[: max(self._held.rfind(" "), self._held.rfind("\t")) + 1]
        long = len(words) > LONGEST
        if not self._begun and (_OPENING.match(words) or not _LETTER.search(words)):
            if not long:
                return ""  # may still become a fence or the line below a table's heads
            words = words.replace("|", " ")
        parts, opened = _parts(visible(words))
        if opened >= 0 and not long:
            words = words[:opened]
            parts, _ = _parts(visible(words))
        if not words:
            return ""
        self._held = self._held[len(words) :]
        self._begun = True
        return self._apart(Line(words, parts).safe)

    def _apart(self, shown: str) -> str:
        apart = joined([self._last[-1:], shown])[len(self._last[-1:]) :]
        self._last = shown or self._last
        return apart


def text(part: str) -> str:
    """Text outside of code: it looks as before, but addresses are code."""
    return joined(_pieces(part))


def _pieces(part: str) -> Iterator[str]:
    at = 0
    for match in _LIVE.finditer(part):
        yield part[at : match.start()]
        address = match["autolink"] or match["address"]
        yield code(address) if address else match[0] if match["escaped"] else f"\\{match[0]}"
        at = match.end()
    yield part[at:]


def code(content: str) -> str:
    """A code span on one line."""
    if not content.strip():
        return content
    ticks = "`" * (max((len(run) for run in _TICKS.findall(content)), default=0) + 1)
    pad = " " if content[0] in " `" or content[-1] in " `" else ""
    return f"{ticks}{pad}{content.strip()}{pad}{ticks}"


def joined(pieces: Iterable[str]) -> str:
    """The pieces side by side, each as it is: no ticks become one run, no link an image, nothing is escaped."""
    out: list[str] = []
    last = ""
    for piece in pieces:
        seam = last[-1:] + piece[:1] in _SEAMS and last != "\\!"
        out.append(f" {piece}" if seam else piece)
        last = piece or last
    return "".join(out)


class _Reader:
    """Reads lines one after the other; `fence` is what closes the fence that they are in, or None."""

    def __init__(self) -> None:
        self.fence: str | None = None
        self._language = ""

    def read(self, source: str) -> Line:
        if self.fence is not None:
            mark = source.lstrip(" \t>").rstrip()
            if not mark.startswith(self.fence) or mark.strip(self.fence[0]):
                # Neovim's parser takes such a run at the end of a line for the end of the fence.
                inside = re.sub(f"{self.fence[1:]}(?={self.fence[0]})", r"\g<0> ", source)
                return Line(inside, fenced=True, language=self._language)
            closing, self.fence = self.fence, None
            return Line(closing)
        if opening := _OPENING.match(source):
            self.fence = opening["mark"]
            self._language = opening["language"].lower()
            return Line(self.fence + (self._language if _LANGUAGE.fullmatch(self._language) else ""))
        if "|" in source and _TABLE.match(source):
            source = source.replace("|", "\\|")
        return Line(source, _parts(source)[0])


def _parts(source: str) -> tuple[tuple[Part, ...], int]:
    """The parts of a line, and where in it ticks stand first that no others close, or -1."""
    runs: dict[int, list[int]] = defaultdict(list)
    for run in _TICKS.finditer(source):
        runs[len(run[0])].append(run.start())
    parts: list[Part] = []
    at = place = 0
    opened = -1
    while match := _TICKS_OR_ESCAPE.search(source, place):
        place = match.end()
        if match[0][0] == "\\":
            continue
        alike = runs[len(match[0])]
        closing = bisect_right(alike, match.start())
        if closing == len(alike):
            opened = match.start() if opened < 0 else opened
            continue
        parts += [Part(source[at : match.start()], code=False), Part(source[place : alike[closing]], code=True)]
        at = place = alike[closing] + len(match[0])
    return (*parts, Part(source[at:], code=False)), opened


def _end_of_span(sources: list[str], at: int, unfinished: bool) -> int:
    """The line after those that a code span joins to this one; beyond the last one where that is not known yet."""
    whole = sources[at]
    if "`" not in whole or _OPENING.match(whole) or _parts(whole)[1] < 0:
        return at + 1
    for end in range(at + 1, len(sources)):
        if not sources[end].strip() or _BLOCK.match(sources[end]) or len(whole) > LONGEST:
            return at + 1
        whole += f" {sources[end].strip()}"
        if _parts(whole)[1] < 0:
            return end + 1
    return len(sources) + 1 if unfinished else at + 1
