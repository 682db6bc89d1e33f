"""Further processes: they answer, they fail as functions do, and none outlives the one that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from logsieve.disk import ChangedError, Disk
from logsieve.workers import WorkerLostError, Workers
from processes import TOLD, children, gone

pytestmark = pytest.mark.skipif(not TOLD, reason="asks Linux which processes there are")


@pytest.fixture
def two() -> Iterator[Workers]:
    workers = Workers(2, os.getpid)
    yield workers
    workers.close()
    assert children(os.getpid()) == []


def test_tasks_are_done_in_other_processes_that_are_started_when_needed(two: Workers) -> None:
    assert children(os.getpid()) == []
    one = two.submit(os.getpid).result()
    assert children(os.getpid()) == [one]
    futures = [two.submit(os.getpid) for _ in range(50)]
    assert {future.result() for future in futures} <= set(children(os.getpid()))
    assert len(children(os.getpid())) == 2
    assert os.getpid() not in children(os.getpid())


def test_what_a_task_raises_is_raised_here(two: Workers, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told:
        two.submit(os.stat, tmp_path / "none").result()
    assert "workers.py" in "".join(told.value.__notes__)  # where it happened
    (tmp_path / "log").write_bytes(b"long enough")
    disk = Disk(tmp_path / "log")
    os.truncate(tmp_path / "log", 3)
    with pytest.raises(ChangedError):
        two.submit(len, disk).result()
    assert two.submit(len, b"abc").result() == 3


def test_a_task_that_prints_does_no_harm(two: Workers, capfd: pytest.CaptureFixture[str]) -> None:
    assert two.submit(print, "hello").result() is None
    assert two.submit(os.system, "echo there; cat").result() == 0
    assert capfd.readouterr().err == "hello\nthere\n"


def test_a_process_that_dies_loses_its_task_and_is_replaced(two: Workers) -> None:
    first = two.submit(os.getpid).result()
    with pytest.raises(WorkerLostError):
        two.submit(os._exit, 1).result()
    assert gone([first])
    for _ in range(5):
        assert two.submit(os.getpid).result() != first


def test_where_none_can_be_started_every_task_is_lost(capfd: pytest.CaptureFixture[str]) -> None:
    workers = Workers(1, os._exit, 1)
    for _ in range(3):
        with pytest.raises(WorkerLostError):
            workers.submit(len, b"").result()
    workers.close()
    assert capfd.readouterr().err == ""


def test_to_close_ends_what_is_going_on() -> None:
    workers = Workers(2, os.getpid)
    waiting = [workers.submit(time.sleep, 600) for _ in range(5)]
    while len(started := children(os.getpid())) < 2:
        time.sleep(0.01)
    workers.close()
    assert gone(started, 0)
    for future in waiting:
        assert future.cancelled() or isinstance(future.exception(), WorkerLostError)


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_one_that_started_it(tmp_path: Path, stop: signal.Signals) -> None:
    path = tmp_path / "starts.py"
    path.write_text(
        "import os, time\n"
        "from logsieve.workers import Workers\n"
        "workers = Workers(1, os.getpid)\n"
        "print(workers.submit(os.getpid).result(), flush=True)\n"
        "workers.submit(time.sleep, 600)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        other = int(started.stdout.readline())
        assert children(started.pid) == [other]
        started.send_signal(stop)
    assert gone([other])
