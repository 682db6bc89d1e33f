"""Excerpts that are asked for, as text within a budget of tokens: the reduced log, some of its lines,
or what a search finds. A `redactor` shares its numbering of secrets with other excerpts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import re2

from logsieve.core.analysis import Analysis
from logsieve.core.redact import Redactor
from logsieve.core.reduce import reduce
from logsieve.core.render import Log, Rendered, gap_text, render, tokens_of
from logsieve.model import Excerpt, Gap, Piece

__all__ = ["MOST_HITS", "Found", "Look", "Shown", "block", "lines", "narrowed", "opened", "reduced", "search"]

ATTEMPTS = 3  # numbers, and placeholders longer than their secrets, come on top; each attempt asks for that much less
BYTES = 4  # of a token
LONG = 700  # characters of a line that are shown of one that was searched for, and of those around it
BESIDE = 30  # bytes of what says how much of a line, or how many lines, were left out
MOST_HITS = 1000  # hits that are counted: more say that the search was for too little
_ANYWHERE = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001 (as in packs.patterns)
_NOWHERE = (-1, -1)


@dataclass(frozen=True, slots=True)
class Shown:
    """An excerpt, its text, and what numbered the secrets in it."""

    excerpt: Excerpt
    rendered: Rendered
    redactor: Redactor

    @property
    def end(self) -> int:
        """The line after the last one shown."""
        return self.excerpt.pieces[-1].end if self.excerpt.pieces else 0


def reduced(
    analysis: Analysis,
    budget: int,
    finding: int | None = None,
    *,
    numbers: bool = True,
    redactor: Redactor | None = None,
) -> Shown:
    """The reduced log, or one finding of `analysis.findings` with its surroundings; without line numbers on request."""
    return _fitted(analysis, budget, lambda ask: reduce(analysis, ask, finding), redactor, numbers)


def block(
    analysis: Analysis, start: int, end: int, anchor: int = -1, most: int = 20, longest: int = LONG, bare: bool = False
) -> Excerpt:
    """Lines start..end (0-based, half-open), with no gap before or after them; `bare` of what the runner puts before
    each: its time, its job.

    Of more than `most` lines the first three, the last three and those around the anchor are kept, of longer lines
    `longest` characters.
    """
    kept = set(range(start, end))
    if len(kept) > most:
        around = range(max(start, anchor - 3), min(end, anchor + most - 9)) if anchor >= 0 else range(0)
        kept = {*range(start, start + 3), *around, *range(end - 3, end)}
        kept |= {line for line in range(start, end) if line - 1 in kept and line + 1 in kept}  # a gap takes a line too
    pieces = [_piece(first, last, {}, longest, analysis) for first, last in _runs(sorted(kept))]
    for piece in pieces if bare else ():
        lines = range(piece.start, piece.end)
        piece.repeated.update((line, len(analysis.wrapping.of_runner(analysis.text.clean(line)))) for line in lines)
    return Excerpt(tuple(pieces), tuple(Gap(a.end, b.start, "") for a, b in pairwise(pieces)), 0, 0)


def _runs(lines: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for line in lines:
        if runs and runs[-1][1] == line:
            runs[-1] = (runs[-1][0], line + 1)
        else:
            runs.append((line, line + 1))
    return runs


def narrowed(shown: Shown, excerpt: Excerpt, count: int) -> Rendered:
    """Of what is shown of a log of so many lines the lines that an excerpt holds, letter for letter, and how many
    others there are between them.
    """
    kept = {line for piece in excerpt.pieces for line in range(piece.start, piece.end)}
    width, end = len(str(count)), 0
    rows: list[str] = []
    lines: list[int | None] = []
    for row, line in zip(shown.rendered.text.split("\n"), (*shown.rendered.lines, count), strict=True):
        if line is None or (line not in kept and line != count):
            continue
        if end < line:
            rows.append(gap_text(Gap(end, line, ""), width))
            lines.append(None)
        if line < count:
            rows.append(row)
            lines.append(line)
        end = line + 1
    text = "".join(f"{row}\n" for row in rows)
    return Rendered(text, tokens_of(text), shown.rendered.redactions, tuple(lines))


def lines(log: Log, start: int, end: int, budget: int, redactor: Redactor | None = None) -> Shown:
    """Lines start..end (0-based, half-open): as many from the first one on as fit, then a gap for the rest.

    A single line may take the whole budget, one of several a quarter of it; longer ones are cut.
    """

    def made(ask: int) -> Excerpt:
        room = ask * BYTES - BESIDE
        longest = max(1, room if end - start == 1 else room // 4)
        last = start
        while last < end:
            room -= _cost(last, _piece(last, last + 1, {}, longest, log), log)
            if room < 0 and last > start:
                break
            last += 1
        gaps = (Gap(last, end, ""),) if last < end else ()
        return Excerpt((_piece(start, last, {}, longest, log),), gaps, 0, ask)

    return _fitted(log, budget, made, redactor)


class Look:
    """What is looked for: a text, or a regular expression in RE2's syntax, in either case. Raises ValueError."""

    def __init__(self, what: str, regex: bool = False) -> None:
        if not what or "\n" in what:
            raise ValueError("expected some text without a line end")
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = False
        options.never_nl = True
        try:
            self._match = re2.compile("(?m)" + (what if regex else re2.escape(what)), options)._regexp.Match  # noqa: SLF001 (as in packs.patterns)
        except re2.error as error:
            reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
            raise ValueError(f"no regular expression of RE2: {reason.replace('(?m)', '')}") from error

    def at(self, data: bytes, start: int = 0) -> tuple[int, int]:
        """Where the first match from `start` on begins and ends; (-1, -1) where there is none."""
        begin, end = self._match(_ANYWHERE, data, start, len(data))[0]
        return begin, end


@dataclass(frozen=True, slots=True)
class Found:
    """`hits` are the lines that match (0-based), MOST_HITS at most; `shown` holds the first of them, up to `next`,
    None where it holds all.
    """

    shown: Shown
    hits: tuple[int, ...]
    next: int | None


def search(
    log: Log,
    look: Look,
    start: int,
    context: int,
    budget: int,
    progress: Callable[[float], None] = lambda _: None,
    *,
    redactor: Redactor | None = None,
) -> Found:
    """The lines from `start` on that match, each with `context` lines around it.

    What is searched is what would be shown: what matches only in what is redacted does not count, so that no secret can
    be guessed a letter at a time. `progress` is called with the share done and may raise to stop the search.
    """
    columns: dict[int, int] = {}  # of the first match on a line
    for line, column in _candidates(log, look, start, progress):
        rendered = render(Excerpt((_piece(line, line + 1, {line: column}, LONG, log),), (), 0, 0), log)
        if not rendered.redactions or look.at(rendered.text.encode("utf-8", "replace")) != _NOWHERE:
            columns[line] = column
            if len(columns) == MOST_HITS:
                break

    def around(line: int, beside: int, end: int, longest: int) -> tuple[int, Piece]:
        first, last = max(end, line - beside), min(len(log.text), line + beside + 1)
        piece = _piece(first, max(first, last), columns, longest, log)
        return BESIDE + sum(_cost(n, piece, log) for n in range(piece.start, piece.end)), piece

    def made(ask: int) -> Excerpt:
        room = ask * BYTES
        pieces: list[Piece] = []
        for line in columns:
            end = pieces[-1].end if pieces else start
            cost, piece = around(line, context, end, min(LONG, ask))
            if cost > room and pieces:
                break
            if cost > room:  # the first one is shown all the same
                cost, piece = around(line, 0, end, min(LONG, ask))
            room -= cost
            pieces += [piece] if piece.start < piece.end else []
        between = ((a.end, b.start) for a, b in pairwise(pieces))
        return Excerpt(tuple(pieces), tuple(Gap(a, b, "") for a, b in between if a < b), 0, ask)

    shown = _fitted(log, budget, made, redactor)
    left = (line for line in columns if line >= shown.end)
    return Found(shown, tuple(columns), next(left, None))


def _candidates(log: Log, look: Look, start: int, progress: Callable[[float], None]) -> Iterator[tuple[int, int]]:
    """The lines from `start` on that match as they are, and the column at which."""
    text = log.text
    for line, end in text.chunks(start):
        progress(line / len(text))
        data = text.clean_bytes(line, end)
        at = 0
        while at < len(data):
            found, _ = look.at(data, at)
            if found < 0:
                break
            line += data.count(b"\n", at, found)
            begin = data.rfind(b"\n", at, found) + 1 or at
            yield line, len(data[begin:found].decode("utf-8", "replace"))
            at = data.index(b"\n", found) + 1
            line += 1


def opened(excerpt: Excerpt, runs: Iterable[tuple[int, int]], longest: int, log: Log) -> Excerpt:
    """The excerpt with what of its gaps lies in `runs` (half-open, in order), long lines cut to `longest` characters.

    Its `tokens` stay those of what was chosen.
    """
    pieces, gaps = [*excerpt.pieces], []
    for gap in excerpt.gaps:
        at = gap.start
        for run in runs:
            start, end = max(run[0], at), min(run[1], gap.end)
            if start < end:
                gaps += [replace(gap, start=at, end=start)] if at < start else []
                pieces.append(_piece(start, end, {}, longest, log))
                at = end
        gaps += [replace(gap, start=at)] if at < gap.end else []
    return replace(excerpt, pieces=tuple(sorted(pieces, key=lambda p: p.start)), gaps=tuple(gaps))


def _piece(start: int, end: int, columns: Mapping[int, int], longest: int, log: Log) -> Piece:
    """Lines start..end; those that are longer are cut around their column, the first one where they have none."""
    cut = {}
    for line in range(start, end):
        if (length := len(log.text.clean(line))) > longest:
            first = max(0, columns.get(line, 0) - longest // 3)
            cut[line] = first, min(length, first + longest)
    return Piece(start, end, "asked for", cut)


def _cost(line: int, piece: Piece, log: Log) -> int:
    """Bytes of a line of a piece: its number, what is kept of it, and what says how much was not."""
    start, end = piece.cut.get(line, (0, None))
    kept = log.text.clean(line)[start:end].encode("utf-8", "replace")
    return len(f"{len(log.text)} | \n") + len(kept) + 2 * BESIDE * (line in piece.cut)


def _fitted(
    log: Log, budget: int, made: Callable[[int], Excerpt], redactor: Redactor | None = None, numbers: bool = True
) -> Shown:
    """The excerpt that is made for a budget, or for less until its text fits."""
    ask = budget
    for _ in range(ATTEMPTS):
        shown = _rendered(log, made(ask), redactor, numbers)
        if shown.rendered.tokens <= budget:
            return shown
        ask = max(1, ask * budget // shown.rendered.tokens - 1)
    return _rendered(log, made(ask), redactor, numbers)


def _rendered(log: Log, excerpt: Excerpt, redactor: Redactor | None, numbers: bool) -> Shown:
    redactor = redactor or Redactor(log.redact)
    return Shown(excerpt, render(excerpt, log, numbers=numbers, redactor=redactor), redactor)
