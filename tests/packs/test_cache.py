"""The cache of compiled patterns: small, and whole whoever writes at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logsieve.packs import cache

WRITER = """
import sys
from logsieve.packs import cache
for i in range(60):
    name = f"patterns-{i % 20}"
    blob = cache.get(name)
    assert blob in (None, name.encode() * 50_000), name
    cache.put(name, name.encode() * 50_000)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "logsieve"


def test_the_entries_used_last_are_kept(folder: Path) -> None:
    for i in range(cache.KEPT):
        cache.put(f"patterns-{i}", b"old")
        os.utime(folder / f"patterns-{i}", (i, i))
    assert cache.get("patterns-0") == b"old"
    cache.put("patterns-new", b"new")
    kept = {f"patterns-{i}" for i in range(cache.KEPT) if i != 1}
    assert {path.name for path in folder.iterdir()} == kept | {"patterns-new"}
    assert cache.get("patterns-new") == b"new"


def test_what_killed_writers_left_goes_too(folder: Path) -> None:
    folder.mkdir()
    for i in range(30):
        (folder / f"tmp{i}").write_bytes(b"half")
        os.utime(folder / f"tmp{i}", (i, i))
    cache.put("patterns-new", b"new")
    assert len(list(folder.iterdir())) == cache.KEPT
    assert cache.get("patterns-new") == b"new"


def test_a_folder_that_cannot_be_written_is_no_failure(folder: Path) -> None:
    folder.write_bytes(b"a file where the folder should be")
    cache.put("patterns-new", b"new")
    assert cache.get("patterns-new") is None


def test_many_processes_may_write_at_once(folder: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER], stderr=subprocess.PIPE) for _ in range(4)]
    assert [writer.communicate(timeout=300)[1] for writer in writers] == [b""] * 4
    assert [writer.returncode for writer in writers] == [0] * 4
    cache.put("patterns-last", b"last")
    assert len(list(folder.iterdir())) == cache.KEPT
