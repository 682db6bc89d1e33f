"""How fast LogSieve is here and now: `make bench`, or `python -m bench` with tests/ on the path.

Each figure is the median of three runs or more, beside its goal, its yardsticks over the same bytes in the same run,
and its ratio to what bench/results.json says was measured last. All of it is kept in build/bench.json and drawn in
build/bench.svg; with --keep in bench/ and in README.md as well.

The logs are real: the fixtures and, where present, those of ../shared/data. "mixed" is all of them, hundreds of runs in
one, most of them failed; "one run" is what passed, and then one failure. Large logs are written to a temporary folder.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import command_line, drawing, server
from bench.corpora import MB, mixed, one_run
from bench.report import Bench, Report, about

ROOT = Path(__file__).parents[2]
KEPT, BUILT = ROOT / "bench", ROOT / "build"
BEGIN, END = "<!-- figures of make bench -->", "<!-- end -->"  # in README.md

GROUPS: dict[str, Callable[[Bench], object]] = {
    "start": command_line.start_up,
    "one-run": lambda bench: command_line.growth(bench, bench.one_run),
    "mixed": lambda bench: command_line.growth(bench, bench.mixed),
    "distinct": command_line.worst,
    "small": command_line.small,
    "pathological": command_line.pathological,
    "first": server.first,
    "uri": server.by_uri,
    "append": server.appends,
    "edit": server.edits,
    "requests": server.requests,
    "links": server.links,
}


def main() -> None:
    """Measure, print, keep, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small logs: two minutes instead of fifteen")
    parser.add_argument(
        "--only", nargs="+", choices=GROUPS, default=list(GROUPS), metavar="GROUP", help=", ".join(GROUPS)
    )
    parser.add_argument("--keep", action="store_true", help="make these the figures of bench/ and README.md")
    given = parser.parse_args()
    if given.keep and (given.quick or len(given.only) < len(GROUPS)):
        parser.error("only a full run is kept")
    before = Report.read(KEPT / "results.json")
    corpora = mixed(), one_run()
    report = Report(before.rows, about() | {"fresh_MB": {c.name: round(c.fresh / MB) for c in corpora}})
    print(json.dumps(report.about, indent=1))
    with tempfile.TemporaryDirectory(prefix="logsieve-bench-") as folder:
        bench = Bench(report, Path(folder), given.quick, *corpora)
        for name in given.only:
            done = GROUPS[name](bench)
            if inspect.iscoroutine(done):
                asyncio.run(done)
    report.write(BUILT / "bench.json")
    if report.growth:
        (BUILT / "bench.svg").write_text(drawing.svg(report))
    if given.keep:
        report.write(KEPT / "results.json")
        (KEPT / "growth.svg").write_text(drawing.svg(report))
        _into_readme(drawing.table(report))
    loads = f"{report.about['load_at_start']} at the start, {report.about['load_at_end']} at the end"
    print(f"\nload {loads}, {os.cpu_count()} cores: beyond their number, figures are those of a busy machine")
    if before.rows:
        print(f"against {before.about['date']}, {before.about['machine']}, load {before.about['load_at_start']}:")
        print("\n".join(report.changes()) or "all within a tenth")


def _into_readme(table: str) -> None:
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    plot = "![Seconds and memory against the size of the log](bench/growth.svg)"
    folded = f"<details>\n<summary>All figures, with goals and yardsticks</summary>\n\n{table}\n</details>"
    readme.write_text(f"{before}{BEGIN}\n{plot}\n\n{folded}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
