"""What `logsieve triage` takes, start-up included, beside what others take over the same bytes."""

from __future__ import annotations

import importlib.util
import logging
import re
import shutil
import statistics
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from bench.corpora import FAILURE, MB, PATHOLOGICAL, Corpus, distinct, small_logs
from bench.measure import LIMIT, RUNS, Usage, alternating, fitted, run, seconds
from bench.report import Bench, Point, Report
from command import COMMAND

__all__ = ["growth", "pathological", "small", "start_up", "worst"]

WORDS = (
    *("error", "failed", "failure", "fatal", "exception", "traceback", "panic", "abort", "segfault", "killed"),
    *("denied", "timeout", "not found", "cannot", "unable", "undefined", "invalid", "missing", "refused", "exit code"),
)
COUNT = ("rg", "-ci", "|".join(WORDS))
LNAV = ("lnav", "-n", "-c", ";SELECT count(*) FROM all_logs")
# The command on a machine with one core: it starts no other process.
ONE_CORE = "import os, sys; os.cpu_count = lambda: 1; from logsieve.__main__ import main; sys.exit(main())"
ALONE = (sys.executable, "-P", "-c", ONE_CORE)
PART = 10 * MB  # of what Python's `re` and drain3 are given
DRAIN_LINES = 20_000
LOGS, SMALL = 10_000, 20_000  # small logs, and bytes of each


def start_up(bench: Bench) -> None:
    """What a short log costs."""
    bench.report.heading("start-up of the command")
    for name, arguments in (("--version", ["--version"]), ("triage of a small log", ["triage", FAILURE])):
        usages = [run([COMMAND, *arguments]) for _ in range(11)]
        bench.report.add(f"logsieve {name}", [usage.seconds for usage in usages], "s", 0.35, _busy(usages))


def growth(bench: Bench, corpus: Corpus) -> None:
    """Logs of growing size beside the yardsticks; those that do not start other processes at one of the sizes only."""
    sizes, alone = ((1, 3, 10, 30), 30) if bench.quick else ((1, 3, 10, 30, 100, 300, 1000), 100)
    bench.report.heading(f"{corpus.name}: real logs end to end, which repeat from {corpus.fresh / MB:.0f} MB on")
    base = _of_nothing(bench)
    ours: list[tuple[float, Usage]] = []
    for size in sizes:
        path = _written(bench.folder / "growing.log", corpus.blocks(size * MB))
        length = path.stat().st_size / MB
        taken = _beside(path, bench.folder)
        if size == alone:
            _one_process(bench, f"{corpus.name}, {size} MB", path, _median(taken["rg"]) if "rg" in taken else None)
        _rows(bench.report, f"{corpus.name}, {size} MB", size, length, taken)
        for tool, usages in taken.items():
            used = _median(usages)
            point = Point(length, used.seconds, used.peak / MB if tool != "rg" else 0)  # it maps the file
            if tool == "logsieve":
                ours.append((length, used))
                bench.report.growth.setdefault(f"{tool}, {corpus.name}", []).append(point)
            elif corpus is bench.mixed:
                bench.report.growth.setdefault(tool, []).append(point)
        path.unlink()
    note = f"from {sizes[1]} to {sizes[-1]} MB, an empty log ({base.busy:.2f} s, {base.peak / MB:.0f} MB) taken off"
    times = [(length, used.busy - base.busy) for length, used in ours[1:]]
    peaks = [(length, used.peak - base.peak) for length, used in ours[1:]]
    for what, line in (("time on the cores", times), ("memory", peaks)):
        name = f"{corpus.name}: {what} grows with the size to the power of"
        bench.report.add(name, [fitted(line)], "", 1.05, note)


def _of_nothing(bench: Bench) -> Usage:
    """What an empty log takes."""
    nothing = _written(bench.folder / "nothing.log", ())
    return _median([run([COMMAND, "triage", nothing]) for _ in range(RUNS)])


def _beside(path: Path, home: Path) -> dict[str, list[Usage]]:
    """The command and the yardsticks over the same bytes, by name."""
    measures = {"logsieve": partial(run, [COMMAND, "triage", path])}
    if shutil.which("rg"):
        measures["rg"] = partial(run, [*COUNT, path])
    if shutil.which("lnav"):
        measures["lnav"] = partial(run, [*LNAV, path], HOME=str(home))  # where it would write
    return alternating(measures)


def _rows(report: Report, name: str, size: int, length: float, taken: dict[str, list[Usage]]) -> None:
    """The command with all processes that it starts: its speed, and its memory where that is more than a start-up."""
    yardsticks = {tool: _median(usages) for tool, usages in taken.items() if tool != "logsieve"}
    ours = taken["logsieve"]
    note = ", ".join([_busy(ours), *(f"{tool} {used.seconds:.2f} s" for tool, used in yardsticks.items())])
    if size >= 1000:
        report.add(f"{name}, all processes", [usage.seconds for usage in ours], "s", 8, note)
    else:
        report.add(f"{name}, all processes", [length / usage.seconds for usage in ours], "MB/s", None, note)
    if size >= 30:
        note = f"lnav {yardsticks['lnav'].peak / MB:.0f} MB" if "lnav" in yardsticks else ""
        report.add(f"{name}, memory", [usage.peak / MB for usage in ours], "MB", 0.5 * length + 120, note)


def _one_process(bench: Bench, name: str, path: Path, rg: Usage | None) -> None:
    """The command without other processes, beside `rg` and what looks at each line in Python."""
    usages = [run([*ALONE, "triage", path]) for _ in range(RUNS)]
    speeds = [path.stat().st_size / MB / usage.seconds for usage in usages]
    bench.report.add(f"{name}, one process", speeds, "MB/s", 80, ", ".join([_busy(usages), *_per_line(path)]))
    if rg:
        times = [usage.seconds / rg.seconds for usage in usages]
        note = f"which takes {rg.seconds:.2f} s to count the lines with {len(WORDS)} words of failure"
        bench.report.add(f"{name}, one process, over the time of rg -ci", times, "", 7, note)


def _per_line(path: Path) -> list[str]:
    """How fast those are that look at each line in Python."""
    with path.open("rb") as file:
        part = file.read(PART)
    pattern = re.compile("|".join(map(re.escape, WORDS)).encode(), re.IGNORECASE)

    def with_re() -> int:
        return sum(pattern.search(line) is not None for line in part.split(b"\n"))

    said = [f"re {len(part) / MB / statistics.median(seconds(with_re) for _ in range(RUNS)):.0f} MB/s"]
    if not importlib.util.find_spec("drain3"):
        return [*said, "drain3 not measured: it is not installed"]
    from drain3 import TemplateMiner

    logging.getLogger("drain3").setLevel(logging.ERROR)  # it has no configuration file, and says so
    lines = [line.decode("utf-8", "replace") for line in islice(part.split(b"\n"), DRAIN_LINES)]

    def with_drain() -> None:
        miner = TemplateMiner()
        for line in lines:
            miner.add_log_message(line)

    spent = statistics.median(seconds(with_drain) for _ in range(RUNS))
    return [*said, f"drain3 {len(lines) / spent:,.0f} lines/s"]


def worst(bench: Bench) -> None:
    """A log of which no line is like another."""
    size = 10 if bench.quick else 100
    bench.report.heading("the worst of real logs: each line has a word of its own")
    path = _written(bench.folder / "distinct.log", distinct(bench.one_run, size * MB))
    bytes_ = path.stat().st_size / MB
    usages = [run([*ALONE, "triage", path]) for _ in range(RUNS)]
    bench.report.add(
        f"distinct lines, {size} MB: one process",
        [bytes_ / usage.seconds for usage in usages],
        "MB/s",
        50,
        _busy(usages),
    )
    path.unlink()


def pathological(bench: Bench) -> None:
    """Logs that no tool writes on a good day: no hang, and ten times the log takes ten times as long."""
    bench.report.heading("pathological logs" + (", a twentieth of them" if bench.quick else ""))
    base = _of_nothing(bench)
    for name, (make, full) in PATHOLOGICAL.items():
        taken: list[tuple[int, list[Usage]]] = []
        for size in (full // 200, full // 20) if bench.quick else (full // 10, full):
            path = _written(bench.folder / "pathological.log", make(bench.mixed, size))
            taken.append((path.stat().st_size, [run([COMMAND, "triage", path]) for _ in range(RUNS)]))
            path.unlink()
        bytes_, usages = taken[-1]
        note = f"{_busy(usages)}, {_median(usages).peak / MB:.0f} MB of memory for {bytes_ / MB:.0f}"
        times = [(size, _median(runs).busy - base.busy) for size, runs in taken]
        if min(spent for _, spent in times) > base.busy / 10:  # else it is the noise that is fitted
            note += f"; that time grows with the size to the power of {fitted(times):.2f}"
        if _median(usages).seconds >= LIMIT:
            note = f"ended after {LIMIT:.0f} s"
        bench.report.add(name, [usage.seconds for usage in usages], "s", None, note)


def small(bench: Bench) -> None:
    """Many small logs at once."""
    number = LOGS // 10 if bench.quick else LOGS
    bench.report.heading("many small logs")
    inside = bench.folder / "small"
    inside.mkdir()
    paths = small_logs(bench.mixed, inside, number, SMALL)
    usages = [run([COMMAND, "triage", "--format", "jsonl", *paths]) for _ in range(RUNS)]
    peak = statistics.median(usage.peak for usage in usages) / MB
    name = f"{number:,} logs of {SMALL // 1000} KB"
    note = f"{_busy(usages)}, {peak:.0f} MB of memory"
    bench.report.add(name, [number / usage.seconds for usage in usages], "logs/s", 300, note)
    shutil.rmtree(inside)


def _written(path: Path, blocks: Iterable[bytes]) -> Path:
    with path.open("wb") as file:
        file.writelines(blocks)
    return path


def _median(usages: Sequence[Usage]) -> Usage:
    return Usage(*(statistics.median(getattr(usage, name) for usage in usages) for name in ("seconds", "busy", "peak")))


def _busy(usages: Sequence[Usage]) -> str:
    return f"{_median(usages).busy:.2f} s on the cores"
