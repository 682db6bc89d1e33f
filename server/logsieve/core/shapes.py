"""Shapes: the message without digits, hashed. Equal shapes are the same event; a template is a shape made readable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import xxhash
from numpy.typing import NDArray

__all__ = ["occurrences", "shapes", "template"]

_DIGITS = b"0123456789"


def shapes(messages: bytes) -> NDArray[np.uint64]:
    """The shape of each line of `messages` (each ended by a newline): uint64 of shape [lines], 0 where blank."""
    digest = xxhash.xxh3_64_intdigest
    lines = messages.translate(None, _DIGITS).split(b"\n")[:-1]
    return np.fromiter((digest(line) if line.strip() else 0 for line in lines), np.uint64, len(lines))


def occurrences(column: NDArray[np.uint64], watched: Callable[[range, int], Iterable[int]]) -> NDArray[np.int32]:
    """How often the shape of each line occurs in the log: int32 of shape [lines]. `watched` may stop the work."""
    found = np.empty(len(column), np.int32)
    blank = column == 0
    found[blank] = np.count_nonzero(blank)
    kinds = column.view(np.uint8)[::8] & 15
    kinds[blank] = 16
    # What takes several times the memory of its lines looks at a sixteenth of them at a time.
    for kind in watched(range(16), 1):
        lines = np.flatnonzero(kinds == kind)
        _, inverse, counts = np.unique(column[lines], return_inverse=True, return_counts=True)
        found[lines] = counts[inverse]
    return found


_VARIABLE = re.compile(
    r"""(?x)
    (?<![\w.]) (?:
        \d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?   # times
      | [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}
      | 0x[0-9a-fA-F]+
      | (?:\d{1,3}\.){3}\d{1,3}(?::\d+)?                                     # addresses
      | [0-9a-f]{7,64}(?=\b)(?<=\d[0-9a-f]{0})                               # hashes that end in a digit
      | (?:/[\w.@+-]+){2,}/?                                                 # paths
      | [-+]?\d+(?:[.,:]\d+)*%?
    ) (?!\w)
    | (?<=[A-Za-z_.-])\d+
    """
)


def template(message: str) -> str:
    """The message with its variables as `<*>`: times, ids, addresses, paths, numbers."""
    return re.sub(r"<\*>(?:[ ,:;.]?<\*>)+", "<*>", _VARIABLE.sub("<*>", message))
