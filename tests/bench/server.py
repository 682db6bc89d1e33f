"""What the language server takes, as an editor sees it: a real one, over stdio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from shutil import rmtree
from statistics import median
from typing import Any

from bench.corpora import FAILURE, MB, Corpus
from bench.measure import EVERY, RUNS, family, memory, share
from bench.report import Bench, Report
from lsp.client import Client, frame, running

__all__ = ["appends", "by_uri", "edits", "first", "links", "requests"]

LONG = 600.0  # seconds until there is no answer
KEYS = 100  # keys pressed while a log is analysed
PAUSE = 0.05  # seconds between keys: a fast typist
MESSAGES = (  # of compilers, each another failure: one that has been said before is no finding of its own
    *("use of undeclared identifier 'shelf'", "unknown type name 'spoon_t'", "expected ';' after expression"),
    *("redefinition of 'till'", "no member named 'price' in 'struct item'", "too few arguments to function call"),
)
PUBLISHED = "textDocument/publishDiagnostics"


async def first(bench: Bench) -> None:
    """From opening a log to the first findings, and to all of them."""
    for size, goal in ((10, 0.3),) if bench.quick else ((10, 0.3), (100, 0.5)):
        text = _text(bench.one_run, size)
        cold, warm, whole = [], [], []
        for _ in range(RUNS):
            async with running() as client:  # an editor starts it when the first log is opened
                await client.initialize()
                cold.append((await _opened(client, "file:///first.log", text))[0])
            async with _warm() as client:
                to_first, to_all = await _opened(client, "file:///first.log", text)
                warm.append(to_first)
                whole.append(to_all)
        name = f"first findings, {size} MB opened in an editor"
        bench.report.add(name, warm, "s", goal, f"all of it after {median(whole):.2f} s")
        bench.report.add(f"{name}, the server just started", cold, "s")


async def by_uri(bench: Bench) -> None:
    """A file that no editor sends: from asking for its reduced view to its text; and the server's memory."""
    for size, goal in ((30, None),) if bench.quick else ((100, 0.5), (1000, 1.0)):
        path = bench.folder / "large.log"
        with path.open("wb") as file:
            file.writelines(bench.one_run.blocks(size * MB))
        taken, peaks = [], []
        for _ in range(RUNS):
            async with _warm() as client:
                watch = asyncio.create_task(_peak(client))
                start = time.perf_counter()
                view = await client.request("logsieve/reducedView", {"uri": path.as_uri()})
                _, answer = client.start("workspace/textDocumentContent", {"uri": view["uri"]})
                text = await asyncio.wait_for(answer, LONG)
                taken.append(time.perf_counter() - start)
                assert text["text"]
                watch.cancel()
                peaks.append(await watch / MB)
        path.unlink()
        bench.report.add(f"first view, file of {size} MB by its URI", taken, "s", goal)
        bench.report.add(f"first view, file of {size} MB by its URI: memory", peaks, "MB", 0.5 * size + 120)


async def appends(bench: Bench) -> None:
    """From what is written at the end of an open log to what is found in it."""
    size = 10 if bench.quick else 100
    text = _text(bench.one_run, size)
    async with _warm() as client:
        uri, versions = "file:///growing.log", count(2)
        await _opened(client, uri, text)
        lines = text.count("\n")
        for name, length, goal in (("1 KB", 1000, 0.02), ("1 MB", MB, 0.1)):
            found, whole = [], []
            for run, message in enumerate(MESSAGES):
                version = next(versions)
                more = _cut(text, length) + f"src/{name[-2:].lower()}_{run}.c:{version}:7: error: {message}\n"
                end = {"line": lines, "character": 0}
                start = time.perf_counter()
                client.change(uri, version, {"range": {"start": end, "end": end}, "text": more})
                await _published(client, uri, version, lines)
                found.append(time.perf_counter() - start)
                await _settled(client, uri, version)
                whole.append(time.perf_counter() - start)
                lines += more.count("\n")
                client.heard.clear()
            note = f"all of it after {median(whole):.2f} s"
            bench.report.add(f"{name} more at the end of {size} MB, to its diagnostics", found, "s", goal, note)
        held = sum(memory(pid) for pid in family(client.process.pid)) / MB
        bench.report.add("memory of the server with that log open in an editor", [held], "MB")


async def edits(bench: Bench) -> None:
    """From an edit in the middle of a log to diagnostics."""
    for corpus in (bench.one_run, bench.mixed):
        text = _text(corpus, 10)
        middle = text.count("\n") // 2
        taken = []
        async with _warm() as client:
            uri = "file:///edited.log"
            await _opened(client, uri, text)
            for version in range(2, 2 + 3 * RUNS):
                at = {"line": middle + version, "character": 0}
                start = time.perf_counter()
                client.change(uri, version, {"range": {"start": at, "end": at}, "text": "x"})
                await _published(client, uri, version)
                taken.append(time.perf_counter() - start)
                await _settled(client, uri, version)
                client.heard.clear()
        bench.report.add(f"an edit in the middle of 10 MB ({corpus.name}), to diagnostics", taken, "s", 0.1)


async def requests(bench: Bench) -> None:
    """How long what an editor asks waits while a log is analysed: the one it asks about, or another."""
    size = 30 if bench.quick else 100
    other = bench.folder / "other.log"
    with other.open("wb") as file:
        file.writelines(bench.mixed.blocks(size * MB))
    async with _warm() as client:
        uri, versions = "file:///typed.log", count(2)
        await _opened(client, uri, _text(bench.one_run, 10))
        for name, method, params in _questions(uri):
            waits = []
            for _ in range(KEYS // 4 if bench.quick else KEYS):
                place = {"line": 3, "character": 0}
                client.change(uri, next(versions), {"range": {"start": place, "end": place}, "text": "x"})
                waits.append(await _waited(client, method, params))
                await asyncio.sleep(PAUSE)
            _shares(bench.report, f"{name} while typing in 10 MB", waits)
        await _settled(client, uri, next(versions) - 1)
        for name, method, params in _questions(uri):
            waits = []
            for _ in range(RUNS):
                other.touch()  # it has changed: all is analysed anew
                _, answer = client.start("logsieve/findings", {"uri": other.as_uri()})
                while not answer.done():
                    await asyncio.sleep(EVERY)
                    waits.append(await _waited(client, method, params))
            _shares(bench.report, f"{name} while another log of {size} MB is analysed", waits)
    other.unlink()


async def links(bench: Bench) -> None:
    """What leads to the code, in a log of which each line names a place in one of 4,000 files of the workspace."""
    code = bench.folder / "code"
    for number in range(4000):
        path = code / f"part{number % 40}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n" * 50, encoding="utf-8")
    lines = 100_000 if bench.quick else 1_000_000
    places = (f"/ci/app/part{n % 40}/module_{n % 4000}.py:{n % 50 + 1}:5: error: no x{n}\n" for n in range(lines))
    text, document = "".join(places), {"uri": "file:///frames.log"}
    asked: list[float] = []
    again: list[float] = []
    defined: list[float] = []
    for _ in range(RUNS):
        async with running() as client:
            await client.initialize(workspaceFolders=[{"uri": code.as_uri(), "name": "code"}])
            client.open(SMALL, "part1/module_1.py:3:5: error: no x\n")
            await client.settled(SMALL)
            await client.request("textDocument/documentLink", {"textDocument": {"uri": SMALL}})  # the files are listed
            await _opened(client, document["uri"], text)
            for taken in (asked, again):
                taken.append(await _waited(client, "textDocument/documentLink", {"textDocument": document}))
            at = {"line": lines // 2, "character": 10}
            question = {"textDocument": document, "position": at}
            defined.append(await _waited(client, "textDocument/definition", question))
    rmtree(code)
    name = f"{lines:,} lines that name a place each"
    bench.report.add(f"links of {name}", asked, "s", 0.05, f"asked again {median(again):.3f} s")
    bench.report.add(f"the definition from one of {name}", defined, "s", 0.05)


def _questions(uri: str) -> list[tuple[str, str, Any]]:
    at = {"line": 5, "character": 0}
    document = {"uri": uri}
    actions = {"textDocument": document, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
    return [
        ("a request to the front", "logsieve/none", {}),
        ("hover", "textDocument/hover", {"textDocument": document, "position": at}),
        ("code actions", "textDocument/codeAction", actions),
    ]


def _shares(report: Report, name: str, waits: list[float]) -> None:
    half, most = (1000 * share(waits, part) for part in (0.5, 0.99))
    report.add(f"{name}: 99 of 100", [most], "ms", 20, f"half of them {half:.1f} ms, {len(waits)} asked")


SMALL = "file:///small.log"


@asynccontextmanager
async def _warm() -> AsyncIterator[Client]:
    """A server that has analysed a small log."""
    async with running() as client:
        await client.initialize()
        client.open(SMALL, FAILURE.read_text("utf-8"))
        await client.settled(SMALL)
        yield client


async def _opened(client: Client, uri: str, text: str) -> tuple[float, float]:
    """Seconds from opening a log to its first diagnostics, and to all of them."""
    item = {"uri": uri, "languageId": "log", "version": 1, "text": text}
    message = frame({"method": "textDocument/didOpen", "params": {"textDocument": item}})
    start = time.perf_counter()
    client.writer.write(message)
    await _wait(client, PUBLISHED, lambda p: p["uri"] == uri and p["diagnostics"])
    found = time.perf_counter() - start
    await _settled(client, uri, 1)
    return found, time.perf_counter() - start


async def _published(client: Client, uri: str, version: int, line: int | None = None) -> None:
    """Until diagnostics are published for a version of a log, and where a line is given, one from there on."""

    def wanted(params: Any) -> bool:
        lines = [d["range"]["start"]["line"] for d in params["diagnostics"]]
        return (
            params["uri"] == uri
            and params.get("version") == version
            and (line is None or max(lines, default=-1) >= line)
        )

    await _wait(client, PUBLISHED, wanted)


async def _settled(client: Client, uri: str, version: int) -> None:
    await _wait(client, "logsieve/status", lambda p: p["uri"] == uri and p["version"] == version and not p["busy"])


async def _wait(client: Client, method: str, wanted: Callable[[Any], Any]) -> None:
    await client.wait_for(method, lambda p: bool(wanted(p)))


async def _waited(client: Client, method: str, params: Any) -> float:
    start = time.perf_counter()
    _, answer = client.start(method, params)
    await asyncio.wait([answer])
    answer.exception()  # an unknown method is answered with an error, and that is fine
    return time.perf_counter() - start


async def _peak(client: Client) -> int:
    """The most memory that the server's processes have held together, by the time it is cancelled."""
    peaks: dict[int, int] = {}
    try:
        while True:
            for pid in family(client.process.pid):
                peaks[pid] = max(peaks.get(pid, 0), memory(pid, "VmHWM"))
            await asyncio.sleep(EVERY)
    except asyncio.CancelledError:
        return sum(peaks.values())


def _text(corpus: Corpus, size: int) -> str:
    # A lone \r is a line end to an editor, which would have the lines counted twice here.
    return b"".join(corpus.blocks(size * MB)).decode("utf-8", "replace").replace("\r", "")


def _cut(text: str, length: int) -> str:
    return text[: text.index("\n", length - 100) + 1]
