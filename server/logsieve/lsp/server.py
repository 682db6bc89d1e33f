"""Starts the language server: the worker first, so that it warms up while the front imports what greeting takes."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from logsieve.lsp.session import Session

if TYPE_CHECKING:
    from logsieve.lsp.front import Front

__all__ = ["main"]


def main(tcp: int | None = None) -> NoReturn:
    """Serve one client over stdin and stdout, or on a loopback port. Exits with 0 if it said goodbye first, else 1."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # its errors are answers to the client
    source, sink = _private_stdio() if tcp is None else (None, None)
    try:
        sys.exit(asyncio.run(_serve(source, sink, tcp)))
    except KeyboardInterrupt:
        os._exit(130)  # the thread that reads stdin cannot be stopped


def _private_stdio() -> tuple[BinaryIO, BinaryIO]:
    """The client's streams, moved to where a stray print or a child process cannot reach them."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a device, and its descriptor is what is wanted)
        os.dup2(nothing.fileno(), 0)
    sys.stdout = sys.stderr
    return source, sink


async def _serve(source: BinaryIO | None, sink: BinaryIO | None, tcp: int | None) -> int:
    session = Session()
    await session.start()
    try:
        from logsieve.lsp.front import Front

        front = Front(session)
        gc.freeze()  # what is here for good: to look through it whenever a log is closed would take a tenth of a second
        if source and sink:
            await _serve_streams(front, source, sink)
        else:
            await _serve_socket(front, tcp or 0)
        return 0 if front.protocol.was_shut_down else 1
    finally:
        await session.stop()


async def _serve_streams(front: Front, source: BinaryIO, sink: BinaryIO) -> None:
    """Take messages until the client leaves."""
    from pygls.io_ import StdoutWriter

    from logsieve.lsp.wire import Reader

    reader, loop = Reader(source), asyncio.get_running_loop()
    front.protocol.set_writer(StdoutWriter(sink))
    with ThreadPoolExecutor(1, "reading") as reading, suppress(ConnectionError):
        while message := await loop.run_in_executor(reading, reader.message):
            front.protocol.take(message)


async def _serve_socket(front: Front, port: int) -> None:
    """Wait for one client on the loopback interface; the port is printed on stderr, for it may have been 0."""
    with socket.create_server(("127.0.0.1", port)) as server:
        server.setblocking(False)
        sys.stderr.write(f"listening on 127.0.0.1:{server.getsockname()[1]}\n")
        sys.stderr.flush()
        client, _ = await asyncio.get_running_loop().sock_accept(server)
    client.setblocking(True)
    with client, client.makefile("rb") as source, client.makefile("wb") as sink:
        await _serve_streams(front, source, sink)
