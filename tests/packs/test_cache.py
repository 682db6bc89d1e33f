"""The cache: small, whole whoever writes at the same time, and only a cache: what is damaged is made anew."""

from __future__ import annotations

import importlib
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import Command
from logsieve import packs
from logsieve.core.scanner import HyperscanScanner
from logsieve.packs import cache

load = importlib.import_module("logsieve.packs.load")  # the package has a function of that name

WRITER = """
import sys
from logsieve.packs import cache
for i in range(80):
    name = f"patterns-{i % (cache.KEPT + 8)}"
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


def test_a_kind_drives_out_no_other(folder: Path) -> None:
    cache.put("patterns-dear", b"minutes of work")
    os.utime(folder / "patterns-dear", (0, 0))
    for i in range(2 * cache.KEPT):
        cache.put(f"few-{i}", b"made after each rule")
    assert cache.get("patterns-dear") == b"minutes of work"
    assert len(list(folder.iterdir())) == 1 + cache.KEPT


def test_what_killed_writers_left_goes_too(folder: Path) -> None:
    folder.mkdir()
    for i in range(cache.KEPT + 20):
        (folder / f"patterns-tmp{i}").write_bytes(b"half")
        os.utime(folder / f"patterns-tmp{i}", (i, i))
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


@pytest.mark.parametrize("damage", [b"", b"short", b"\x80\x05K*." * 100, None])
def test_a_damaged_entry_is_none(folder: Path, damage: bytes | None) -> None:
    cache.put("patterns-new", b"x" * 1000)
    path = folder / "patterns-new"
    path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    assert cache.get("patterns-new") is None


def test_a_key_follows_the_code_and_the_parts(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    keys = set()
    for text in ("x = 1\n", "x = 2\n"):
        code.write_text(text)
        keys |= {cache.key("packs", [code], parts) for parts in ([b"ab", b"c"], [b"a", b"bc"], [])}
    assert len(keys) == 6
    assert cache.key("packs", [code], []) in keys


@pytest.fixture
def forgotten(folder: Path) -> Iterator[Path]:
    """The cache's folder, empty, and the built-in packs not read yet in this process."""
    load._builtin.cache_clear()
    yield folder
    load._builtin.cache_clear()


def test_built_in_packs_are_those_of_the_files_whether_read_or_kept(forgotten: Path) -> None:
    read = packs.load().packs
    (entry,) = forgotten.glob("packs-*")
    load._builtin.cache_clear()
    assert packs.load().packs == read
    cache.put(entry.name, pickle.dumps(read[:1]))
    load._builtin.cache_clear()
    assert packs.load().packs == read[:1]  # it is the entry that is read
    entry.write_bytes(entry.read_bytes()[:-1])
    load._builtin.cache_clear()
    assert packs.load().packs == read


def test_damaged_patterns_are_prepared_again(folder: Path) -> None:
    def hits() -> list[int]:
        found: list[int] = HyperscanScanner(["^a+b"]).scan(b"aab\n")[0].tolist()
        return found

    assert hits() == [0]
    (entry,) = folder.iterdir()
    for damage in (b"", b"no database" * 100):
        entry.write_bytes(damage)
        assert hits() == [0]
    cache.put(entry.name, b"whole, but nothing that the engine knows")
    assert hits() == [0]


def test_the_command_makes_anew_what_is_damaged(tmp_path: Path, shared_cache: Path) -> None:
    run = Command(tmp_path)
    log = tmp_path / "build.log"
    log.write_text("error: password=hunter2hunter2 is wrong\n")
    first = run("triage", log)
    shutil.copytree(shared_cache, tmp_path / "cache")
    folder = tmp_path / "cache" / "logsieve"
    damaged = [*folder.glob("packs-*"), *folder.glob("credentials-*")]
    assert len({path.name.partition("-")[0] for path in damaged}) == 2
    for path in damaged:
        path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    again = run("triage", log, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (again.stdout, again.stderr, again.returncode) == (first.stdout, b"", 1)
    assert b"hunter2" not in again.stdout
    assert not [path for path in damaged if path.exists() and path.read_bytes().endswith(bytes(8))]


@pytest.mark.skipif(sys.platform == "win32", reason="limits what a process may write")
def test_a_full_disk_leaves_no_half_of_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(cache, "_folder", lambda: tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        cache.put("whole", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    cache.put("whole", b"x" * 100_000)
    assert cache.get("whole") == b"x" * 100_000
