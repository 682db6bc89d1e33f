"""What a line of a log names: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Kind", "Reference"]


class Kind(StrEnum):
    """What a reference names."""

    FILE = "file"
    TEST = "test"
    SYMBOL = "symbol"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that a line names, in its characters from `start` to `end`, the number of the line included where it
    stands with it. A span that ends behind the line goes on at the start of the next.

    `path` is decoded and without scheme, empty where only a name is told; `line` and `column` are as printed, 0 where
    absent; `symbol` is the test, the qualified name or the target, with a file the function in it; of a path that is
    `cut` the beginning was left out.
    """

    start: int
    end: int
    kind: Kind
    path: str = ""
    line: int = 0
    column: int = 0
    symbol: str = ""
    cut: bool = False
