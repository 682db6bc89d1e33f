"""A log too large for an editor: real logs of runs that passed, one after the other, among them one that failed."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["BigLog"]

# Runs that passed. Those after the failed one do not say so: the last word counts.
BEFORE = [
    "npm/verbose-passed",
    "github-actions/passed",
    "webpack/warnings-passed",
    "jest/passed",
    "cmake/build-pass",
    "cargo/test-pass",
]
AFTER = ["npm/verbose-passed", "npm/retry-then-added"]
FAILED = "pytest/long-verbose-two-failures"


@dataclass(frozen=True)
class BigLog:
    """`cause` is the line (1-based) of the root cause, `contains` what stands there, `lines` how many there are."""

    path: Path
    cause: int
    contains: str
    lines: int

    @classmethod
    def write(cls, path: Path, size: int, fixtures: Path, share: float = 0.5) -> BigLog:
        """Write a log of at least `size` bytes, a share of it before the run that failed."""
        failed = _read(fixtures, FAILED)
        root = tomllib.loads((fixtures / FAILED / "expected.toml").read_text(encoding="utf-8"))["root"]
        with path.open("wb") as file:
            before = _fill(file, int(share * size), [_read(fixtures, name) for name in BEFORE])
            file.write(failed)
            after = _fill(file, size, [_read(fixtures, name) for name in AFTER])
        return cls(path, before + root["line"], root["contains"], before + failed.count(b"\n") + after)


def _fill(file: BinaryIO, size: int, logs: list[bytes]) -> int:
    """Write logs, again and again, until the file has a size; how many lines that were."""
    lines = 0
    for data in itertools.cycle(logs):
        if file.tell() >= size:
            break
        file.write(data)
        lines += data.count(b"\n")
    return lines


def _read(fixtures: Path, name: str) -> bytes:
    data = (fixtures / name / "log.txt").read_bytes()
    return data if data.endswith(b"\n") else data + b"\n"
