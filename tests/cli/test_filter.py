"""`some-command 2>&1 | logsieve`: a passing run in a few lines, a failing one as the reduced log."""

from __future__ import annotations

import re
import subprocess

import pytest

from command import COMMAND, FIXTURES, Command


def test_a_run_that_failed_is_its_reduced_log_and_ends_with_the_cause(run: Command) -> None:
    log = FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt"
    done = run(input=log.read_bytes())
    assert done.returncode == 1
    shown = done.stdout.decode()
    reduced, _, end = shown.partition("\n\nstdin: failed (pytest reported failure; 3,134 lines)\n")
    assert reduced + "\n" == run("reduce", log).stdout.decode()
    assert end.split("\n")[:-1] == [
        "error  stdin:3099  test",
        "test_standard_tax[23400]: AssertionError: assert 4446 == 4447",
        "in tests/test_prices.py:16",
    ]


def test_a_run_that_passed_takes_a_few_lines(run: Command) -> None:
    done = run(input=(FIXTURES / "ansible" / "passed" / "log.txt").read_bytes())
    assert done.returncode == 0
    first, second, *rest = done.stdout.decode().split("\n")
    assert first == "stdin: passed (Ansible reported success; 26 lines)"
    assert second == "  warning stdin:16  till1: non-zero return code"
    assert rest[-2].startswith("25 | till1 ")
    assert len(rest) < 6


def test_where_nothing_tells_the_end_is_shown(run: Command) -> None:
    done = run(input=b"".join(b"line %d\n" % n for n in range(500)) + b"\n\n")
    assert done.returncode == 0
    assert done.stdout.decode().split("\n") == [
        "stdin: unknown (nothing in the log says how it ended; 502 lines)",
        "498 | line 497",
        "499 | line 498",
        "500 | line 499",
        "",
    ]


@pytest.mark.parametrize("silence", [b"", b"\n \n"])
def test_a_command_that_prints_nothing_is_fine(run: Command, silence: bytes) -> None:
    done = run(input=silence)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"logsieve: nothing was piped in\n")


def test_what_is_no_log_is_told(run: Command) -> None:
    done = run(input=bytes(1000))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is binary, not a log" in done.stderr


def test_the_budget_is_kept(run: Command) -> None:
    log = (FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt").read_bytes()
    whole, less = (len(run("--budget", budget, input=log).stdout) for budget in ("4000", "300"))
    assert less < 300 * 4 + 300 < whole
    assert len(run(input=log, LOGSIEVE_BUDGET="300").stdout) == less


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo fine", 0),
        ("echo 'error: no such file x.c'", 1),
        ("echo fine; exit 7", 7),  # nothing was found, but it failed
        ("echo 'error: no such file x.c'; exit 7", 1),
    ],
)
def test_exit_codes_in_a_pipeline(run: Command, script: str, code: int) -> None:
    pipeline = f"set -o pipefail; (exec 2>&1; {script}) | {COMMAND}"
    done = subprocess.run(["bash", "-c", pipeline], env=run.environment, capture_output=True, check=False)
    assert done.returncode == code
    assert done.stderr == b""


def test_secrets_and_escapes_do_not_get_through(run: Command) -> None:
    token = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    for text in (f"error: token {token} \x1b[2J refused\n", f"fine with {token} \x1b[2J\n"):
        shown = run(input=text.encode()).stdout.decode()
        assert token not in shown
        assert "\x1b" not in shown
        assert re.search("token|fine", shown)
