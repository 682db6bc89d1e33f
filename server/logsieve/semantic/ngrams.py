"""Lines as bags of hashed n-grams, for all lines at once: words, pairs of words and runs of characters, without a table
of them (feature hashing: Weinberger et al., 2009).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["BITS", "ngrams"]

BITS = 17  # a bucket's number has so many
LONGEST = 300  # bytes of a line that are looked at
RUN = 4  # characters of a run
WORD = 24  # bytes of a word that tell it from others

Hashes = NDArray[np.uint32]
Lines = NDArray[np.int32]

# What differs from run to run looks alike: digits but 0, which is no number of errors.
_PLAIN = bytes(ord("9") if ord("1") <= n <= ord("9") else n for n in range(256))
_IS_WORD = np.array([n >= 128 or n == ord("_") or chr(n).isalnum() for n in range(256)])
_LOWER = np.frombuffer(bytes(range(256)).lower(), np.uint8)
_POWERS = np.cumprod(np.full(WORD, 0x01000193, np.uint32), dtype=np.uint32)
_KEYS = np.array([0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F, 0x165667B1], np.uint32)  # of the places in a run
_MIX = np.uint32(0x9E3779B1)


def ngrams(lines: Sequence[bytes]) -> tuple[NDArray[np.int32], Lines]:
    """The buckets of all n-grams of some lines (without line ends): int32 of shape [n-grams], 0 to 2**BITS - 1; and the
    line of each, int32 of the same shape.
    """
    # A line begins with the newline before it, so that its first words are others than the same words within a line.
    raw = np.frombuffer(b"\n".join([b"", *(line[:LONGEST] for line in lines)]).translate(_PLAIN), np.uint8)
    line = np.cumsum(raw == ord("\n"), dtype=np.int32) - np.int32(1)
    found = [*_runs(raw, line), *_words(raw, line)]
    return np.concatenate([_buckets(h, kind) for kind, (h, _) in enumerate(found)]), np.concatenate(
        [of for _, of in found]
    )


def _runs(raw: NDArray[np.uint8], line: Lines) -> Iterator[tuple[Hashes, Lines]]:
    """Runs of characters, in lower case."""
    low = _LOWER[raw].astype(np.uint32)
    count = max(0, len(raw) - RUN + 1)
    inside = np.flatnonzero(line[:count] == line[RUN - 1 :]) if count else np.zeros(0, np.int64)
    hashes = np.zeros(count, np.uint32)
    for n in range(RUN if count else 0):
        hashes += low[n : n + count] * _KEYS[n]
    yield hashes[inside], line[inside]


def _words(raw: NDArray[np.uint8], line: Lines) -> Iterator[tuple[Hashes, Lines]]:
    """Words as they are written, and pairs of them with the character behind the first one."""
    edges = np.flatnonzero(np.diff(_IS_WORD[raw], prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    length = np.minimum(ends - starts, WORD)
    hashes: Hashes = (ends - starts).astype(np.uint32)
    for n in range(int(length.max(initial=0))):
        longer = np.flatnonzero(length > n)
        hashes[longer] += (raw[starts[longer] + n].astype(np.uint32) + np.uint32(1)) * _POWERS[n]
    of = line[starts]
    yield hashes, of
    pairs = np.flatnonzero(of[1:] == of[:-1])
    between = raw[ends[pairs]].astype(np.uint32)
    yield hashes[pairs] * np.uint32(31) + hashes[pairs + 1] * _MIX + between, of[pairs]


def _buckets(hashes: Hashes, kind: int) -> NDArray[np.int32]:
    mixed = (hashes ^ (hashes >> np.uint32(15))) * _MIX + _KEYS[kind]
    mixed = (mixed ^ (mixed >> np.uint32(13))) * _KEYS[1]
    buckets: NDArray[np.int32] = (mixed >> np.uint32(32 - BITS)).astype(np.int32)
    return buckets
