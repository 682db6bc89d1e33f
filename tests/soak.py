"""A working day of an editor, at random and in haste: `make soak`, or `python tests/soak.py [--minutes N] [--seed N]`.

Opens real logs of many sizes in a real language server over stdio, writes at their ends and in their middles, cuts,
pastes, asks, cancels, closes; asks about files that grow, shrink and are replaced on disk. At random moments all is
left to settle, and what is shown for each open log is compared with what a fresh server shows for the same text. Every
other time all logs are closed, and the memory of the server's processes is taken.

It ends with how much that memory has grown since the first fifth of the time, and with what was lost or stale. Exit
code 1 where it has grown by more than LEAK percent or something was. The seed alone says what is done, and in what
order; how much of it fits into the time is the machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from bench.corpora import MB, real_logs
from bench.measure import family, memory
from lsp.client import Client, ServerError, running

LEAK = 5.0  # percent
WARM_UP = 0.2  # of the time
FEW = 10  # times at rest under which nothing is said of memory; it is told by the first and the last half of these
SETTLED = 180.0  # seconds until what has not been shown is lost
OPEN = 8  # logs at once
WAITING = 40  # requests at once
LARGEST = 12 * MB  # bytes of a log; few are larger than a tenth of it
EXPECTED = (-32800, -32801, -32803)  # cancelled, changed meanwhile, refused: a file that is gone
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")  # as the protocol counts lines

Place = tuple[int, int]  # line, and character as Python counts them


class Text:
    """The text of an open log, as the client has it."""

    def __init__(self, text: str) -> None:
        self.lines = LINE.findall(text)

    def whole(self) -> str:
        return "".join(self.lines)

    def size(self) -> int:
        return sum(map(len, self.lines))

    def end(self) -> Place:
        if not self.lines:
            return 0, 0
        last = self.lines[-1]
        return (len(self.lines), 0) if last.endswith(("\n", "\r")) else (len(self.lines) - 1, len(last))

    def replace(self, start: Place, end: Place, new: str) -> dict[str, Any]:
        """Replace a range; the change as it goes over the wire."""
        change = {"range": {"start": self._wire(start), "end": self._wire(end)}, "text": new}
        # A line before and one behind: an end of a line that is put in may be half of one that is there.
        first, last = max(0, start[0] - 1), min(len(self.lines), end[0] + 2)
        lines = [*self.lines[first:last], "", "", ""]
        before = "".join(lines[: start[0] - first]) + lines[start[0] - first][: start[1]]
        after = lines[end[0] - first][end[1] :] + "".join(lines[end[0] - first + 1 :])
        self.lines[first:last] = LINE.findall(before + new + after)
        return change

    def _wire(self, place: Place) -> dict[str, int]:
        line = self.lines[place[0]] if place[0] < len(self.lines) else ""
        return {"line": place[0], "character": len(line[: place[1]].encode("utf-16-le")) // 2}


class Soak:
    """A server, its client and what the client knows."""

    def __init__(self, client: Client, random: Random, folder: Path) -> None:
        self.client = client
        self.random = random
        self.folder = folder
        self.texts: dict[str, Text] = {}
        self.versions: dict[str, int] = {}
        self.published: dict[str, dict[str, Any]] = {}
        self.status: dict[str, dict[str, Any]] = {}
        self.waiting: dict[int, tuple[asyncio.Future[Any], str]] = {}
        self.problems: list[str] = []
        self.done = 0
        self._logs = real_logs()
        self._names = count(1)
        self._version = count(1)
        self._file = folder / "growing.log"
        self._file.write_bytes(self._some(200_000).encode())
        self._actions: list[tuple[int, Callable[[], Awaitable[None] | None]]] = [
            (6, self._open),
            (3, self._close),
            (14, self._append),
            (12, self._type),
            (5, self._cut),
            (5, self._paste),
            (1, self._replace_all),
            (4, self._change_twice),
            (30, self._ask),
            (8, self._cancel),
            (6, self._ask_about_a_file),
            (3, self._change_the_file),
            (1, self._change_settings),
        ]

    async def act(self) -> None:
        """Do one thing, and wait for a moment, or for none."""
        weights, actions = zip(*self._actions, strict=True)
        done = self.random.choices(actions, weights)[0]()
        if done is not None:
            await done
        self.done += 1
        await asyncio.sleep(self.random.choice((0, 0, 0.01, 0.05, 0.2, 0.5)))
        self.listen()
        if len(self.waiting) > WAITING:
            await asyncio.wait([future for future, _ in self.waiting.values()], timeout=SETTLED)
            self.listen()

    def listen(self) -> None:
        """Take in what the server has said."""
        for message in self.client.heard:
            params = message["params"]
            if message["method"] == "textDocument/publishDiagnostics":
                self.published[params["uri"]] = params
            elif message["method"] == "logsieve/status":
                self.status[params["uri"]] = params
            elif message["method"] == "window/showMessage":
                self.problems.append(f"said: {params['message']}")
        self.client.heard.clear()
        for number, (future, method) in list(self.waiting.items()):
            if future.done():
                del self.waiting[number]
                error = future.exception()
                if error and not (isinstance(error, ServerError) and error.code in EXPECTED):
                    self.problems.append(f"{method}: {error!r}")

    # What is done

    def _open(self) -> None:
        if len(self.texts) >= OPEN:
            self._close()
        uri = f"file:///soak/{next(self._names) % 20}.log"  # the names come again
        if uri in self.texts:
            return
        text = self._some(int(LARGEST ** self.random.uniform(0.35, 1)))
        self.texts[uri], self.versions[uri] = Text(text), next(self._version)
        self.client.open(uri, text, version=self.versions[uri])

    def _close(self) -> None:
        if uri := self._one():
            del self.texts[uri], self.versions[uri]
            self.client.close(uri)

    def _append(self) -> None:
        if uri := self._one():
            text, more = self.texts[uri], self._some(self.random.choice((80, 1000, 1000, 30_000, MB)))
            self._send(uri, [text.replace(text.end(), text.end(), more)])

    def _type(self) -> None:
        if uri := self._one():
            self._send(uri, [self._typed(uri)])

    def _typed(self, uri: str) -> dict[str, Any]:
        place = self._place(uri)
        new = self.random.choice(("x", "\n", "é𝄞", "\r", "error: ", "\x1b[31m", "FAILED tests/a.py::b - x\n", "\0"))
        return self.texts[uri].replace(place, place, new)

    def _cut(self) -> None:
        if uri := self._one():
            start, end = sorted((self._place(uri), self._place(uri)))
            if end[0] - start[0] > 2000 and self.random.random() < 0.9:
                end = (start[0] + self.random.randrange(500), 0)
            self._send(uri, [self.texts[uri].replace(start, end, "")])

    def _paste(self) -> None:
        if uri := self._one():
            start = self._place(uri)
            self._send(
                uri, [self.texts[uri].replace(start, start, self._some(self.random.choice((200, 5000, 300_000))))]
            )

    def _replace_all(self) -> None:
        if uri := self._one():
            text = self._some(self.random.choice((100, 10_000, MB)))
            self.texts[uri] = Text(text)
            self._send(uri, [{"text": text}])

    def _change_twice(self) -> None:
        if uri := self._one():
            self._send(uri, [self._typed(uri), self._typed(uri)])
            self._send(uri, [self._typed(uri)])

    def _send(self, uri: str, changes: list[dict[str, Any]]) -> None:
        self.versions[uri] = next(self._version)
        self.client.change(uri, self.versions[uri], *changes)

    def _ask(self) -> None:
        if uri := self._one():
            line, character = self._place(uri)
            document, at = {"uri": uri}, {"line": line, "character": character}
            kinds: list[tuple[str, dict[str, Any]]] = [
                ("textDocument/hover", {"textDocument": document, "position": at}),
                ("textDocument/foldingRange", {"textDocument": document}),
                ("textDocument/documentSymbol", {"textDocument": document}),
                (
                    "textDocument/codeAction",
                    {"textDocument": document, "range": {"start": at, "end": at}, "context": {"diagnostics": []}},
                ),
                ("logsieve/findings", document),
                ("logsieve/noise", document),
                ("logsieve/reduce", {"uri": uri, "budget": 1000}),
                ("logsieve/reducedView", {"uri": uri, "budget": 1000}),
            ]
            self._request(*self.random.choice(kinds))

    def _request(self, method: str, params: dict[str, Any]) -> None:
        number, answer = self.client.start(method, params)
        self.waiting[number] = answer, method

    def _cancel(self) -> None:
        which = self.random.random()  # drawn whether or not there is one: how fast answers come must change nothing
        if self.waiting:
            self.client.notify("$/cancelRequest", {"id": list(self.waiting)[int(which * len(self.waiting))]})

    def _ask_about_a_file(self) -> None:
        self._request(self.random.choice(("logsieve/findings", "logsieve/noise")), {"uri": self._file.as_uri()})

    def _change_the_file(self) -> None:
        data = self._some(self.random.choice((500, 20_000))).encode()
        if self.random.random() < 0.6 and self._file.stat().st_size < MB:
            with self._file.open("ab") as file:
                file.write(data)
        elif self.random.random() < 0.5:
            os.truncate(self._file, self._file.stat().st_size // 2)
        else:
            other = self.folder / "next.log"
            other.write_bytes(data)
            other.replace(self._file)

    async def _change_settings(self) -> None:
        self.client.settings = {"folding": {"minimumLines": self.random.randrange(2, 9)}}
        self.client.notify("workspace/didChangeConfiguration", {"settings": None})
        for _ in range(3):  # the server asks for them, and takes them in: after that it is busy, or done
            await asyncio.sleep(0.1)
            number, answer = self.client.start("logsieve/none", {})
            await asyncio.wait([answer], timeout=SETTLED)
            answer.exception()
            self.waiting.pop(number, None)

    def _one(self) -> str | None:
        return self.random.choice(sorted(self.texts)) if self.texts else None

    def _place(self, uri: str) -> Place:
        lines = self.texts[uri].lines
        if not lines:
            return 0, 0
        line = self.random.randrange(len(lines))
        return line, self.random.randrange(len(lines[line].rstrip("\r\n")) + 1)

    def _some(self, size: int) -> str:
        """About so many characters of real logs."""
        parts: list[str] = []
        while size > 0:
            log = self.random.choice(self._logs).read_bytes().decode("utf-8", "replace")
            start = self.random.randrange(len(log)) if len(log) > size else 0
            parts.append(log[start : start + size])
            size -= len(parts[-1])
        return "".join(parts)

    # What is looked at

    async def settle(self) -> bool:
        """Wait until all is answered and shown; whether it came to that."""
        end = time.monotonic() + SETTLED
        while time.monotonic() < end:
            self.listen()
            if not self.waiting and not self._behind():
                return True
            await asyncio.sleep(0.05)
        self.problems += [f"lost: {uri} is shown as of {self.status.get(uri)}" for uri in self._behind()]
        self.problems += [f"no answer: {method}" for _, method in self.waiting.values()]
        self.waiting.clear()
        return False

    def _behind(self) -> list[str]:
        """The logs of which the latest text has not been shown."""
        known = {uri: status["version"] for uri, status in self.status.items() if not status["busy"]}
        return [uri for uri, version in self.versions.items() if known.get(uri) != version]

    async def compare(self) -> None:
        """What is shown must be what a fresh server shows, and nothing for what is closed."""
        async with running() as fresh:
            fresh.settings = self.client.settings
            await fresh.initialize()
            other = Soak(fresh, Random(), self.folder)
            for uri, text in self.texts.items():
                other.texts[uri], other.versions[uri] = text, self.versions[uri]
                fresh.open(uri, text.whole(), version=self.versions[uri])
            await other.settle()
            for uri in self.texts:
                mine, theirs = self.published.get(uri), other.published.get(uri)
                if mine != theirs:
                    self._note("diagnostics", uri, mine, theirs)
                for method in ("textDocument/foldingRange", "textDocument/documentSymbol"):
                    asked = {"textDocument": {"uri": uri}}
                    mine, theirs = await self.client.request(method, asked), await fresh.request(method, asked)
                    if mine != theirs:
                        self._note(method, uri, mine, theirs)
            self.problems += other.problems
            await fresh.shut_down()
        self.listen()  # a log may have been closed right before
        for uri, params in self.published.items():
            if uri not in self.texts and params["diagnostics"]:
                self.problems.append(f"{uri} is closed, and has {len(params['diagnostics'])} diagnostics")

    def _note(self, what: str, uri: str, mine: Any, fresh: Any) -> None:
        kept = Path(tempfile.gettempdir()) / f"soak-{self.done}-{uri.rpartition('/')[2]}"
        kept.write_bytes(self.texts[uri].whole().encode())
        said = f"{what} of {uri} are not those of a fresh server; its text is in {kept}"
        self.problems.append(f"{said}\n  {mine!s:.2000}\n  {fresh!s:.2000}")

    async def rest(self) -> list[int]:
        """Close all; bytes of memory of the server's processes, the front first, when nothing is left to do."""
        while self.texts:
            self._close()
        await self.settle()
        await asyncio.sleep(1)
        await self.settle()
        return self.memory()

    def memory(self) -> list[int]:
        return [memory(pid) for pid in family(self.client.process.pid)]


async def soak(minutes: float, seed: int) -> int:
    """Run, and say how it went; the exit code."""
    start = time.monotonic()
    rests: list[int] = []  # bytes, after the warm-up
    with tempfile.TemporaryDirectory(prefix="logsieve-soak-") as folder:
        async with running() as client:
            await client.initialize()
            run = Soak(client, Random(seed), Path(folder))
            done, told = 0.0, 0
            for round_ in count():
                for _ in range(run.random.randrange(20, 120)):
                    await run.act()
                held = sum(text.size() for text in run.texts.values())
                done = (time.monotonic() - start) / 60 / minutes
                line = (
                    f"{done:4.0%} {run.done:6} actions, {len(run.texts)} logs, {held / MB:5.1f} MB: {_mb(run.memory())}"
                )
                if await run.settle():
                    await run.compare()
                if round_ % 2:
                    at_rest = await run.rest()
                    rests += [sum(at_rest)] if done >= WARM_UP else []
                    line += f"; all closed: {_mb(at_rest)}"
                print(line, *run.problems[told:], sep="\n  ", flush=True)
                told = len(run.problems)
                if done >= 1:
                    break
            if code := await client.shut_down():
                run.problems.append(f"the server ended with {code}: {client.errors[-2000:]}")
                print(run.problems[-1])
    print(f"{run.done} actions, {len(run.problems)} problems; load {os.getloadavg()[0]:.1f}")
    growth = 0.0
    if len(rests) < FEW:
        print("too short to tell how memory grows")
    else:
        first, last = (median(part) for part in (rests[: FEW // 2], rests[-FEW // 2 :]))
        growth = 100 * (last / first - 1)
        print(f"all closed: {first / MB:.0f} MB after the warm-up, {last / MB:.0f} MB at the end: {growth:+.1f} %")
    return 1 if run.problems or growth > LEAK else 0


def _mb(processes: list[int]) -> str:
    return " + ".join(f"{size / MB:.0f}" for size in processes) + " MB"


def main() -> int:
    """Run as long as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return asyncio.run(soak(given.minutes, given.seed))


if __name__ == "__main__":
    sys.exit(main())
