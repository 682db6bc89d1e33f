"""Many logs: several processes give what one would, in the order given, and nothing is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from command import COMMAND, FIXTURES, Command
from logsieve import many, packs, workers
from logsieve.archive import InputProblem, Log, read
from logsieve.operations import OPERATIONS
from logsieve.terminal import PIPE_WIDTH
from logsieve.text import looks_binary
from processes import TOLD, children, gone, is_alive

PIECE = 25_000  # bytes of a log: of 200 a third is left when other processes are asked

pytestmark = [
    pytest.mark.skipif(workers.cores() < 2, reason="one core: everything is done in one process"),
    pytest.mark.skipif(not TOLD, reason="asks Linux which processes there are"),
]


@pytest.fixture(scope="module")
def pieces() -> list[bytes]:
    """200 logs, cut out of all fixtures."""
    whole = b"".join(path.read_bytes() + b"\n" for path in sorted(FIXTURES.glob("*/*/log.txt")))
    cut = (whole[at : at + PIECE] for at in range(0, len(whole), PIECE))
    found = [piece for piece in cut if not looks_binary(piece)]
    assert len(found) >= 200
    return found[:200]


@pytest.fixture
def logs(tmp_path: Path, pieces: list[bytes]) -> list[str]:
    """Their paths, of which some cannot be read, and one is an archive of many."""
    paths = []
    for number, piece in enumerate(pieces[:100]):
        path = tmp_path / f"{number:03}.log"
        path.write_bytes(piece)
        paths.append(path.name)
    with zipfile.ZipFile(tmp_path / "more.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, piece in enumerate(pieces[100:]):
            archive.writestr(f"{number}_step.txt", piece)
    (tmp_path / "empty.log").touch()
    (tmp_path / "binary.log").write_bytes(bytes(1000))
    return [*paths[:50], "missing.log", *paths[50:], "empty.log", "more.zip", "binary.log", "000.log"]


def job(operation: str = "triage") -> many.Job:
    (found,) = (each for each in OPERATIONS if each.name == operation)
    return many.Job(found, {}, packs.load(), "text", PIPE_WIDTH)


def wait_for(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 120  # only so that a hang is a failure
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


@pytest.mark.parametrize(
    "arguments",
    [("triage",), ("triage", "--format", "json"), ("reduce", "--budget", "300", "--format", "jsonl")],
    ids=" ".join,
)
def test_several_processes_give_what_one_gives(run: Command, logs: list[str], arguments: tuple[str, ...]) -> None:
    several = run(*arguments, *logs)
    mine = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(mine)})
        one = run(*arguments, *logs)
    finally:
        os.sched_setaffinity(0, mine)
    assert several.stdout == one.stdout
    assert several.stderr == one.stderr
    assert several.returncode == one.returncode == 2
    assert [line.split(b": ")[1] for line in several.stderr.splitlines()] == [
        b"missing.log",
        b"empty.log",
        b"binary.log",
    ]


def test_logs_are_taken_only_a_little_ahead_and_done_elsewhere(pieces: list[bytes]) -> None:
    taken: list[str] = []
    here: list[str] = []
    most = 0

    def given() -> Iterator[Log | InputProblem]:
        for number, piece in enumerate(pieces * 3):
            taken.append(str(number))
            yield Log(str(number), piece) if number % 50 else InputProblem(str(number), "is odd")

    def do_here(log: Log) -> many.Done | InputProblem:
        here.append(log.path)
        return task(log)

    task = job()
    got: list[str] = []
    with closing(many.run(task, given(), do_here)) as results:
        for done in results:
            got.append(done.path)
            most = max(most, len(taken) - len(got))
            assert isinstance(done, InputProblem) == (int(done.path) % 50 == 0)
    assert got == taken == [str(number) for number in range(len(pieces) * 3)]
    assert here == [path for path in got[: len(here) + 3] if int(path) % 50]  # the first ones, and no others
    assert len(here) < 150
    processes = min(workers.cores(), many.MOST)
    assert 0 < most <= (processes * many.AHEAD + 2) * many.GROUP


def test_a_large_log_is_done_here_and_alone(pieces: list[bytes]) -> None:
    large = b"".join(pieces) * (many.LARGE // sum(map(len, pieces)) + 1)
    small = [Log(f"small {number}", piece) for number, piece in enumerate(pieces)]
    here: list[str] = []

    def do_here(log: Log) -> many.Done | InputProblem:
        here.append(log.path)
        return many.Done(log.path, "", "", False)

    with closing(many.run(job(), iter([*small, Log("large", large), *small]), do_here)) as results:
        got = [done.path for done in results]
    names = [log.path for log in small]
    assert got == [*names, "large", *names]
    assert here[-1] == "large"
    assert len(here) < len(small)


def test_what_a_process_does_not_live_to_answer_is_done_here(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    monkeypatch.setattr(many, "FEW", 0)
    task = job()
    logs = [Log(str(number), piece) for number, piece in enumerate(pieces)]
    here: list[str] = []

    def do_here(log: Log) -> many.Done | InputProblem:
        here.append(log.path)
        return task(log)

    got: list[many.Done | InputProblem] = []
    with closing(many.run(task, iter(logs), do_here)) as results:
        for done in results:
            got.append(done)
            if len(got) == 2:
                for child in children(os.getpid()):
                    os.kill(child, signal.SIGKILL)
    assert got == [task(log) for log in logs]
    assert len(here) > 1
    assert children(os.getpid()) == []


@pytest.fixture
def busy(run: Command, tmp_path: Path, pieces: list[bytes]) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """The command in the midst of many logs, in a process group of its own as a shell has it; and its processes."""
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        for number, piece in enumerate(pieces):
            archive.writestr(f"{number}_step.txt", piece)
    process = subprocess.Popen(
        [COMMAND, "triage", "--format", "jsonl", *[tmp_path / "logs.zip"] * 50],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=run.environment,
        process_group=0,
    )
    assert process.stdout is not None
    for _ in range(200):  # by then others are at work
        assert process.stdout.readline()
    found = children(process.pid)
    assert len(found) == min(workers.cores(), many.MOST)
    yield process, found
    process.kill()
    process.communicate()


def test_an_interrupt_ends_all_processes(busy: tuple[subprocess.Popen[bytes], list[int]]) -> None:
    process, others = busy
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    _, told = process.communicate(timeout=120)
    assert told.strip() == b""
    assert process.returncode == 130
    assert [pid for pid in others if is_alive(pid)] == []


def test_a_closed_pipe_ends_all_processes(busy: tuple[subprocess.Popen[bytes], list[int]]) -> None:
    process, others = busy
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(120) == 0
    assert process.stderr.read() == b""
    assert [pid for pid in others if is_alive(pid)] == []


def test_processes_do_not_outlive_a_command_that_is_killed(busy: tuple[subprocess.Popen[bytes], list[int]]) -> None:
    process, others = busy
    process.kill()
    process.wait()
    assert gone(others)


def test_an_interrupt_while_the_processes_start_is_quiet(run: Command, tmp_path: Path, pieces: list[bytes]) -> None:
    for number, piece in enumerate(pieces):
        (tmp_path / f"{number:03}.log").write_bytes(piece)
    process = subprocess.Popen(
        [COMMAND, "triage", *sorted(tmp_path.glob("*.log"))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # An interrupt can come between the opening of a file and its `with`: Python then says that it was left open,
        # unless it is told not to, as it is for users by default.
        env=run.environment | {"PYTHONWARNINGS": "error,ignore::ResourceWarning"},
        process_group=0,
    )
    wait_for(lambda: children(process.pid), "no process was started")
    others = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert (process.returncode, told.strip()) == (130, b"")
    assert [pid for pid in others if is_alive(pid)] == []


def test_nothing_in_the_folder_is_run(run: Command, tmp_path: Path, pieces: list[bytes]) -> None:
    for name in ("pickle", "logsieve", "encodings", "threading", "subprocess", "numpy", "runpy"):
        (tmp_path / f"{name}.py").write_text("import os; os.write(2, b'taken over'); os._exit(3)\n")
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        for number, piece in enumerate(pieces):
            archive.writestr(f"{number}_step.txt", piece)
    done = run("triage", "--exit-zero", "--format", "jsonl", "logs.zip")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == len(list(read(str(tmp_path / "logs.zip"))))
