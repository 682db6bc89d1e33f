"""Folds: noise with what it hides, sections, blocks, JSON and the like, and in blocks the frames of libraries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.features.noise import fold_text
from logsieve.lsp.views import parse

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front


@dataclass(frozen=True, slots=True)
class Fold:
    """The client's lines start..end (inclusive), foldable; `text` is what to show instead, None for the first line."""

    start: int
    end: int
    text: str | None


def folds(analysis: Analysis, at: Coordinates, most: int) -> list[Fold]:
    """At most `most` folds that nest, one a first line: noise before sections before blocks before values of JSON,
    XML and YAML before frames of libraries, longer before shorter.
    """
    from logsieve.codebase import library_frames, payloads

    noise = [(n.start, n.end, fold_text(n)) for n in analysis.noise]
    sections = [(s, e, None) for s, e in zip(analysis.sections.starts, analysis.sections.ends, strict=True)]
    blocks = [(b.start, b.end, None) for b in analysis.blocks]
    values = [(p.start, p.end, None) for p in payloads(analysis)]
    wanted: dict[int, tuple[int, int, str | None]] = {}
    for group in (noise, sections, blocks, values, library_frames(analysis)):
        for fold in sorted(group, key=lambda f: f[0] - f[1]):
            if fold[1] - fold[0] > 1 and len(wanted) < most:
                wanted.setdefault(fold[0], fold)
    return [Fold(at.first(start), at.last(end - 1), text) for start, end, text in _nested(list(wanted.values()))]


def _nested(wanted: list[tuple[int, int, str | None]]) -> list[tuple[int, int, str | None]]:
    """Folds in order, without those that cross the end of one they begin in: editors take only nested ones."""
    out: list[tuple[int, int, str | None]] = []
    open_until: list[int] = []
    for start, end, text in sorted(wanted, key=lambda f: f[0]):
        while open_until and open_until[-1] <= start:
            open_until.pop()
        if open_until and end > open_until[-1]:
            continue
        open_until.append(end)
        out.append((start, end, text))
    return out


async def folding_range(front: Front, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """`textDocument/foldingRange`."""
    from lsprotocol import types

    uri = params.text_document.uri
    if parse(uri):  # what says nothing is folded in logs; a view is for reading
        return []
    client_most = front.can("text_document.folding_range.range_limit") or front.settings.folding.max
    most = min(front.settings.folding.max, client_most)
    found: list[Fold] | None = await front.session.ask(uri, f"{__name__}:folds", most, unasked=True)
    shows_text = bool(front.can("text_document.folding_range.folding_range.collapsed_text"))
    return [
        types.FoldingRange(
            fold.start,
            fold.end,
            kind=types.FoldingRangeKind.Region if fold.text else None,
            collapsed_text=fold.text if shows_text else None,
        )
        for fold in found or ()
    ]
