"""What people see: the text, with colours and a progress bar on a real terminal, plain in a pipe."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from command import COMMAND, Command
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A log whose analysis lasts for some seconds: every line is a hit."""
    path = tmp_path / "large.log"
    path.write_bytes(b"".join(b"error: number %d \x1b[1mof\x1b[m many\n" % i for i in range(2_500_000)))
    return path


def test_triage_names_cause_place_reason_and_the_rest(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    quiet = "".join(f"Receiving objects: {i}% ({i}/100)\n" for i in range(100))
    log.write_text(
        f"start\n{quiet}src/a.c: error: no such type\nerror: second thing\nerror: second thing\nexit status 2\n"
    )
    shown = run("triage", log).stdout.decode()
    first, *rest = shown.split("\n")
    assert first.startswith(f"{log}: failed (")
    assert first.endswith("; 105 lines)")
    assert f"error  {log}:102" in shown
    assert any(re.fullmatch(r" *102 \| src/a.c: error: no such type", line) for line in rest)
    assert "First because: " in shown
    assert re.search(rf"error +{re.escape(str(log))}:103  second thing +\(2 times\)", shown)
    assert re.search(r"\d+ lines say nothing new: ", shown)
    assert "\x1b" not in shown


def test_triage_keeps_the_reasons_of_noise_apart(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    fetched = "".join(f"Receiving objects: {i}% ({i}/100)\n" for i in range(100))
    waiting = "still waiting for the lock\n" * 50
    log.write_text(f"{fetched}error: no such type\n{waiting}error: it was taken\n")
    shown = run("triage", log).stdout.decode()
    told = next(line for line in shown.split("\n") if "say nothing new" in line)
    assert re.fullmatch(r"150 lines say nothing new: 100 [a-z ]+; 50 repeats", told)


def test_triage_of_a_passed_run_shows_no_cause(run: Command, passing: Path) -> None:
    shown = run("triage", passing).stdout.decode()
    assert shown.startswith(f"{passing}: ")
    assert "First because" not in shown


def test_a_long_block_is_cut_around_what_it_says(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    frames = "".join(f'  File "/app/{i}.py", line {i}, in f{i}\n    g()\n' for i in range(60))
    log.write_text(f"begin\nTraceback (most recent call last):\n{frames}ValueError: the sum is wrong\nend\n")
    shown = run("triage", log).stdout.decode()
    block = [line for line in shown.split("\n") if " | " in line]
    assert any("Traceback" in line for line in block)
    assert any("ValueError: the sum is wrong" in line for line in block)
    assert 5 < len(block) <= 22
    assert "..." in shown


def test_reduce_shows_original_line_numbers(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    log.write_text("".join(f"compiling unit {i} of the project\n" for i in range(2000)) + "error: no space left\n")
    shown = run("reduce", "--budget", "200", log).stdout.decode()
    assert "2001 | error: no space left\n" in shown
    assert re.search(r"^ *\.\.\. \| \[[\d,]+ lines", shown, re.MULTILINE)


def test_colours_are_for_terminals(run: Command, failing: Path) -> None:
    code, shown = Terminal([COMMAND, "triage", failing], run.environment).end()
    assert code == 1
    assert "\x1b[1;31mfailed" in shown
    assert ESCAPE.sub("", shown) == run("triage", failing).stdout.decode()


@pytest.mark.parametrize(
    ("options", "variables", "on_terminal", "in_pipe"),
    [
        ([], {}, True, False),
        ([], {"NO_COLOR": "1"}, False, False),
        ([], {"NO_COLOR": ""}, True, False),
        ([], {"FORCE_COLOR": "1"}, True, True),
        ([], {"CLICOLOR_FORCE": "1"}, True, True),
        ([], {"FORCE_COLOR": "0", "CLICOLOR_FORCE": "0"}, True, False),
        ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ([], {"TERM": "dumb"}, False, False),
        (["--color", "always"], {"NO_COLOR": "1", "TERM": "dumb"}, True, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_who_decides_on_colours(
    run: Command, failing: Path, options: list[str], variables: dict[str, str], on_terminal: bool, in_pipe: bool
) -> None:
    _, shown = Terminal([COMMAND, "triage", *options, failing], run.environment | variables).end()
    piped = subprocess.run(
        [COMMAND, "triage", *options, failing], capture_output=True, check=False, env=run.environment | variables
    ).stdout.decode()
    assert ("\x1b[1;31mfailed\x1b[0m" in shown, "\x1b[1;31mfailed\x1b[0m" in piped) == (on_terminal, in_pipe)
    assert ("\x1b" in shown, "\x1b" in piped) == (on_terminal, in_pipe)
    assert ESCAPE.sub("", shown) == ESCAPE.sub("", piped)


def test_lines_of_the_log_are_cut_to_the_terminal(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "wide.log"
    log.write_text(f"error: {'wide ' * 400}\n")
    _, shown = Terminal([COMMAND, "triage", log], run.environment, columns=60).end()
    block = [line for line in ESCAPE.sub("", shown).split("\n") if line.startswith("1 | ")]
    assert [len(line) for line in block] == [60]
    assert block[0].endswith("…")


@pytest.mark.parametrize("command", ["triage", "reduce", "templates", "sections"])
def test_nothing_in_a_log_commands_the_terminal(run: Command, tmp_path: Path, command: str) -> None:
    log = tmp_path / "hostile.log"
    hostile = "\x1b]0;owned\x07 \x9b31m \x1b[2J \u202egpj.exe \x7f \x08\x08 \x1bPq#0;2\x1b\\ \x1b[?1049h"
    log.write_text(f"##[group]Run {hostile}\nerror: {hostile} failed\n##[endgroup]\nerror: twice {hostile}\n", "utf-8")
    _, shown = Terminal([COMMAND, command, log], run.environment).end()
    rest = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", rest)
    plain = run(command, log).stdout.decode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", plain)


def test_secrets_are_redacted(run: Command, failing: Path) -> None:
    secret = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    failing.write_text(f"start\nerror: cannot push with token {secret}\nexit status 1\n")
    for arguments in (["triage"], ["triage", "--format", "jsonl"], ["reduce"], ["templates", "--format", "csv"]):
        shown = run(*arguments, failing).stdout.decode()
        assert "cannot push" in shown
        assert secret not in shown


def test_long_work_shows_a_bar_that_goes_away(run: Command, large: Path) -> None:
    code, shown = Terminal([COMMAND, "triage", "--exit-zero", large], run.environment).end()
    assert code == 0
    bar, _, text = shown.rpartition("\x1b[?25h")  # the cursor is shown again when the bar has gone
    assert "%" in bar
    assert large.name in bar
    assert ESCAPE.sub("", text).lstrip().startswith(f"{large}: ")


def test_short_work_shows_no_bar(run: Command, failing: Path) -> None:
    run("triage", failing)  # the patterns are compiled and kept
    _, shown = Terminal([COMMAND, "triage", failing], run.environment).end()
    assert "\x1b[?25" not in shown


def test_an_interrupt_leaves_the_terminal_as_it_was(run: Command, large: Path) -> None:
    terminal = Terminal([COMMAND, "triage", *[large] * 30], run.environment)
    terminal.until(b"%")
    terminal.process.send_signal(2)
    code, shown = terminal.end()
    assert code == 130
    assert "Traceback" not in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")
