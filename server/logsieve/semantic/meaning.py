"""What texts mean, as vectors, by a model of sentence-transformers, where the extra is installed."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["BATCH", "INSTALL", "MeaningError", "available", "embed", "nearness", "problem"]

BATCH = 32  # texts between two looks at the clock
LONG = 500  # characters of a text that are looked at
INSTALL = "to compare meanings takes more: pip install '<path to the LogSieve checkout>[semantic]'"
MISSING = "the model {} is not on this machine; `logsieve search --meaning` downloads it"

Floats = NDArray[np.float32]


class MeaningError(Exception):
    """There is no such model, or nothing to run it; the message says what would help."""


def available() -> bool:
    """Whether the extra is installed; nothing of it is imported."""
    return importlib.util.find_spec("sentence_transformers") is not None


def problem(model: str) -> str | None:
    """Why meanings cannot be compared without a download, as far as that is known before a model is loaded."""
    if not available():
        return INSTALL
    name = model if "/" in model else f"sentence-transformers/{model}"
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    folder = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{name.replace('/', '--')}"
    return None if folder.is_dir() or Path(model).is_dir() else MISSING.format(model)


def nearness(query: str, texts: Sequence[str], model: str, seconds: float) -> list[float]:
    """The cosine of the query's meaning with that of each text, of as many as there is time for; the time to load the
    model does not count. A model that is not on this machine is downloaded. Raises MeaningError.
    """
    wanted = embed([query], model, fetch=True)[0]
    until = time.monotonic() + seconds
    near: list[float] = []
    for at in range(0, len(texts), BATCH):
        if time.monotonic() > until:
            break
        near += (embed(texts[at : at + BATCH], model, fetch=True) @ wanted).tolist()
    return near


def embed(texts: Sequence[str], model: str, *, fetch: bool = False) -> Floats:
    """Unit vectors: float32 of shape [texts, dimensions]. Raises MeaningError.

    A model that is not on this machine is downloaded only with `fetch`.
    """
    loaded = _loaded(model, fetch)
    made: Floats = loaded.encode([text[:LONG] for text in texts], normalize_embeddings=True, show_progress_bar=False)
    return made


@lru_cache(maxsize=1)
def _loaded(model: str, fetch: bool) -> SentenceTransformer:
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MeaningError(INSTALL) from error
    disable_progress_bar()
    try:
        return SentenceTransformer(model, device="cpu", local_files_only=not fetch)
    except Exception as error:  # whatever the library raises: there is no such model, or no network
        raise MeaningError(f"the model {model} cannot be loaded: {' '.join(str(error).split())[:200]}") from error
