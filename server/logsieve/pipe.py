"""How our processes speak over pipes: pickled objects, each led by its length. Both ends are ours."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

__all__ = ["HEADER", "frame", "read", "write"]

HEADER = struct.Struct("!Q")


def frame(message: object) -> bytes:
    """A message as it goes over the pipe."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(body)) + body


def write(sink: IO[bytes], message: object) -> None:
    """Send a message at once."""
    sink.write(frame(message))
    sink.flush()


def read(source: IO[bytes]) -> Any:
    """The next message; None at the end of the stream."""
    header = source.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (size,) = HEADER.unpack(header)
    body = source.read(size)
    return pickle.loads(body) if len(body) == size else None  # noqa: S301 (a pipe between our own two processes)
