"""How near texts come to a query in meaning, by a model of sentence-transformers, where the extra is installed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["MODEL", "MeaningError", "nearness"]

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
BATCH = 32  # texts between two looks at the clock
LONG = 500  # characters of a text that are looked at
INSTALL = "search by meaning needs more: pip install '<path to the LogSieve checkout>[semantic]'"


class MeaningError(Exception):
    """There is no such model, or nothing to run it; the message says what would help."""


def nearness(query: str, texts: Sequence[str], model: str, seconds: float) -> list[float]:
    """The cosine of the query's meaning with that of each text, of as many as there is time for; the time to load the
    model does not count. Raises MeaningError.
    """
    loaded = _loaded(model)
    until = time.monotonic() + seconds
    wanted = loaded.encode([query[:LONG]], normalize_embeddings=True, show_progress_bar=False)[0]
    near: list[float] = []
    for at in range(0, len(texts), BATCH):
        if time.monotonic() > until:
            break
        some = [text[:LONG] for text in texts[at : at + BATCH]]
        near += (loaded.encode(some, normalize_embeddings=True, show_progress_bar=False) @ wanted).tolist()
    return near


@lru_cache(maxsize=1)
def _loaded(model: str) -> SentenceTransformer:
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MeaningError(INSTALL) from error
    disable_progress_bar()
    try:
        return SentenceTransformer(model, device="cpu")
    except Exception as error:  # whatever the library raises: there is no such model, or no network
        raise MeaningError(f"the model {model} cannot be loaded: {' '.join(str(error).split())[:200]}") from error
