"""`logsieve run`: the command as if it were run by itself, by real processes on pipes and on a real terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command import COMMAND, FIXTURES, Command
from processes import TOLD, children, gone
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FAILING = "echo working; echo 'error: no such file x.c' >&2; exit 3"


def started(run: Command, *command: str) -> subprocess.Popen[bytes]:
    """`logsieve run` with its output in a pipe, as CI has it: without a terminal, too."""
    return subprocess.Popen(
        [COMMAND, "run", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=run.environment,
        cwd=run.folder,
        start_new_session=True,
    )


def spooled() -> list[Path]:
    return list(Path(os.environ["XDG_CACHE_HOME"]).glob("logsieve/runs/*"))


def test_the_output_then_the_triage_and_the_exit_code(run: Command) -> None:
    done = run("run", "--", "sh", "-c", FAILING)
    assert done.returncode == 3
    output, _, triage = done.stdout.decode().partition("\n\n")
    assert output == "working\nerror: no such file x.c"
    assert triage.startswith("output: failed (the command exited with 3; 2 lines)\n\nerror  output:2  ")
    assert done.stderr == b""
    assert spooled() == []


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_the_exit_code_decides_whatever_is_printed(run: Command, code: int) -> None:
    for text in ("error: no such file x.c", "=== 5 passed in 0.10s ==="):
        done = run("run", "--format", "jsonl", "sh", "-c", f"echo '{text}'; exit {code}")
        assert done.returncode == code
        answer = json.loads(done.stdout.decode().split("\n")[1])
        assert answer["verdict"] == ("failed" if code else "passed")
        if not code:
            assert {finding["severity"] for finding in answer["findings"]} <= {"warning"}


def test_a_run_that_passed_ends_with_a_few_lines(run: Command) -> None:
    done = run("run", "sh", "-c", "echo 'warning: x is not used'; seq 100")
    assert done.stdout.decode().partition("100\n\n")[2].split("\n") == [
        "output: passed (the command exited with 0; 101 lines)",
        "  warning output:1  x is not used",
        "",
    ]


def test_a_command_that_prints_nothing(run: Command) -> None:
    done = run("run", "false")
    assert done.returncode == 1
    assert done.stdout.decode() == "\noutput: failed (the command exited with 1; 0 lines)\n"
    assert run("run", "true").stdout.decode() == "\noutput: passed (the command exited with 0; 0 lines)\n"


def test_its_options_are_its_own(run: Command) -> None:
    done = run("run", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--format", "--", "-x")
    assert done.stdout.startswith(b"['--format', '--', '-x']\n")


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("no-such-command", 127, "no-such-command: command not found"),
        ("./no-such-file", 127, "./no-such-file: command not found"),
        ("./plain", 126, "./plain: cannot be run: permission denied"),
        ("./folder", 126, "./folder: cannot be run: permission denied"),
        ("./text", 126, "./text: cannot be run: it is no program, nor a script whose first line names its interpreter"),
        ("./lost", 126, "./lost: cannot be run: the interpreter that its first line names is not there"),
    ],
)
def test_what_cannot_be_run(run: Command, tmp_path: Path, command: str, code: int, message: str) -> None:
    for name, text in (("plain", "echo"), ("text", "no script"), ("lost", "#!/no/such/interpreter\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o644 if name == "plain" else 0o755)
    (tmp_path / "folder").mkdir()
    done = run("run", command)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (code, b"", f"logsieve: {message}\n")


def test_output_is_shown_as_it_comes_and_stdin_is_the_commands(run: Command) -> None:
    process = started(run, "sh", "-c", "printf 'name? '; read name; echo hello $name")
    assert process.stdin
    assert process.stdout
    assert process.stdout.read(6) == b"name? "  # no line end has come yet
    process.stdin.write(b"ann\n")
    process.stdin.close()
    assert process.stdout.read().startswith(b"hello ann\n\noutput: passed")
    assert process.wait() == 0
    assert process.stderr
    assert process.stderr.read() == b""
    process.stdout.close()
    process.stderr.close()


def test_bytes_are_passed_on_as_they_are(run: Command, tmp_path: Path) -> None:
    data = bytes(range(1, 256)) + b"\r\n\xff" + b"a line\n" * 10_000 + b"no line end"
    (tmp_path / "data").write_bytes(data)
    done = run("run", "--log", "kept.log", "cat", "data")
    assert done.stdout.startswith(data + b"\n\nkept.log: passed (")
    assert (tmp_path / "kept.log").read_bytes() == data
    assert b"logsieve: the log is in kept.log\n" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_a_signal_that_ended_it_is_told(run: Command, number: signal.Signals) -> None:
    done = run("run", "sh", "-c", f"echo working; kill -{number.value} $$")
    assert done.returncode == 128 + number
    assert f"output: failed (the command was ended by {number.name}; 1 line)".encode() in done.stdout


# Says which signals come, and from whom: 0 is the terminal. Nothing is lost where one comes right after the other.
COUNTS = """
import signal, sys
asked = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
signal.pthread_sigmask(signal.SIG_BLOCK, asked)
print("ready", flush=True)
came = signal.sigwaitinfo(asked)
while came:
    print("heard", signal.Signals(came.si_signo).name, "from", came.si_pid, flush=True)
    came = signal.sigtimedwait(asked, 1)
sys.exit(9)
"""
linux = pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="who sent a signal is told on Linux")


@linux
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_signals_reach_the_command_once(run: Command, name: str) -> None:
    process = started(run, "--", sys.executable, "-u", "-c", COUNTS)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.Signals[name])
    output, told = process.communicate(timeout=60)
    heard = f"heard {name} from {process.pid}\n"
    assert output.startswith(f"{heard}\noutput: failed (the command exited with 9; ".encode())
    assert (process.returncode, told) == (9, b"")


def test_what_a_command_leaves_behind_is_not_waited_for(run: Command) -> None:
    process = started(run, "sh", "-c", "sleep 300 & echo $!; exit 4")
    assert process.stdout
    left = int(process.stdout.readline())
    try:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 4
        assert b"output: failed (the command exited with 4; 1 line)" in output
    finally:
        os.kill(left, signal.SIGKILL)


def test_a_reader_that_leaves_ends_the_command_as_it_would_without_us(run: Command) -> None:
    process = started(run, "sh", "-c", "while echo more; do :; done 2>/dev/null; exit 5")
    assert process.stdin
    assert process.stdout
    process.stdin.close()
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(60) in (5, 128 + signal.SIGPIPE)
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()
    assert spooled() == []


@pytest.mark.parametrize("format_", ["json", "markdown", "github", "sarif"])
def test_a_format_after_the_output(run: Command, format_: str) -> None:
    done = run("run", "--format", format_, "--", "sh", "-c", FAILING)
    output, _, rest = done.stdout.decode().partition("x.c\n")
    assert output == "working\nerror: no such file "
    if format_ in ("json", "sarif"):
        assert json.loads(rest)
    else:
        assert rest.startswith(
            {"markdown": "### `output` failed\n\nThe command exited with 3", "github": "::error "}[format_]
        )


def test_a_format_into_a_file_and_text_after_the_output(run: Command, tmp_path: Path) -> None:
    (tmp_path / "report.sarif").write_text("old")
    (tmp_path / "summary.md").write_text("# Before\n")
    run("run", "--format", "sarif", "--output", "report.sarif", "--", "sh", "-c", FAILING)
    assert json.loads((tmp_path / "report.sarif").read_text())["runs"]
    done = run("run", "--format", "markdown", "--output", "summary.md", "--", "sh", "-c", FAILING)
    assert "\n\noutput: failed (" in done.stdout.decode()
    assert (tmp_path / "summary.md").read_text().startswith("# Before\n### `output` failed\n")


def test_a_file_gets_no_colours(run: Command, tmp_path: Path) -> None:
    shown = run("run", "--color", "always", "--output", "report.txt", "sh", "-c", FAILING).stdout
    assert b"\x1b[1;31mfailed" in shown
    assert (tmp_path / "report.txt").read_text().startswith("output: failed (")


def test_what_a_killed_run_left_is_removed(run: Command) -> None:
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "logsieve" / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    for name, days in (("old.log", 2), ("new.log", 0)):
        (folder / name).touch()
        when = time.time() - days * 86_400
        os.utime(folder / name, (when, when))
    run("run", "true")
    assert [path.name for path in spooled()] == ["new.log"]
    (folder / "new.log").unlink()


def test_without_a_folder_for_the_output_it_lies_elsewhere(run: Command) -> None:
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "logsieve" / "runs"
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rmdir()
    folder.touch()
    done = run("run", "sh", "-c", FAILING)
    folder.unlink()
    assert done.returncode == 3
    assert b"output: failed (" in done.stdout


def test_the_log_that_is_kept_has_its_name_in_the_triage(run: Command) -> None:
    shown = run("run", "--log", "build.log", "--", "sh", "-c", FAILING).stdout.decode()
    assert "\nbuild.log: failed (the command exited with 3; 2 lines)\n\nerror  build.log:2  " in shown
    assert run("triage", "build.log").returncode == 1


@pytest.mark.slow
def test_a_large_output_is_not_kept_in_memory(run: Command) -> None:
    script = "import sys\nfor n in range(200): sys.stdout.write((str(n) + ' working' * 250 + '\\n') * 500)"
    measure = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [str(COMMAND), "run", "--", sys.executable, "-c", script]
    done = subprocess.run(
        [sys.executable, "-c", measure, *command], env=run.environment, capture_output=True, check=True
    )
    assert int(done.stdout) * 1024 < 200_000_000  # the size of the output
    assert spooled() == []


@pytest.mark.slow
@pytest.mark.skipif(not TOLD, reason="asks Linux which processes there are")
def test_an_interrupt_of_the_triage_leaves_nothing(run: Command) -> None:
    script = "import sys; sys.stdin.read(); print('error: a \\x1b[1mb\\x1b[m\\n' * 3_000_000)"
    process = started(run, "--", sys.executable, "-c", script)
    assert process.stdin
    assert process.stdout
    while not (command := children(process.pid)):
        time.sleep(0.01)
    process.stdin.close()
    while process.stdout.readline() != b"\n":
        pass
    assert gone(command)
    helpers = children(process.pid)
    process.send_signal(signal.SIGINT)
    while process.stdout.read(1 << 16):
        pass
    assert process.wait(120) in (0, 130)  # 0 where it came before the triage began
    assert gone(helpers)
    assert spooled() == []
    assert process.stderr
    assert process.stderr.read().strip() == b""
    process.stdout.close()
    process.stderr.close()


class TestOnATerminal:
    def test_the_command_has_a_terminal_of_the_same_size(self, run: Command) -> None:
        script = "import os, sys; print([os.isatty(n) for n in range(3)], os.get_terminal_size(), flush=True)"
        code, shown = Terminal([COMMAND, "run", sys.executable, "-c", script], run.environment, columns=77).end()
        assert code == 0
        assert shown.startswith("[True, True, True] os.terminal_size(columns=77, lines=40)\n\n")

    def test_colours_are_kept_and_the_log_is_as_printed(self, run: Command, tmp_path: Path) -> None:
        log = FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt"
        (tmp_path / "out").write_bytes(b"\x1b[31mred\x1b[m\r50%\r100%\r\n" + log.read_bytes())
        terminal = Terminal([COMMAND, "run", "--log", "kept.log", "cat", "out"], run.environment, folder=run.folder)
        code, shown = terminal.end()
        assert code == 0
        assert (tmp_path / "kept.log").read_bytes() == (tmp_path / "out").read_bytes()
        assert "\x1b[31mred\x1b[m\r50%\r100%" in shown
        assert "\x1b[1;32mpassed" in shown

    @linux
    def test_a_key_reaches_the_command_once(self, run: Command) -> None:
        terminal = Terminal([COMMAND, "run", sys.executable, "-u", "-c", COUNTS], run.environment)
        terminal.until(b"ready")
        terminal.type(b"\x03")
        code, shown = terminal.end()
        assert code == 9
        assert re.findall(r"(?<!\| )heard .*", ESCAPE.sub("", shown)) == ["heard SIGINT from 0"]
        assert "output: failed (the command exited with 9; " in ESCAPE.sub("", shown)

    def test_a_new_size_reaches_the_command(self, run: Command) -> None:
        script = (
            "import os, signal, time\n"
            "sizes = []\n"
            "signal.signal(signal.SIGWINCH, lambda *_: sizes.append(os.get_terminal_size().columns))\n"
            "print('ready', flush=True)\n"
            "while os.get_terminal_size().columns != 55: time.sleep(0.01)\n"
            "print('resized', flush=True)\n"
        )
        terminal = Terminal([COMMAND, "run", sys.executable, "-c", script], run.environment)
        terminal.until(b"ready")
        terminal.resize(30, 55)
        assert terminal.end()[0] == 0
        assert b"resized" in terminal.shown
