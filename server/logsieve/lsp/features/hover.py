"""Hover: the code that a line names; what a finding is and why it ranks where it does; why noise is noise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates, Span, range_of
from logsieve.lsp.features.noise import fold_text
from logsieve.lsp.features.source import named_at
from logsieve.model import Finding

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.codebase import Codebase, Place
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front

_LIVE = re.compile(r"([\\`*_<>\[\]&#|~])")  # characters that could mean something in the middle of a line of Markdown
CODE = 30  # lines of a function
WIDTH = 200  # characters of one
RELATED = 5  # other places named in a hover; the diagnostics have them all


def hover_at(
    analysis: Analysis, at: Coordinates, code: Codebase, line: int, column: int, markdown: bool
) -> tuple[str, Span] | None:
    """What is known of a position of the client's: text and the lines or the name it is about, or None."""
    asked, line = line, at.line(line)
    if line < 0 or asked > at.last(line):  # the empty line after the last line end
        return None
    named = named_at(analysis, at, code, asked, column, exactly=True)
    if named and named[1][0].sure and named[1][0].line:
        return _of_code(code, named[1][0], markdown), named[0]
    for rank, f in enumerate(analysis.findings):
        if f.start <= line < f.end:
            return _of_finding(at, f, rank, len(analysis.findings), markdown), at.lines(f.start, f.end)
    for n in analysis.noise:
        if n.start <= line < n.end:
            text = f"Noise: {fold_text(n)}"
            return escaped(text) if markdown else text, at.lines(n.start, n.end)
    return None


def _of_finding(at: Coordinates, f: Finding, rank: int, of: int, markdown: bool) -> str:
    safe, quoted = (escaped, code) if markdown else (_one_line, _one_line)
    place = "Root cause" if rank == 0 else f"Finding {rank + 1} of {of}"
    parts = [f"**{quoted(f.title)}**" if markdown else quoted(f.title)]
    parts.append(safe(f"{place}: {f.severity.word}, {f.category.value}, rule {f.rule}"))
    if f.message and f.message not in f.title:
        parts.append(fenced(f.message) if markdown else f.message)
    facts = [f"{f.count} times in this log"] if f.count > 1 else []
    facts += [quoted(_place(p.path, p.line, p.column)) for p in f.locations[:RELATED]]
    facts += [safe(f"line {at.number(r.line)}: {r.why}") for r in f.related[:RELATED]]
    facts += [safe(f"why: {why}") for why in f.why]
    if facts:
        parts.append("\n".join(f"- {fact}" for fact in facts))
    return "\n\n".join(parts)


def _of_code(codebase: Codebase, place: Place, markdown: bool) -> str:
    """The function around a place, as its file is now."""
    from logsieve.core.render import visible

    file = codebase.file(place.path)
    found, first, last = file.around(place.line, CODE)
    where = _place(codebase.inside(place.path), place.line, place.column)
    shown = [visible(text)[:WIDTH] for text in file.lines[first:last]]
    if not markdown:
        return "\n".join([where, "", *shown])
    head = f"**{code(where)}**" + (f" in {code(found.name)}" if found else "")
    return f"{head}\n\n{fenced(chr(10).join(shown), file.language)}"


def _place(path: str, line: int, column: int) -> str:
    return ":".join([path, *(str(n) for n in (line, column) if n)])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def escaped(text: str) -> str:
    """Our own words, in which a log's may be mixed, as one line of Markdown: no links, images or HTML come to life."""
    return _LIVE.sub(r"\\\1", _one_line(text))


def code(text: str) -> str:
    """Text of a log as a span of code, which shows it as it is."""
    text = _one_line(text)
    ticks = "`" * (1 + _longest_ticks(text))
    return f"{ticks} {text} {ticks}" if text.startswith("`") or text.endswith("`") else f"{ticks}{text}{ticks}"


def fenced(text: str, language: str = "text") -> str:
    """Text of a log or a file as a block of code; the fence is longer than any run of backticks inside."""
    fence = "`" * max(3, 1 + _longest_ticks(text))
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


async def hover(front: Front, params: types.HoverParams) -> types.Hover | None:
    """`textDocument/hover`."""
    from lsprotocol import types

    markdown = types.MarkupKind.Markdown in (front.can("text_document.hover.content_format") or ())
    asked = params.position.line, params.position.character, markdown
    found: tuple[str, Span] | None = await front.session.ask(
        params.text_document.uri, f"{__name__}:hover_at", *asked, unasked=True, ready=True, code=True
    )
    if found is None:
        return None
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, found[0]), range_of(found[1]))
