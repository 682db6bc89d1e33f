"""How fast LogSieve is here and now: `python tests/bench.py [--quick]`. Medians; figures also in build/bench.json.

Two logs of real logs end to end: "one run" is what passed and then one failure, as a large CI log is; "many failures"
mixes all, hundreds of failing runs in one. They are the fixtures and, where present, the logs of ../shared/data.
Yardsticks run over the same bytes: Python's `re` a line at a time with 20 words of failure, and `rg -ci` with them,
where it is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import Any

from command import COMMAND, FIXTURES
from logsieve import packs
from logsieve.core.analysis import analyse
from logsieve.core.reduce import reduce
from logsieve.text import LogText
from lsp.client import Client, frame, running

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
LOG = FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt"
OUT = ROOT / "build" / "bench.json"
MB = 1_000_000
RUNS = 3
KEYS = 60  # keys pressed while a large log is analysed
PAUSE = 0.05  # seconds between keys: a fast typist
WORDS = (
    *("error", "failed", "failure", "fatal", "exception", "traceback", "panic", "abort", "segfault", "killed"),
    *("denied", "timeout", "not found", "cannot", "unable", "undefined", "invalid", "missing", "refused", "exit code"),
)

Results = dict[str, float]


def many_failures(size: int) -> tuple[bytes, int]:
    """About `size` bytes of all logs, their kinds mixed, and after how many bytes they begin to repeat."""
    paths = [*FIXTURES.glob("*/*/log.txt"), *SHARED.rglob("*.log")]
    return joined(sorted(paths, key=lambda path: sha256(path.name.encode()).digest()), size)


def one_run(size: int) -> tuple[bytes, int]:
    """About `size` bytes of logs of what passed, then a failure; and after how many bytes they begin to repeat."""
    passed = sorted((SHARED / "passing").rglob("*.log")) or sorted(FIXTURES.glob("*/*pass*/log.txt"))
    data, fresh = joined(passed, size)
    return data + LOG.read_bytes(), fresh


def joined(paths: Sequence[Path], size: int) -> tuple[bytes, int]:
    """The logs end to end and over again, up to the last whole line within `size`; and the size of all of them."""
    parts: list[bytes] = []
    total = 0
    for path in cycle(paths):
        data = path.read_bytes()
        parts.append(data if data.endswith(b"\n") else data + b"\n")
        total += len(parts[-1])
        if total >= size:
            break
    whole = b"".join(parts)[:size]
    return whole[: whole.rfind(b"\n") + 1], sum(path.stat().st_size for path in paths)


def median(measure: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        measure()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def engine(data: bytes, name: str, out: Results) -> None:
    """Analysis and reduction of one log, beside the yardsticks."""
    known = packs.load()
    text = LogText.from_bytes(data)
    analyse(LogText.from_bytes(data[: 1 << 16]), known)  # compiles the patterns, or reads them from the cache
    seconds = median(lambda: analyse(LogText.from_bytes(data), known))
    analysis = analyse(text, known)
    row(out, f"analysis, {name}", len(data) / MB / seconds, "MB/s", f"{len(text) / seconds / 1e6:.2f} M lines/s")
    row(out, f"reduce to 4,000 tokens, {name}", 1000 * median(lambda: reduce(analysis, 4000)), "ms")

    def with_re() -> int:
        pattern = re.compile("|".join(map(re.escape, WORDS)).encode(), re.IGNORECASE)
        return sum(pattern.search(line) is not None for line in data.split(b"\n"))

    yardstick = median(with_re)
    row(
        out,
        f"yardstick: re, {name}",
        len(data) / MB / yardstick,
        "MB/s",
        f"analysis takes {seconds / yardstick:.2f} of it",
    )
    if shutil.which("rg"):
        with tempfile.NamedTemporaryFile(suffix=".log") as file:
            file.write(data)
            file.flush()
            command = ["rg", "-ci", "|".join(WORDS), file.name]
            yardstick = median(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False))
        note = f"analysis takes {seconds / yardstick:.1f} of it"
        row(out, f"yardstick: rg -ci, {name}", len(data) / MB / yardstick, "MB/s", note)


def command_line(out: Results) -> None:
    """Start-up, and a small log."""
    for name, arguments in (("--version", ["--version"]), ("triage of a small log", ["triage", str(LOG)])):
        spent = median(lambda: subprocess.run([COMMAND, *arguments], stdout=subprocess.DEVNULL, check=False), 5)  # noqa: B023
        row(out, f"logsieve {name}", 1000 * spent, "ms")


async def server(data: bytes, out: Results) -> None:
    """The language server as an editor sees it, over stdio."""
    text = data.decode("utf-8", "replace").replace("\r", "")
    ready, first, again = [], [], []
    for _ in range(RUNS):
        start = time.perf_counter()
        async with running() as client:
            await client.initialize()
            ready.append(time.perf_counter() - start)
            first.append(await findings(client, "file:///first.log", text))  # right after the start, as an editor does
            await client.settled("file:///first.log")
            again.append(await findings(client, "file:///second.log", text))
            await client.shut_down()
    row(out, "server ready", 1000 * statistics.median(ready), "ms", "from its start to the answer to initialize")
    size = f"{len(data) / MB:.0f} MB"
    row(
        out,
        f"first findings, {size}, server just started",
        1000 * statistics.median(first),
        "ms",
        "didOpen to diagnostics",
    )
    row(out, f"first findings, {size}, server warm", 1000 * statistics.median(again), "ms", "as above")
    async with running() as client:
        await client.initialize()
        uri = "file:///typed.log"
        await findings(client, uri, text)
        for name, method, params in (
            ("a request to the front", "logsieve/none", {}),
            ("hover", "textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 5, "character": 0}}),
        ):
            waits = [wait async for wait in typing(client, uri, method, params)]
            waits.sort()
            for share in (0.5, 0.99):
                spent = 1000 * waits[min(len(waits) - 1, int(share * len(waits)))]
                row(out, f"typing in {size}: {name}, p{share * 100:.0f}", spent, "ms", "each sent behind a key")
        await client.shut_down()


async def findings(client: Client, uri: str, text: str) -> float:
    """Seconds from opening a log to its diagnostics."""
    item = {"uri": uri, "languageId": "log", "version": 1, "text": text}
    message = frame({"method": "textDocument/didOpen", "params": {"textDocument": item}})
    start = time.perf_counter()
    client.writer.write(message)
    await client.wait_for("textDocument/publishDiagnostics", lambda p: p["uri"] == uri and p["diagnostics"])
    return time.perf_counter() - start


VERSIONS = iter(range(2, 1 << 30))


async def typing(client: Client, uri: str, method: str, params: Any) -> AsyncIterator[float]:
    """Seconds until each of the requests is answered, one sent right behind each key, while the log is analysed."""
    for key in range(KEYS):
        place = {"line": 3, "character": key}
        change = {"range": {"start": place, "end": place}, "text": "x"}
        client.change(uri, next(VERSIONS), change)
        start = time.perf_counter()
        _, answer = client.start(method, params)
        await asyncio.wait([answer])
        answer.exception()  # an unknown method is answered with an error, and that is fine
        yield time.perf_counter() - start
        await asyncio.sleep(PAUSE)


def row(out: Results, name: str, value: float, unit: str, note: str = "") -> None:
    """Note a figure and print it."""
    out[f"{name} [{unit}]"] = round(value, 3)
    print(f"{name:52} {value:10,.1f} {unit:5} {note}".rstrip(), flush=True)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10 MB only")
    quick = parser.parse_args().quick
    out: Results = {}
    python = platform.python_version()
    print(f"Python {python}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, (data, fresh) in (("one run", one_run(10 * MB)), ("many failures", many_failures(10 * MB))):
        print(f"{name}: {len(data) / MB:.1f} MB; the logs at hand repeat after {fresh / MB:.0f} MB")
    print()
    command_line(out)
    asyncio.run(server(one_run(10 * MB)[0], out))
    for size in (10,) if quick else (10, 100):
        engine(one_run(size * MB)[0], f"{size} MB, one run", out)
        engine(many_failures(size * MB)[0], f"{size} MB, many failures", out)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    row(out, "memory of this process at most", used / MB, "MB")
    print(f"load at the end {os.getloadavg()[0]:.1f}; beyond the number of cores, figures are those of a busy machine")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(out, indent=2) + "\n")


if __name__ == "__main__":
    main()
