"""A second opinion, of a larger model, on lines that are hard to tell, in the background of a reduced log."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.settings import Semantic

OTHER = "the layer for it was trained for all-MiniLM-L6-v2, and {} is another model"
DONE = "lines that are hard to tell get no second opinion: %s"


def opinion(analysis: Analysis, _at: Coordinates, semantic: Semantic) -> Any:
    """Whether the reduced log has other likely places by a second opinion, which Later gives; False where there is none
    to be had, and none is needed.
    """
    from logsieve.core import relevance
    from logsieve.core.fitting import LIMITS
    from logsieve.lsp.later import Better, meanings
    from logsieve.semantic import meaning
    from logsieve.semantic.second import PROBE, second, text_of

    if analysis.second is not None or not (layer := second()):
        return False
    lines, odds = relevance.unsure(analysis, layer.unsure)
    texts = [text_of(relevance.messages(analysis, line, line + 1)[0]) for line in lines.tolist()]
    distinct = list(dict.fromkeys(texts))[: semantic.lines]
    if not distinct:
        return False
    if why := meaning.problem(semantic.model) or _unfit.get(semantic.model):
        _tell(why)
        return False

    def compared(vectors: Any, note: str | None) -> Any:
        why = note or (None if layer.fits(vectors[0]) else OTHER.format(semantic.model))
        if why:
            _unfit[semantic.model] = why
            _tell(why)
            return False
        rows = {text: row for row, text in enumerate(distinct[: len(vectors) - 1], 1)}
        known = [n for n, text in enumerate(texts) if text in rows]
        said = layer.odds(odds[known], vectors[[rows[texts[n]] for n in known]])
        better = replace(analysis, second=(lines[known], said))
        before, after = ([(each.start, each.end) for each in a.likely[: LIMITS.likely]] for a in (analysis, better))
        return Better(analysis, better, before != after)

    return meanings([PROBE, *distinct], semantic, compared, quiet=True)


_unfit: dict[str, str] = {}  # models of no use, and why: they are not tried again


@lru_cache
def _tell(why: str) -> None:
    """Say so in the server's log, once."""
    logging.getLogger(__name__).warning(DONE, why)


async def ask(front: Front, log: str) -> None:
    """Have the views of a log read again where a second opinion makes them better."""
    semantic = front.settings.semantic
    if semantic.lines and await front.session.ask(log, f"{__name__}:opinion", semantic):
        front.refresh_views(log)
