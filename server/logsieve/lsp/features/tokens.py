"""Semantic tokens: times, levels, ids, paths, numbers, names of tests and exit codes, in logs and in views of them.

Their types are those that every editor has colours for. How bad a level is, is told by a modifier too: not all themes
tell two colours apart, and not all eyes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.views import View

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.text import LogText

LEGEND = ("comment", "keyword", "string", "variable", "function", "enumMember", "number")
# The groups of _TOKEN in it; what stands for lines that are left out is a comment too.
_TYPES = {"time": 0, "level": 1, "path": 2, "id": 3, "test": 4, "name": 4, "code": 5, "number": 6}
MODIFIERS = ("error", "warning")
LONGEST = 1000  # characters of a line that are looked at
FULL = 2000  # lines of a document that is told as a whole, in 0.1 s; of a longer one the editor asks for what it shows

_DATE = r"\d{4}[-/]\d\d[-/]\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TOKEN = re.compile(
    rf"""(?x)
    (?P<time> (?<![\w.]) (?: {_DATE} (?:[T ]{_CLOCK})? (?:Z|[ ]?[+-]\d\d:?\d\d)?
        | {_MONTH}[ ]{{1,2}}\d{{1,2}}[ ]{_CLOCK} | {_CLOCK} ) (?![\w:]) )
  | (?P<level> (?<![\w./-]) (?: (?P<error> ERR(?:OR)? | FATAL | CRIT(?:ICAL)? | SEVERE | PANIC | FAIL(?:ED|URE)?
        | (?:[Ee]rror|[Ff]atal|[Pp]anic)(?=:|\]|[ ][A-Z]{{1,6}}\d) )
        | (?P<warning> WARN(?:ING)? | (?:[Ww]arning|[Ww]arn)(?=:|\]|[ ][A-Z]{{1,6}}\d) )
        | INFO | NOTICE | DEBUG | TRACE ) (?![\w./-]) )
  | (?P<id> (?<!\w) (?: [0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}} | 0x[0-9a-fA-F]{{1,64}}
        | (?=\d{{0,63}}[a-f]) (?=[a-f]{{0,63}}\d) [0-9a-f]{{7,64}} ) (?!\w) )
  | (?P<path> (?<!\w) [a-z][a-z+]{{1,9}}:// [^\s"'<>()\[\]]++
        | (?<![\w/\\.-])
          (?: [A-Za-z]:[/\\] | ~?/ | \.{{1,2}}/
            | (?=[\w.@+-]{{1,80}}[/\\][\w.@+/\\-]{{0,400}}\.[A-Za-z]\w{{0,7}}(?!\w)) )
          [\w.@+-]{{1,80}} (?:[/\\]{{1,2}}[\w.@+-]{{1,80}}){{0,40}}+ )
    (?: :: (?P<test> \w[\w.:-]{{0,200}}+ (?:\[[^\]\s]{{1,100}}+\])? ) )?
  | (?P<name> (?<![\w./-]) (?: test_\w{{1,200}} | Test[A-Z]\w{{0,200}} (?:[./]\w{{1,200}}){{0,9}} ) )
  | (?: (?<!\w) (?i: exit(?:ed)?(?:[ ]with)? (?:[ ](?:code|status))? | (?:exit|status|error)[ _]?code | errno | signal )
        [ :=]{{1,3}} (?P<code> -?\d{{1,10}} ) (?!\w) )
  | (?P<number> (?<![\w.]) \d{{1,30}} (?:[.,:]\d{{1,30}}){{0,8}}
        (?: % | [ ]?(?:[kKMGT]i?)?B(?:/s)? | [mnuµ]?s | min )? (?!\w) )
    """
)

# Row, first column and length in the client's units, type and modifiers as the legend counts.
Token = tuple[int, int, int, int, int]


def tokens(analysis: Analysis, at: Coordinates, first: int, last: int) -> list[int]:
    """The tokens of the client's lines first..last (inclusive), each as five numbers, relative to the one before."""
    encoded: list[int] = []
    row = column = 0
    for token in _of_view(at, first, last) if isinstance(at, View) else _of_log(analysis.text, at, first, last):
        encoded += (token[0] - row, token[1] - (column if token[0] == row else 0), *token[2:])
        row, column = token[:2]
    return encoded


def all_tokens(analysis: Analysis, at: Coordinates) -> list[int] | None:
    """Those of the whole document; None for a long one."""
    last = at.height if isinstance(at, View) else len(analysis.text)
    if last > FULL:
        return None
    return tokens(analysis, at, 0, last if isinstance(at, View) else at.last(last - 1) if last else 0)


def _of_log(text: LogText, at: Coordinates, first: int, last: int) -> Iterator[Token]:
    for line in range(max(0, at.line(first)), at.line(last) + 1):
        raw = text.raw(line)
        if raw.isascii() and raw[:LONGEST].decode().replace("\t", "").isprintable():
            row = at.first(line)
            for start, end, kind, modifiers in _found(raw[:LONGEST].decode()):
                yield row, start, end - start, kind, modifiers
        elif len(raw) <= 4 * LONGEST:  # to find the way through more of colours and frames takes long
            for start, end, kind, modifiers in _found(text.clean(line)[:LONGEST]):
                begin = at.position(line, text.raw_column(line, start))
                until = at.position(line, text.raw_column(line, end - 1) + 1)
                if begin[0] == until[0] and begin < until and first <= begin[0] <= last:
                    yield *begin, until[1] - begin[1], kind, modifiers


def _of_view(at: View, first: int, last: int) -> Iterator[Token]:
    units = at.client.units
    for row in range(first, min(last + 1, at.height)):
        shown, margin = at.row(row)
        if at.shown_on(row) is None:
            yield row, 0, units(shown), LEGEND.index("comment"), 0
            continue
        for start, end, kind, modifiers in _found(shown[margin : margin + LONGEST]):
            before = units(shown[: margin + start])
            yield row, before, units(shown[margin + start : margin + end]), kind, modifiers


def _found(text: str) -> Iterator[tuple[int, int, int, int]]:
    """First and last column (exclusive) of each token, its type and its modifiers."""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind == "test":
            yield *found.span("path"), _TYPES["path"], 0
        modifiers = 0 if kind != "level" else 1 if found["error"] else 2 if found["warning"] else 0
        yield *found.span(kind), _TYPES[kind], modifiers


async def tokens_full(front: Front, params: types.SemanticTokensParams) -> types.SemanticTokens | None:
    """`textDocument/semanticTokens/full`."""
    return await _answer(front, params.text_document.uri, f"{__name__}:all_tokens")


async def tokens_range(front: Front, params: types.SemanticTokensRangeParams) -> types.SemanticTokens | None:
    """`textDocument/semanticTokens/range`: for logs of any size."""
    lines = (params.range.start.line, params.range.end.line)
    return await _answer(front, params.text_document.uri, f"{__name__}:tokens", *lines)


async def _answer(front: Front, uri: str, function: str, *lines: int) -> types.SemanticTokens | None:
    from lsprotocol import types

    data: list[int] | None = await front.session.ask(uri, function, *lines, unasked=True, ready=True)
    if data is None:
        front.owed.add("semantic_tokens")
        return None
    return types.SemanticTokens(data)
