"""Inlay hints: how often a line is repeated right after itself, and how long nothing was said before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.views import View

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front

REPEATS = 3  # lines in a row that are the same event
GAP = 10.0  # seconds without a line
BACK = 5  # lines before one among which the last one with a time is looked for
MOST = 1000  # lines of a range that are looked at
PIECE = 1 << 12  # lines looked at together for the end of a run

# Row, column, what is shown and what it means.
Hint = tuple[int, int, str, str]


def hints(analysis: Analysis, at: Coordinates, first: int, last: int) -> list[Hint]:
    """The hints of the client's lines first..last (inclusive)."""
    found: list[Hint] = []
    for line in _lines(at, first, last)[:MOST]:
        said = [*_repeats(analysis, line), *_gap(analysis, line)]
        if said:
            row, column = at.message(analysis, line)[2:]
            found += [(row, column, label, why) for label, why in said]
    return [hint for hint in found if first <= hint[0] <= last]


def _lines(at: Coordinates, first: int, last: int) -> list[int]:
    if isinstance(at, View):
        shown = (at.shown_on(row) for row in range(first, min(last + 1, at.height)))
        return [line for line in shown if line is not None]
    return list(range(max(0, at.line(first)), at.line(last) + 1))


def _repeats(analysis: Analysis, line: int) -> list[tuple[str, str]]:
    """How many lines from the first of a run on are the same but for their numbers."""
    import numpy as np

    shapes = analysis.shapes
    shape = shapes[line]
    if not shape or (line and shapes[line - 1] == shape):
        return []
    end = line + 1
    while end < len(shapes):
        other = np.flatnonzero(shapes[end : end + PIECE] != shape)
        if len(other):
            end += int(other[0])
            break
        end = min(end + PIECE, len(shapes))
    count = end - line
    return [(f"x{count:,}", f"{count:,} lines in a row differ in numbers only")] if count >= REPEATS else []


def _gap(analysis: Analysis, line: int) -> list[tuple[str, str]]:
    """How long after the line before it a line was written."""
    from logsieve.core.sections import clock
    from logsieve.model import duration_text

    now = clock(analysis.text.clean(line))
    if now is None:
        return []
    before = (clock(analysis.text.clean(n)) for n in range(line - 1, max(-1, line - 1 - BACK), -1))
    earlier = next((second for second in before if second is not None), None)
    if earlier is None or now - earlier < GAP:
        return []
    took = duration_text(now - earlier)
    return [(f"+{took}", f"{took} after the line before")]


async def inlay_hint(front: Front, params: types.InlayHintParams) -> list[types.InlayHint] | None:
    """`textDocument/inlayHint`."""
    from lsprotocol import types

    if front.settings.inlayHints == "off":
        return []
    lines = (params.range.start.line, params.range.end.line)
    found: list[Hint] | None = await front.session.ask(
        params.text_document.uri, f"{__name__}:hints", *lines, unasked=True, ready=True
    )
    if found is None:
        front.owed.add("inlay_hint")
        return None
    return [
        types.InlayHint(types.Position(row, column), label, tooltip=why, padding_left=True)
        for row, column, label, why in found
    ]
