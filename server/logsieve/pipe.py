"""How our processes speak over pipes: pickled objects, and what is large in them beside them, each led by its length.
Both ends are ours.
"""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

__all__ = ["HEADER", "SIZE", "frame", "made", "read", "write"]

HEADER = struct.Struct("!QQ")  # bytes of the object, and how many parts come before it
SIZE = struct.Struct("!Q")  # bytes of a part, before each


def frame(message: object) -> list[bytes | memoryview]:
    """A message as it goes over the pipe, in pieces: what is large (a PickleBuffer, a numpy column) is not copied."""
    parts: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL, buffer_callback=parts.append)
    pieces: list[bytes | memoryview] = [HEADER.pack(len(body), len(parts))]
    for part in parts:
        raw = part.raw()
        pieces += SIZE.pack(len(raw)), raw
    return [*pieces, body]


def made(body: bytes, parts: list[bytes]) -> Any:
    """The message that came over the pipe."""
    return pickle.loads(body, buffers=parts)  # noqa: S301 (a pipe between our own two processes)


def write(sink: IO[bytes], message: object) -> None:
    """Send a message at once."""
    sink.writelines(frame(message))
    sink.flush()


def read(source: IO[bytes]) -> Any:
    """The next message; None at the end of the stream."""
    try:
        size, count = HEADER.unpack(_exactly(source, HEADER.size))
        parts = [_exactly(source, *SIZE.unpack(_exactly(source, SIZE.size))) for _ in range(count)]
        body = _exactly(source, size)
    except EOFError:
        return None
    return made(body, parts)


def _exactly(source: IO[bytes], size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise EOFError
    return data
