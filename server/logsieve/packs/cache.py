"""Compiled pattern databases kept in the user's cache folder. A missing or damaged entry only slows the start."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["KEPT", "get", "put"]

KEPT = 8  # entries: some sets of packs, those of the versions before, and half-written files


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("logsieve", appauthor=False)


def get(key: str) -> bytes | None:
    """What was stored under `key`, or None."""
    with contextlib.suppress(OSError):
        blob = (_folder() / key).read_bytes()
        with contextlib.suppress(OSError):
            os.utime(_folder() / key)  # used now: the entries longest out of use are dropped first
        return blob
    return None


def put(key: str, blob: bytes) -> None:
    """Store `blob` under `key`, whole or not at all; failing is silent, since nothing depends on it.

    The KEPT entries used last stay. Other processes may read and write at the same time.
    """
    with contextlib.suppress(OSError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(blob)
        Path(name).replace(folder / key)
        for path in sorted(folder.iterdir(), key=_used, reverse=True)[KEPT:]:
            with contextlib.suppress(OSError):  # another process was quicker, or (on Windows) reads it
                path.unlink()


def _used(path: Path) -> int:
    """When the file was last used, in nanoseconds; 0 where it is gone."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
