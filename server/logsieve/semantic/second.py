"""A second opinion on lines of which the shipped model is not sure: one layer over what a larger model, of
sentence-transformers, takes them to mean.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from logsieve.semantic.scorer import ModelError, Scorer, shipped, times

__all__ = ["PROBE", "Second", "loaded", "name_of", "second", "text_of"]

PROBE = "error: the build has failed"  # what it means to a model tells this one from others
LONG = 160  # characters of a line that are looked at: more take longer and say little more
SAME = 0.99  # cosine of what it means to one and the same model, whatever it runs on
DIGITS = 4  # after the point, of what is kept: what follows depends on the machine

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Second:
    """How relevant lines are, of their meanings and of what the first opinion, of the shipped model, is.

    `weights` are float32 of shape [dimensions + 1], the last one that of the first opinion. Lines between the two of
    `unsure` (log odds of the first opinion) are worth a second one. `probe` is what PROBE means to the model that this
    was trained for, `first` names the weights of the shipped one.
    """

    weights: Floats
    bias: float
    unsure: tuple[float, float]
    probe: Floats
    first: str

    def fits(self, probe: Floats) -> bool:
        """Whether a model is the one that this was trained for, by what PROBE means to it."""
        return probe.shape == self.probe.shape and float(probe @ self.probe) >= SAME

    def odds(self, first: Floats, meanings: Floats) -> Floats:
        """Log odds of lines, more than 0 where they are relevant: float32 of shape [lines], of the first opinion (the
        same shape) and of meanings of shape [lines, dimensions].
        """
        both: Floats = times(meanings, self.weights[:-1]) + first * self.weights[-1] + np.float32(self.bias)
        return both

    def to_json(self) -> str:
        """What `of_json` reads."""
        told = {name: [round(n, DIGITS) for n in getattr(self, name).tolist()] for name in ("weights", "probe")}
        some = {"bias": round(self.bias, DIGITS), "unsure": [round(n, DIGITS) for n in self.unsure]}
        return json.dumps({"first": self.first} | some | told) + "\n"

    @classmethod
    def of_json(cls, text: str) -> Second:
        """The layer in a text. Raises ModelError where it holds none, or a damaged one."""
        try:
            told = json.loads(text)
            weights, probe = (np.array(told[name], np.float32) for name in ("weights", "probe"))
            low, high = told["unsure"]
            made = cls(weights, float(told["bias"]), (float(low), float(high)), probe, str(told["first"]))
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError("the layer for a second opinion is damaged") from error
        if probe.ndim != 1 or weights.shape != (len(probe) + 1,) or not np.isfinite(weights).all():
            raise ModelError("the layer for a second opinion is damaged")
        return made


def text_of(message: bytes) -> str:
    """What of a message is looked at."""
    return message.decode("utf-8", "replace").strip()[:LONG]


def name_of(scorer: Scorer) -> str:
    """What tells the weights of a shipped model from others."""
    return hashlib.sha256(scorer.weights.tobytes() + scorer.alone.outer.tobytes()).hexdigest()[:16]


def loaded(path: Traversable | None = None) -> Second:
    """The layer in a file, or the one that ships with the package. Raises ModelError."""
    try:
        return Second.of_json((path or files("logsieve.semantic").joinpath("second.json")).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError("the layer for a second opinion is missing") from error


@lru_cache(maxsize=1)
def second() -> Second | None:
    """The layer that ships, or None where it cannot be used: that is told once, and all else goes on without it."""
    scorer = shipped()
    try:
        layer = loaded()
    except ModelError as error:
        logging.getLogger(__name__).warning("%s; there are no second opinions", error)
        return None
    if scorer is None or layer.first != name_of(scorer):
        logging.getLogger(__name__).warning("the layer for a second opinion is that of other weights; it is not used")
        return None
    return layer
