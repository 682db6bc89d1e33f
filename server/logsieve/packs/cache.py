"""Compiled pattern databases kept in the user's cache folder. A missing or damaged entry only slows the start."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["get", "put"]


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("logsieve", appauthor=False)


def get(key: str) -> bytes | None:
    """What was stored under `key`, or None."""
    with contextlib.suppress(OSError):
        return (_folder() / key).read_bytes()
    return None


def put(key: str, blob: bytes) -> None:
    """Store `blob` under `key`, whole or not at all; failing is silent, since nothing depends on it."""
    with contextlib.suppress(OSError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(blob)
        Path(name).replace(folder / key)
