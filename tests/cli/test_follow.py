"""A log that grows is followed: it is said what a fresh look would say, and what becomes of its file."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from command import COMMAND, FIXTURES, Command
from engine import analysed
from logsieve import packs
from logsieve.core.analysis import Analysis, analyse
from logsieve.follow import SETTLED, Event, State, states
from logsieve.text import LogText
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LOGS = sorted(path for path in FIXTURES.glob("*/*/log.txt") if 2_000 < path.stat().st_size < 30_000)
PACKS = packs.load()


def said(analysis: Analysis) -> object:
    found = (analysis.verdict, analysis.verdict_why, analysis.findings, analysis.sections, analysis.noise)
    return *found, analysis.levels.tolist(), analysis.shapes.tolist(), analysis.envelopes


def again(text: LogText, earlier: Analysis | None) -> Analysis:
    return analyse(text, PACKS, earlier=earlier)


class DoneError(Exception):
    """Ends following."""


def stop() -> None:
    raise DoneError


def followed(
    path: Path, steps: list[Callable[[], object]], analysed: Callable[[LogText, Analysis | None], Analysis] = again
) -> list[State]:
    """The states of a file to which these steps are done, each between two looks at it."""
    rest = iter(steps)

    def wait(_: float) -> None:
        next(rest, stop)()

    found: list[State] = []
    with suppress(DoneError):
        found.extend(states(str(path), analysed, wait))
    return found


def appending(path: Path, data: bytes) -> Callable[[], object]:
    def append() -> None:
        with path.open("ab") as file:
            file.write(data)

    return append


def idle() -> None:
    """A look at which nothing has changed."""


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_pieces_the_end_is_that_of_a_fresh_look(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = b"".join(path.read_bytes() for path in chance.sample(LOGS, 3)) + "ein Satz mit “ü” und 日本\n".encode()
    cuts = sorted({0, *chance.choices(range(len(data)), k=chance.choice((3, 40))), len(data) - 3, len(data)})
    path = tmp_path / "build.log"
    path.touch()
    pieces = [data[a:b] for a, b in pairwise(cuts)]
    found = followed(path, [appending(path, piece) for piece in pieces] + [idle])
    assert [state.event for state in found] == [Event.GROWN] * (len(pieces) + 1)
    assert said(found[0].analysis) == said(analysed(b""))
    for at in chance.sample(range(len(pieces)), 2):
        assert said(found[at + 1].analysis) == said(analysed(data[: cuts[at + 1]]))
    assert said(found[-1].analysis) == said(analysed(data))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_log_with_a_mark_is_followed_byte_by_byte(tmp_path: Path, encoding: str) -> None:
    data = "step 1\nerror: “x” is not there\nexit status 1\n".encode(encoding)
    path = tmp_path / "build.log"
    path.touch()
    found = followed(path, [appending(path, data[at : at + 1]) for at in range(len(data))] + [idle])
    assert said(found[-1].analysis) == said(analysed(data))
    assert found[-1].analysis.findings[0].anchor == 1


def test_what_becomes_of_the_file_is_told(tmp_path: Path) -> None:
    path, aside = tmp_path / "build.log", tmp_path / "build.log.1"
    path.write_bytes(b"one\ntwo\n")

    def rewrite(data: bytes) -> None:
        path.write_bytes(data)
        os.utime(path, (0, 0))  # a clock may be too coarse for a test

    def replace() -> None:
        aside.write_bytes(b"another file\n")
        aside.replace(path)

    steps: list[tuple[Callable[[], object], Event | None, bytes]] = [
        (lambda: path.rename(aside), Event.GONE, b"one\ntwo\n"),
        (idle, None, b""),
        (lambda: aside.rename(path), Event.GROWN, b"one\ntwo\n"),
        (appending(path, b"three\n"), Event.GROWN, b"one\ntwo\nthree\n"),
        (lambda: os.truncate(path, 4), Event.TRUNCATED, b"one\n"),
        (lambda: rewrite(b"uno\n"), Event.TRUNCATED, b"uno\n"),
        (lambda: rewrite(b"longer than before\n"), Event.TRUNCATED, b"longer than before\n"),
        (replace, Event.REPLACED, b"another file\n"),
        (path.unlink, Event.GONE, b"another file\n"),
        (path.mkdir, None, b""),
        (path.rmdir, None, b""),
        (lambda: path.write_bytes(b"back\n"), Event.REPLACED, b"back\n"),
        (lambda: os.utime(path, (0, 0)), None, b""),
        (lambda: os.truncate(path, 0), Event.TRUNCATED, b""),
        (appending(path, b"new\n"), Event.GROWN, b"new\n"),
    ]
    found = followed(path, [step for step, _, _ in steps])
    assert [state.event for state in found] == [Event.GROWN, *(event for _, event, _ in steps if event)]
    held = [data for _, event, data in steps if event]
    assert [said(state.analysis) for state in found[1:]] == [said(analysed(data)) for data in held]


def test_that_a_log_has_come_to_rest_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    path.write_bytes(b"one\n")
    found = followed(path, [*[idle] * SETTLED * 3, appending(path, b"two\n"), *[idle] * SETTLED * 2])
    assert [state.event for state in found] == [Event.GROWN, Event.SETTLED, Event.GROWN, Event.SETTLED]


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    path.write_bytes(b"one\n" * 50_000)
    changes: Iterator[Callable[[], object]] = iter(
        [lambda: os.truncate(path, 100_000), lambda: path.write_bytes(bytes(300_000))]
    )

    def while_it_changes(text: LogText, earlier: Analysis | None) -> Analysis:
        next(changes, idle)()  # between its index and the rest
        return again(text, earlier)

    (state,) = followed(path, [idle] * 3, while_it_changes)
    assert said(state.analysis) == said(analysed(bytes(300_000)))


def test_a_defect_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    path.write_bytes(b"one\n")

    def defect(_text: LogText, _earlier: Analysis | None) -> Analysis:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        followed(path, [idle] * 100, defect)


# The command


class Following:
    """`logsieve triage --follow` in a pipe; `until` reads on until a line of its output holds something."""

    def __init__(self, run: Command, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [COMMAND, "triage", "--follow", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=run.environment,
            cwd=run.folder,
            text=True,
        )

    def until(self, wanted: str) -> str:
        """The line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if wanted in line:
                return line
        raise AssertionError(f"{wanted!r} did not come; the errors: {self.end()}")

    def end(self) -> tuple[int, str, str]:
        """Interrupt it: exit code, the rest of its output, its errors."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        rest, told = self.process.communicate(timeout=120)
        return self.process.returncode, rest, told


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    path = tmp_path / "build.log"
    path.write_text("step 1\n")
    return path


def test_in_a_pipe_what_is_new_is_printed(run: Command, growing: Path) -> None:
    following = Following(run, "build.log")
    assert following.until("build.log: ").startswith("build.log: unknown (")
    appending(growing, b"error: cannot find the file `a")()
    appending(growing, b".txt`\nstep 2\n")()
    assert following.until("build.log: ").startswith("build.log: failed (")
    assert following.until("build.log:2") == "  error   build.log:2  cannot find the file `a.txt`\n"
    appending(growing, b"error: no such table: users\nexit status 1\n")()
    assert "no such table" in following.until("build.log:4")
    os.truncate(growing, 0)
    assert following.until("read from its start") == (
        "build.log was cut short or written anew: it is read from its start\n"
    )
    assert following.until("build.log: ").startswith("build.log: unknown (")
    growing.unlink()
    assert following.until("is gone") == "build.log is gone: it is read on when it is back\n"
    growing.write_text("error: cannot find the file `a.txt`\n")
    assert "another file" in following.until("is another file")
    assert following.until("build.log:1") == "  error   build.log:1  cannot find the file `a.txt`\n"
    assert following.end() == (1, "", "")


def test_jsonl_is_an_object_a_change(run: Command, growing: Path) -> None:
    following = Following(run, "--format", "jsonl", "build.log")
    first = json.loads(following.until("{"))
    assert list(first) == ["path", "verdict", "findings", "lines", "event"]
    assert (first["verdict"], first["lines"], first["event"]) == ("unknown", 1, "grown")
    appending(growing, b"step 2\nerror: cannot find the file\n")()
    second = json.loads(following.until("{"))
    assert (second["verdict"], second["lines"], second["findings"][0]["line"]) == ("failed", 3, 3)
    growing.unlink()
    third = json.loads(following.until("{"))
    assert third == second | {"event": "gone"}
    assert following.end()[0] == 1


@pytest.mark.parametrize(("log", "arguments", "code"), [("all fine\n", [], 0), ("error: no\n", ["--exit-zero"], 0)])
def test_the_exit_code_is_that_of_triage(
    run: Command, growing: Path, log: str, arguments: list[str], code: int
) -> None:
    growing.write_text(log)
    following = Following(run, *arguments, "build.log")
    following.until("build.log: ")
    assert following.end()[0] == code


def test_a_reader_that_leaves_ends_it_though_nothing_is_said(run: Command, growing: Path) -> None:
    following = Following(run, growing)
    following.until("build.log: ")
    process = following.process
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(120) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build.log", "build.log"], "triage: --follow takes one log"),
        (
            ["--format", "json", "build.log"],
            "triage: --follow goes with text or jsonl: json is of a log that has ended",
        ),
        (
            ["--format", "sarif", "build.log"],
            "triage: --follow goes with text or jsonl: sarif is of a log that has ended",
        ),
        (["missing.log"], "missing.log: no such file or directory; --follow takes a plain file"),
        (["."], ".: is a folder; --follow takes a plain file"),
        (["-"], "-: no such file or directory; --follow takes a plain file"),
        (["packed.log"], "packed.log: is packed; --follow takes a plain file"),
        (["binary.log"], "binary.log: is binary, not a log; --follow takes a plain file"),
        (["/dev/null"], "/dev/null: is no plain file; --follow takes a plain file"),
    ],
)
@pytest.mark.usefixtures("growing")
def test_what_cannot_be_followed_is_told(run: Command, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "packed.log").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "binary.log").write_bytes(bytes(1000))
    done = run("triage", "--follow", *arguments)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", f"logsieve: {message}\n")


def shape(shown: bytes) -> tuple[int, int]:
    """Rows and columns of the last screen; zero columns where its rows differ."""
    screen = shown.decode("utf-8", "replace").rpartition("\x1b[H")[2]
    rows = ESCAPE.sub("", screen).replace("\r", "").split("\n")
    return len(rows), len(rows[0]) if len({len(row) for row in rows}) == 1 else 0


class TestOnATerminal:
    def test_it_is_renewed_in_place_and_left_as_it_was(self, run: Command, growing: Path) -> None:
        terminal = Terminal([COMMAND, "triage", "-f", "build.log"], run.environment, folder=run.folder)
        terminal.until(b"unknown")
        appending(growing, b"error: cannot find the file\n")()
        terminal.until(b"First because")
        appending(growing, b"exit status 1\n")()
        terminal.until(b"exit status 1")
        terminal.process.send_signal(signal.SIGINT)
        code, shown = terminal.end()
        assert code == 1
        assert shown.count("\x1b[?1049h") == shown.count("\x1b[?1049l") == 1
        assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
        screens, _, after = shown.partition("\x1b[?1049l")
        assert len(screens.split("\x1b[H")) >= 4  # each begins at the top; nothing is ever erased
        assert "\x1b[2J" not in screens
        assert "\x1b[2K" not in screens
        assert ESCAPE.sub("", after).strip("\n") == run("triage", "build.log").stdout.decode().strip("\n")

    @pytest.mark.parametrize("columns", [12, 40])
    def test_it_fills_a_terminal_of_any_size(self, run: Command, growing: Path, columns: int) -> None:
        growing.write_text("".join(f"error: number {n} of {'many ' * 40}\n" for n in range(60)))
        terminal = Terminal([COMMAND, "triage", "-f", "build.log"], run.environment, columns, folder=run.folder)
        terminal.until(lambda shown: shape(shown) == (40, columns))
        terminal.resize(20, columns - 5)
        terminal.until(lambda shown: shape(shown) == (20, columns - 5))
        terminal.process.send_signal(signal.SIGTERM)
        code, text = terminal.end()
        assert code == 128 + signal.SIGTERM
        assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1
        assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1

    def test_a_terminal_that_cannot_gets_lines(self, run: Command, growing: Path) -> None:
        environment = run.environment | {"TERM": "dumb"}
        terminal = Terminal([COMMAND, "triage", "-f", "build.log"], environment, folder=run.folder)
        terminal.until(b"build.log: ")
        appending(growing, b"error: cannot find the file\nstep 2\n")()
        terminal.until(b"build.log:2")
        terminal.process.send_signal(signal.SIGINT)
        code, shown = terminal.end()
        assert code == 1
        assert "\x1b" not in shown
