"""A language client of raw JSON over a server's pipes: the tests see what really goes over the wire."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

ANSWER = 60.0  # seconds until a test gives up: far more than any answer takes, so that it only says that there is none

EVERYTHING: dict[str, Any] = {
    "workspace": {
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "workspaceFolders": True,
        "foldingRange": {"refreshSupport": True},
        "semanticTokens": {"refreshSupport": True},
        "inlayHint": {"refreshSupport": True},
        "textDocumentContent": {},
    },
    "textDocument": {
        "publishDiagnostics": {
            "relatedInformation": True,
            "versionSupport": True,
            "dataSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
        },
        "documentLink": {"tooltipSupport": True},
        "foldingRange": {"rangeLimit": 5000, "lineFoldingOnly": True, "foldingRange": {"collapsedText": True}},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix"]}}},
    },
    "window": {"workDoneProgress": True},
    "general": {"positionEncodings": ["utf-16"]},
}
PULLING: dict[str, Any] = {  # the same, of a client that asks for diagnostics
    **EVERYTHING,
    "workspace": {**EVERYTHING["workspace"], "diagnostics": {"refreshSupport": True}},
    "textDocument": {**EVERYTHING["textDocument"], "diagnostic": {"dynamicRegistration": True}},
}
COMMANDS = [
    "logsieve.copyReduced",
    "logsieve.copyFinding",
    "logsieve.openReduced",
    "logsieve.explain",
    "logsieve.findSimilar",
]


class ServerError(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = int(error["code"])


class Client:
    """One running server. `heard` holds every notification and request that came from it, in order."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.reader = reader
        self.writer = writer
        self.heard: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = {}
        self.answers: dict[str, Callable[[Any], Any]] = {"workspace/configuration": lambda _: [self.settings]}
        self._ids = count(1)
        self._waiting: dict[Any, asyncio.Future[Any]] = {}
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())
        self._noting = asyncio.create_task(self._note_errors())
        self.versioned = False  # whether what is published says of which version it is
        self.errors = ""  # what the server has written to stderr

    # Talking

    def notify(self, method: str, params: Any = None) -> None:
        self._send({"method": method, "params": params})

    def start(self, method: str, params: Any = None, number: Any = None) -> tuple[Any, asyncio.Future[Any]]:
        """Send a request; its id (a number of its own, if none is given) and its answer to come."""
        if method == "initialize":
            self.versioned |= '"versionSupport": true' in json.dumps(params)
        number = next(self._ids) if number is None else number
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send({"id": number, "method": method, "params": params})
        return number, self._waiting[number]

    async def request(self, method: str, params: Any = None) -> Any:
        return await within(self.start(method, params)[1])

    async def wait_for(self, method: str, wanted: Callable[[Any], bool] = lambda _: True, skip: int = 0) -> Any:
        """The parameters of the first message of this method that is wanted, past or to come, from `heard[skip]` on."""

        def find() -> list[Any]:
            return [m["params"] for m in self.heard[skip:] if m["method"] == method and wanted(m["params"])]

        async with self._news, asyncio.timeout(ANSWER):
            await self._news.wait_for(find)
        return find()[0]

    def all_of(self, method: str, skip: int = 0) -> list[Any]:
        return [m["params"] for m in self.heard[skip:] if m["method"] == method]

    # Documents

    def open(self, uri: str, text: str, language: str = "log", version: int = 1) -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def diagnostics(self, uri: str, version: int | None = 1) -> list[dict[str, Any]]:
        """The diagnostics published for a version of a document, or for any where the client knows none."""

        def wanted(params: Any) -> bool:
            return bool(params["uri"] == uri and params.get("version") == (version if self.versioned else None))

        published = await self.wait_for("textDocument/publishDiagnostics", wanted)
        return list(published["diagnostics"])

    async def pull(self, uri: str, known: str | None = None) -> dict[str, Any]:
        """The report on a document for a client that asks; `known` names the one that it has."""
        asked = {"textDocument": {"uri": uri}, **({"previousResultId": known} if known else {})}
        report: dict[str, Any] = await self.request("textDocument/diagnostic", asked)
        return report

    async def settled(self, uri: str, version: int = 1) -> dict[str, Any]:
        """The status of a document when all has been published for a version of it."""

        def wanted(params: Any) -> bool:
            return bool(params["uri"] == uri and params["version"] == version and not params["busy"])

        found: dict[str, Any] = await self.wait_for("logsieve/status", wanted)
        return found

    # Life

    async def initialize(self, capabilities: Mapping[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        given = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": EVERYTHING if capabilities is None else capabilities,
            "initializationOptions": {"settings": {}, "commands": COMMANDS, "trusted": False},
            **params,
        }
        result: dict[str, Any] = await self.request("initialize", given)
        self.notify("initialized", {})
        return result

    async def shut_down(self) -> int:
        await self.request("shutdown")
        self.notify("exit")
        return await self.ended()

    async def ended(self) -> int:
        async with asyncio.timeout(ANSWER):
            code = await self.process.wait()
            await self._reading
            await self._noting
        self.writer.close()
        return code

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.ended()

    # The wire

    def _send(self, message: dict[str, Any]) -> None:
        self.writer.write(frame(message))

    async def _read(self) -> None:
        out = self.reader
        while header := await out.readline():
            assert header.startswith(b"Content-Length: "), f"something else than a message on stdout: {header!r}"
            size = int(header.removeprefix(b"Content-Length: "))
            while (await out.readline()).strip():
                pass
            await self._take(json.loads(await out.readexactly(size)))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(EOFError("the server has ended"))
                future.exception()  # not every test waits for every answer

    async def _take(self, message: dict[str, Any]) -> None:
        message.setdefault("params", None)
        if "method" not in message:
            future = self._waiting.pop(message["id"])
            if "error" in message:
                future.set_exception(ServerError(message["error"]))
            else:
                future.set_result(message["result"])
            return
        async with self._news:
            self.heard.append(message)
            self._news.notify_all()
        if "id" in message:
            answer = self.answers.get(message["method"])
            self._send({"id": message["id"], "result": answer(message["params"]) if answer else None})

    async def _note_errors(self) -> None:
        assert self.process.stderr
        while line := await self.process.stderr.readline():
            self.errors += line.decode()


@asynccontextmanager
async def running(*arguments: str, cwd: Path | None = None, code: str = "") -> AsyncIterator[Client]:
    """A server started as editors start it, or by `code`; killed at the end if it still runs."""
    start = ["-c", code] if code else ["-m", "logsieve", "lsp", *arguments]
    command = [sys.executable, "-P", *start]  # -P: as the installed script does
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, limit=1 << 24
    )
    assert process.stdin
    assert process.stdout
    client = Client(process, process.stdout, process.stdin)
    try:
        yield client
    finally:
        await client.kill()


async def within(answer: asyncio.Future[Any]) -> Any:
    """The answer to a request that `start` has sent."""
    return await asyncio.wait_for(answer, ANSWER)


def frame(message: dict[str, Any]) -> bytes:
    """A message as it goes over the wire."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def span(start_line: int, start: int, end_line: int, end: int) -> dict[str, Any]:
    """A range as it goes over the wire."""
    return {
        "start": {"line": start_line, "character": start},
        "end": {"line": end_line, "character": end},
    }
