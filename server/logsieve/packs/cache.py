"""What takes long to make, kept in the user's cache folder: packs as read, compiled patterns. A missing or damaged
entry only slows the start.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import xxhash

from logsieve import __version__

__all__ = ["KEPT", "get", "key", "put"]

KEPT = 12  # entries of a kind: some for each of some sets of packs, those of the versions before, half-written files
DIGEST = 16  # bytes before an entry: its hash, for a damaged entry could crash whoever reads it


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("logsieve", appauthor=False)


def key(kind: str, code: Iterable[Path | str], parts: Iterable[bytes]) -> str:
    """The key of what is made of these parts by these files of code: a checkout's code changes without its version.

    `kind`, a word, is what has its room in the cache to itself: what is made often drives out nothing else.
    """
    about = xxhash.xxh3_128(f"{__version__} {sys.version}".encode())
    for path in sorted(map(Path, code)):
        with contextlib.suppress(OSError):  # installed as bytecode only: the version tells
            about.update(path.read_bytes())
    for part in parts:
        about.update(b"\0" + part)
    return f"{kind}-{about.hexdigest()}"


def get(key: str) -> bytes | None:
    """What was stored under `key`, or None."""
    path = _folder() / key
    with contextlib.suppress(OSError):
        with path.open("rb", buffering=0) as file:
            digest, blob = file.read(DIGEST), file.read()
        if xxhash.xxh3_128_digest(blob) != digest:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now: the entries longest out of use are dropped first
        return blob
    return None


def put(key: str, blob: bytes) -> None:
    """Store `blob` under `key`, whole or not at all; failing is silent, since nothing depends on it.

    The KEPT entries of its kind that were used last stay. Other processes may read and write at the same time.
    """
    import tempfile

    with contextlib.suppress(OSError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        kind = key.partition("-")[0]
        handle, name = tempfile.mkstemp(dir=folder, prefix=f"{kind}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(xxhash.xxh3_128_digest(blob) + blob)
            Path(name).replace(folder / key)
        except OSError:  # the disk is full: what was written would only keep it so
            Path(name).unlink()
            raise
        for path in sorted(folder.glob(f"{kind}-*"), key=_used, reverse=True)[KEPT:]:
            with contextlib.suppress(OSError):  # another process was quicker, or (on Windows) reads it
                path.unlink()


def _used(path: Path) -> int:
    """When the file was last used, in nanoseconds; 0 where it is gone."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
