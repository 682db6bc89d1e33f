"""The model that ships: a weight for each bucket of n-grams, and two small networks that look at a line's context."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from logsieve.semantic.context import Columns, features
from logsieve.semantic.ngrams import BITS, ngrams

__all__ = ["ModelError", "Network", "Scorer", "loaded", "shipped", "times"]

MAGIC = b"LogSieve relevance 1\n"
FAR = 5  # standard deviations beyond which a feature says no more
GROUP = 2000  # lines whose n-grams are looked at together: more leave the processor's cache

Floats = NDArray[np.float32]


class ModelError(Exception):
    """The weights are missing or are not what was written."""


@dataclass(frozen=True, eq=False)
class Network:
    """One hidden layer over standardised features: float32 of shapes [features], [features], [features, hidden],
    [hidden], [hidden] and [1].
    """

    mean: Floats
    spread: Floats
    inner: Floats
    shift: Floats
    outer: Floats
    bias: Floats

    def __call__(self, found: Floats) -> Floats:
        """Log odds of shape [lines]."""
        plain = np.clip((found - self.mean) / self.spread, -FAR, FAR)
        return times(np.tanh(times(plain, self.inner) + self.shift), self.outer) + self.bias


def times(left: Floats, right: Floats) -> Floats:
    """The product of a matrix with another or with a vector; that of `@` depends on how many threads there are."""
    product: Floats = np.einsum("ij,jk->ik" if right.ndim > 1 else "ij,j->i", left, right)
    return product


@dataclass(frozen=True, eq=False)
class Scorer:
    """How much a line looks like what explains a failure.

    `weights` are int8 of shape [2**BITS], in units of `unit`. `alone` judges a line by text and context, `beside` by
    what packs know of it too. From `relevant` (log odds, of either) on a line counts as relevant; those between the two
    of `unsure` are hard to tell.
    """

    weights: NDArray[np.int8]
    unit: float
    bias: float
    alone: Network
    beside: Network
    relevant: tuple[float, float]
    unsure: tuple[float, float]

    def said(self, messages: Sequence[bytes]) -> Floats:
        """What each message says by itself: log odds, float32 of shape [lines]."""
        parts = [self._said(messages[at : at + GROUP]) for at in range(0, len(messages), GROUP)]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def _said(self, messages: Sequence[bytes]) -> Floats:
        buckets, line = ngrams(messages)
        count = len(messages)
        total = np.bincount(line, self.weights[buckets], count) * self.unit
        size = np.maximum(1, np.bincount(line, minlength=count))
        return (total / np.sqrt(size) + self.bias).astype(np.float32)

    def relevance(self, messages: list[bytes], columns: Columns, *, packs: bool = True) -> Floats:
        """How relevant consecutive lines of a log are: float32 of shape [lines], more than 0 where they are."""
        if not messages:
            return np.zeros(0, np.float32)
        network, least = (self.beside, self.relevant[1]) if packs else (self.alone, self.relevant[0])
        return network(features(self.said(messages), messages, columns, packs)) - np.float32(least)

    def to_bytes(self) -> bytes:
        """What `of_bytes` reads."""
        arrays = [getattr(network, name) for network in (self.alone, self.beside) for name in _PARTS]
        head = {"bits": BITS, "unit": self.unit, "bias": self.bias, "relevant": self.relevant, "unsure": self.unsure}
        told = json.dumps(head | {"shapes": [array.shape for array in arrays]}).encode() + b"\n"
        body = told + self.weights.tobytes() + b"".join(array.astype("<f4").tobytes() for array in arrays)
        return MAGIC + hashlib.sha256(body).digest() + body

    @classmethod
    def of_bytes(cls, data: bytes) -> Scorer:
        """The model in some bytes. Raises ModelError where they hold none, or a damaged one."""
        body = data[len(MAGIC) + 32 :]
        if data[: len(MAGIC)] != MAGIC or hashlib.sha256(body).digest() != data[len(MAGIC) : len(MAGIC) + 32]:
            raise ModelError("the weights of the relevance model are damaged")
        told, _, rest = body.partition(b"\n")
        head = json.loads(told)
        if head["bits"] != BITS:
            raise ModelError("the weights of the relevance model are those of another version")
        at = 1 << BITS
        weights = np.frombuffer(rest, np.int8, at)
        arrays = []
        for shape in head["shapes"]:
            size = int(np.prod(shape))
            arrays.append(np.frombuffer(rest, "<f4", size, at).reshape(shape).astype(np.float32))
            at += 4 * size
        half = len(_PARTS)
        return cls(
            weights,
            head["unit"],
            head["bias"],
            Network(*arrays[:half]),
            Network(*arrays[half:]),
            tuple(head["relevant"]),
            tuple(head["unsure"]),
        )


_PARTS = ("mean", "spread", "inner", "shift", "outer", "bias")


def loaded(path: Traversable | None = None) -> Scorer:
    """The model in a file, or the one that ships with the package. Raises ModelError."""
    try:
        return Scorer.of_bytes((path or files("logsieve.semantic").joinpath("weights.bin")).read_bytes())
    except OSError as error:
        raise ModelError("the weights of the relevance model are missing") from error


@lru_cache(maxsize=1)
def shipped() -> Scorer | None:
    """The same, or None where it cannot be used: what that takes is told once, and all else goes on without it."""
    try:
        return loaded()
    except ModelError as error:
        logging.getLogger(__name__).warning("%s; lines are not scored", error)
        return None
