"""Logs of which is known what explains their failure: LogChunks, CiDiff, LogDx and passing runs below one folder, and
the fixtures of the repository.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Labelled", "fixtures", "held", "labelled"]

LONG = 12  # bytes from which an equal line elsewhere in the log says the same: a label marks one occurrence
_ANSI = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A log and the lines (start, end: 0-based, half-open) that explain its failure, none where the run passed.

    `group` is what it has in common with logs that are no independent witnesses: its repository, or its tool.
    `signals` are, of LogDx, what must be kept: the texts and the lines by which it is, any of which will do.
    """

    source: str
    group: str
    path: Path
    ranges: tuple[tuple[int, int], ...]
    signals: tuple[tuple[tuple[str, ...], tuple[tuple[int, int], ...]], ...] = ()

    def columns(self, data: bytes, count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of so many lines are labelled, and which are neither labelled nor say the same as one that is: bool of
        shape [lines].
        """
        lines = [_ANSI.sub(b"", line).strip() for line in data.split(b"\n")][:count]
        marked, other = np.zeros(count, bool), np.zeros(count, bool)
        for start, end in self.ranges:
            marked[start:end] = True
        said = {lines[n] for n in np.flatnonzero(marked).tolist() if n < len(lines) and len(lines[n]) > LONG}
        other[[n for n, line in enumerate(lines) if not marked[n] and line not in said]] = True
        return marked, other


def held(group: str) -> bool:
    """Whether logs of a repository are never learnt from: a third of them."""
    return int(hashlib.sha1(b"logsieve" + group.encode(), usedforsecurity=False).hexdigest(), 16) % 3 == 0


def labelled(root: Path) -> Iterator[Labelled]:
    """The logs of LogChunks, CiDiff, LogDx, of passing runs, and the fixtures below a folder: those that it has."""
    for source in ("logchunks", "cidiff"):
        index = root / source / "labels.jsonl"
        rows = index.read_text(encoding="utf-8").splitlines() if index.exists() else []
        for row in map(json.loads, rows):
            path = root / source / row["path"]
            if path.exists():
                yield Labelled(source, row["repo"], path, tuple((a - 1, b) for a, b in row["ranges"]))
                baseline = path.parent / row.get("baseline", "?")
                if baseline.exists():
                    yield Labelled("passing", row["repo"], baseline, ())
    for truth in sorted(root.glob("logdx/**/ground_truth.json")):
        told = json.loads(truth.read_text(encoding="utf-8"))
        spans = tuple((s["start_line"] - 1, s["end_line"]) for s in told.get("evidence_spans", ()))
        yield Labelled(
            "logdx", truth.parent.name, truth.parent / "raw.log", spans, tuple(map(_signal, told["required_signals"]))
        )
    yield from fixtures(root)


def _signal(told: dict[str, Any]) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    texts = (told.get("value"), *(told.get("aliases") or ()), told.get("file"))
    lines = tuple((a - 1, b) for a, b in told.get("evidence_lines") or ())
    return tuple(text for text in texts if text and text.strip()), lines


def fixtures(root: Path) -> Iterator[Labelled]:
    """The fixtures of a checkout: what a reduced log must hold of them explains their failure."""
    for expected in sorted(root.glob("*/*/expected.toml")):
        told = tomllib.loads(expected.read_text(encoding="utf-8"))
        keep = [(a - 1, b) for a, b in told.get("keep", {}).get("lines", ())]
        root_line = told.get("root", {}).get("line")
        keep += [(root_line - 1, root_line)] if root_line else []
        if told["verdict"] == "passed":
            keep = []
        yield Labelled("fixtures", expected.parents[1].name, expected.with_name("log.txt"), tuple(keep))
