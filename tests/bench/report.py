"""The figures of one run of the bench: a table on the terminal, and JSON to compare with what was measured before."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.corpora import Corpus

__all__ = ["Bench", "Point", "Report", "Row", "about"]

MORE = ("MB/s", "/s")  # units of which more is better; of all others less is
SAME = 1.1  # ratio up to which two figures are the same: so much they differ from run to run


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the median of its runs, what it should be at least or at most, and what stood beside it."""

    value: float
    unit: str
    goal: float | None
    runs: list[float]
    note: str

    @property
    def more_is_better(self) -> bool:
        """Whether it is a speed; else it is a time, a size or an exponent."""
        return self.unit.endswith(MORE)

    @property
    def met(self) -> bool | None:
        """Whether the goal is; None where there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Point:
    """What one size of log took: MB, seconds, and the peak of memory in MB."""

    size: float
    seconds: float
    peak: float


@dataclass(slots=True)
class Report:
    """All figures of one run, by name; `growth` has the points of the plot, by what was measured."""

    before: dict[str, Row]
    about: dict[str, Any]
    rows: dict[str, Row] = field(default_factory=dict)
    growth: dict[str, list[Point]] = field(default_factory=dict)

    def add(self, name: str, runs: Sequence[float], unit: str, goal: float | None = None, note: str = "") -> None:
        """Note a figure and print it, beside its goal and what it was before."""
        value = statistics.median(runs)
        row = self.rows[name] = Row(_rounded(value), unit, goal, [_rounded(r) for r in runs], note)
        mark = {None: "", True: "ok", False: "MISSED"}[row.met]
        bound = "" if goal is None else f"{'>=' if row.more_is_better else '<='} {goal:,.4g}"
        then = self.before.get(name)
        was = f"x{value / then.value:.2f}" if then and then.value else ""
        print(f"{name:58} {value:10,.4g} {unit:8} {bound:>9} {mark:6} {was:>6}  {note}".rstrip(), flush=True)

    def heading(self, text: str) -> None:
        """Print what the next rows are about."""
        print(f"\n{text}", flush=True)

    def changes(self) -> list[str]:
        """Which figures are others than before, as ratios, in words; the worst first."""
        found = []
        for name, row in self.rows.items():
            then = self.before.get(name)
            if then and then.value and row.value:
                ratio = row.value / then.value if row.more_is_better else then.value / row.value
                if not 1 / SAME <= ratio <= SAME:
                    better = f"{ratio:.2f} x better" if ratio > 1 else f"{1 / ratio:.2f} x worse"
                    found.append((ratio, f"{name}: {better} ({then.value:,.4g} to {row.value:,.4g} {row.unit})"))
        return [text for _, text in sorted(found)]

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        self.about["load_at_end"] = round(os.getloadavg()[0], 1)
        growth = {name: [asdict(point) for point in points] for name, points in self.growth.items()}
        rows = {name: asdict(row) for name, row in self.rows.items()}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"about": self.about, "rows": rows, "growth": growth}, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Report:
        """What was kept; nothing where there is no such file."""
        if not path.exists():
            return cls({}, {})
        kept = json.loads(path.read_text())
        rows = {name: Row(**row) for name, row in kept["rows"].items()}
        return cls({}, kept["about"], rows, {n: [Point(**p) for p in points] for n, points in kept["growth"].items()})


@dataclass(frozen=True, slots=True)
class Bench:
    """What each group of measurements gets: where figures go, a folder for large logs, and what they are made of."""

    report: Report
    folder: Path
    quick: bool
    mixed: Corpus
    one_run: Corpus


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def about() -> dict[str, Any]:
    """When, where and with what things are measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()}, {platform.system()} {platform.machine()}",
        "versions": {
            "logsieve": version("logsieve"),
            "python": platform.python_version(),
            **{name: found for name in ("rg", "lnav") if (found := _version(name))},
            **{name: found for name in ("hyperscan", "numpy", "drain3") if (found := _installed(name))},
        },
        "load_at_start": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _version(command: str) -> str | None:
    if not shutil.which(command):
        return None
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout.split()
    return said[1] if len(said) > 1 else None


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
