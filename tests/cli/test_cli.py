"""The command line's contract: what it prints, in which order, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from command import COMMAND, Command
from logsieve import __version__
from logsieve.cli import cli
from terminal import Terminal

BUDGET = "a whole number from 100 to 1,000,000, or a share of the log such as 10%"
HEAVY = (
    "mcp",
    "numpy",
    "hyperscan",
    "rich",
    "pygls",
    "lsprotocol",
    "openai",
    "logsieve.core",
    "logsieve.packs",
    "asyncio",
)


def lines(output: bytes) -> list[dict[str, object]]:
    text = output.decode()
    assert text.endswith("\n")
    return [json.loads(line) for line in text[:-1].split("\n")]


def test_triage_jsonl_has_the_keys_of_the_contract_in_order(run: Command, failing: Path) -> None:
    done = run("triage", "--format", "jsonl", failing)
    (answer,) = lines(done.stdout)
    assert list(answer) == ["path", "verdict", "findings"]
    assert (answer["path"], answer["verdict"]) == (str(failing), "failed")
    findings = answer["findings"]
    assert isinstance(findings, list)
    keys = ["line", "end_line", "severity", "category", "rule", "title", "message", "locations", "count", "why"]
    assert [list(finding) for finding in findings] == [keys] * len(findings)
    assert (findings[0]["line"], findings[0]["end_line"], findings[0]["severity"]) == (4, 4, "error")
    assert "cannot find the file" in findings[0]["title"]


def test_a_user_chooses_what_is_redacted(run: Command, private_folders: Path, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("error: ada@acme.dev: ACME-4711 on host 10.1.0.8\n")
    own = private_folders / "config" / "logsieve" / "redact.toml"
    own.parent.mkdir(parents=True)
    own.write_text("kinds = ['ipv4']\npatterns = ['ACME-\\d+']\n")
    for command in ("triage", "reduce"):
        assert b"ada@acme.dev: <secret:1> on host <ip:1>\n" in run(command, log).stdout
    told = {"patterns = ['(a+']": "patterns: '(a+' not a", "kinds = [": "redact.toml: ", "x = 1": "x: no such"}
    for wrong, why in told.items():
        own.write_text(wrong)
        for asked in (["triage", str(log)], ["triage", "--follow", str(log)], ["mcp"]):
            done = run(*asked)
            assert (done.returncode, done.stdout) == (2, b"")
            assert why in done.stderr.decode()


def test_reduce_jsonl_has_the_keys_of_the_contract_and_true_line_numbers(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    quiet = [f"Downloading package {i} from the mirror" for i in range(3000)]
    log.write_text("\n".join([*quiet[:2000], "error: disk is full", *quiet[2000:], "exit status 1"]) + "\n")
    done = run("reduce", "--budget", "300", "--format", "jsonl", log)
    (answer,) = lines(done.stdout)
    assert list(answer) == ["path", "lines", "text", "tokens", "omitted", "redacted"]
    kept, omitted = answer["lines"], answer["omitted"]
    assert isinstance(kept, list)
    assert isinstance(omitted, list)
    numbers = [n for first, last in kept for n in range(first, last + 1)]
    assert 2001 in numbers
    every = numbers + [n for gap in omitted for n in range(gap["start"], gap["end"] + 1)]
    assert sorted(every) == list(range(1, 3003))
    assert [gap["lines"] for gap in omitted] == [gap["end"] - gap["start"] + 1 for gap in omitted]
    assert all(a[1] + 1 < b[0] for a, b in pairwise(kept))
    original = log.read_text().split("\n")
    text = str(answer["text"])
    assert [line for line in text.split("\n")[:-1] if not line.startswith("[... ")] == [
        original[n - 1] for n in numbers
    ]
    assert answer["tokens"] == -(-len(text.encode()) // 4)
    assert len(text.encode()) / 4 <= 300


def test_answers_come_in_the_order_of_the_paths(run: Command, failing: Path, passing: Path) -> None:
    answers = lines(run("triage", "--format", "jsonl", passing, failing, passing).stdout)
    assert [answer["path"] for answer in answers] == [str(passing), str(failing), str(passing)]


def test_json_is_one_array(run: Command, failing: Path, passing: Path, tmp_path: Path) -> None:
    done = run("triage", "--format", "json", failing, passing)
    assert [a["path"] for a in json.loads(done.stdout)] == [str(failing), str(passing)]
    assert json.loads(run("triage", "--format", "json", tmp_path / "missing").stdout) == []


def test_templates_csv_names_every_line(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("took 12 ms\ntook 7 ms\n\nstarted\ntook 3 ms\n")
    done = run("templates", "--format", "csv", log)
    assert done.stdout.decode().split("\n") == [
        "LineId,EventId,EventTemplate",
        "1,E1,took <*> ms",
        "2,E1,took <*> ms",
        "3,E2,",
        "4,E3,started",
        "5,E1,took <*> ms",
        "",
    ]
    again = run("templates", "--format", "csv", log, log)
    assert again.returncode == 2
    assert b"--format csv takes one log" in again.stderr


def test_sections_tell_line_and_outcome(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    log.write_text("##[group]Run make\nmake: fine\n##[endgroup]\n##[error]Process completed with exit code 2.\n")
    (answer,) = lines(run("sections", "--format", "jsonl", log).stdout)
    found = answer["sections"]
    assert isinstance(found, list)
    assert [(s["title"], s["line"]) for s in found] == [("make", 1)]
    assert b"make" in run("sections", log).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["triage", "failing.log"], 1),
        (["triage", "--exit-zero", "failing.log"], 0),
        (["triage", "passing.log"], 0),
        (["triage", "failing.log", "missing.log"], 2),
        (["triage", "--exit-zero", "missing.log", "failing.log"], 2),
        (["reduce", "failing.log"], 0),
        (["reduce", "missing.log"], 2),
    ],
)
@pytest.mark.usefixtures("failing", "passing")
def test_the_exit_code_tells_failed_logs_from_bad_input(run: Command, arguments: list[str], code: int) -> None:
    assert run(*arguments).returncode == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["reduce", "--budget", "0", "x.log"],
            f"reduce: Invalid value for '--budget': expected {BUDGET}, got '0'\n",
        ),
        (
            ["reduce", "--budget", "many", "x.log"],
            f"reduce: Invalid value for '--budget': expected {BUDGET}, got 'many'\n",
        ),
        (
            ["reduce", "--budget", "101%", "x.log"],
            "reduce: Invalid value for '--budget': expected a share of the log from 0.001% to 100%, got '101%'\n",
        ),
        (["--budget", "9", "triage", "x.log"], f"Invalid value for '--budget': expected {BUDGET}, got '9'\n"),
        (["--budget", "900", "reduce", "x.log"], "put --budget behind the command: logsieve reduce --budget ...\n"),
        (["run"], "run: Missing argument '[--] COMMAND [ARGUMENT]...'."),
        (["run", "--fromat", "json", "make"], "run: No such option '--fromat'. Did you mean '--format'?\n"),
        (["run", "--log", "no/where", "make"], "run: --log: no/where: No such file or directory\n"),
        (["run", "--output", ".", "make"], "run: --output: .: Is a directory\n"),
        (["triage", "--color", "pink", "x.log"], "triage: Invalid value for '--color': 'pink' is not one of"),
        (
            ["explain", "--finding", "0.5", "x.log"],
            "explain: Invalid value for '--finding': expected a whole number from 1 on, got '0.5'\n",
        ),
        (["lsp", "--tcp", "x"], "lsp: Invalid value for '--tcp': expected a whole number from 0 to 65,535, got 'x'\n"),
        (["triage", ""], "'': is no path\n"),
        (["triage", "--format", "xml", "x.log"], "triage: Invalid value for '--format': 'xml' is not one of"),
        (["triage", "--exit-zro", "x.log"], "triage: No such option '--exit-zro'. Did you mean '--exit-zero'?"),
        (["triage"], "triage: Missing argument 'PATH...'."),
        (["triag", "x.log"], "No such command 'triag'. Did you mean 'triage'?"),
        (
            ["reduce", "--packs", "nowhere", "x.log"],
            "reduce: Invalid value for '--packs': Directory 'nowhere' does not",
        ),
    ],
)
def test_a_bad_argument_is_one_line_and_exit_2(run: Command, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.stderr.decode().startswith(f"logsieve: {message}")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""
    assert done.returncode == 2


def test_a_closed_pipe_ends_quietly(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_text("".join(f"error: number {i} of {'x' * 80}\n" for i in range(3000)))
    process = subprocess.Popen(
        [COMMAND, "reduce", "--budget", "200000", "--format", "jsonl", log, log, log],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=run.environment,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2, 0.5])
@pytest.mark.usefixtures("passing")
def test_an_interrupt_ends_quietly(run: Command, tmp_path: Path, delay: float) -> None:
    log = tmp_path / "long.log"
    log.write_bytes(b"".join(b"error: number %d of many \x1b[1mlines\x1b[m\n" % i for i in range(400_000)))
    process = subprocess.Popen(
        [COMMAND, "triage", log.with_name("passing.log"), *[log] * 30],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=run.environment,
    )
    assert process.stdout is not None
    process.stdout.read(1)  # it is in the midst of its work
    time.sleep(delay)  # anywhere: reading, in the scan, printing
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert told.strip() == b""
    assert process.returncode == 130


@pytest.mark.parametrize("start", [[COMMAND], [sys.executable, "-m", "logsieve"]], ids=["command", "module"])
@pytest.mark.parametrize("module", ["click", "logsieve.operations", "numpy", "logsieve.core.analysis"])
def test_an_interrupt_while_it_starts_ends_quietly(
    run: Command, tmp_path: Path, passing: Path, start: list[str], module: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "def heard(event, about):\n"
        f"    if event == 'import' and about[0] == {module!r}:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.addaudithook(heard)\n"
    )
    environment = run.environment | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([*start, "triage", passing], capture_output=True, check=False, env=environment)
    assert done.stderr.strip() == b""
    assert done.stdout == b""
    assert done.returncode == 130


def test_version_and_help_import_nothing_heavy(run: Command) -> None:
    for arguments in (["--version"], ["--help"], ["triage", "--help"], ["run", "--help"]):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "logsieve", *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=run.environment,
        )
        imported = {line.rpartition("|")[2].strip() for line in done.stderr.split("\n")}
        assert "click" in imported
        assert [name for name in HEAVY if name in imported] == []


def test_version(run: Command) -> None:
    assert run("--version").stdout.decode() == f"logsieve {__version__}\n"


def test_about_names_every_extra(run: Command, repository: Path) -> None:
    extras = set(tomllib.loads((repository / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    first, packs, *rest = run("about").stdout.decode().splitlines()
    assert first.startswith(f"logsieve {__version__}, Python 3.")
    assert packs.startswith("packs: /")
    said = dict(re.findall(r"^(\w+) \(.*?\): (installed|missing: pip install .*)$", "\n".join(rest), re.MULTILINE))
    assert set(said) == extras - {"dev"}
    assert said["mcp"] == "installed"


def test_help_shows_examples_and_every_command(run: Command) -> None:
    text = run("-h").stdout.decode()
    assert text == run("--help").stdout.decode()
    for command in cli.commands:
        assert f"\n  {command} " in text
    assert not re.search(r"\w\.\.\.\n", text)  # nothing is cut
    assert "logsieve triage build.log" in text
    assert "_LOGSIEVE_COMPLETE" in text


def test_alone_on_a_terminal_the_help_is_shown(run: Command) -> None:
    code, shown = Terminal([COMMAND], run.environment).end()
    assert shown.startswith("Usage: logsieve")
    assert code == 2


def test_completion_knows_the_commands(run: Command) -> None:
    done = run(_LOGSIEVE_COMPLETE="bash_complete", COMP_WORDS="logsieve tri", COMP_CWORD="1")
    assert done.stdout.decode() == "plain,triage\n"


@pytest.mark.parametrize("command", ["triage", "explain", "run", "packs"])
def test_completion_has_the_shell_offer_files(run: Command, command: str) -> None:
    done = run(_LOGSIEVE_COMPLETE="bash_complete", COMP_WORDS=f"logsieve {command} bui", COMP_CWORD="2")
    assert done.stdout.decode() == "file,bui\n"


def test_an_option_may_come_from_the_environment(run: Command, failing: Path) -> None:
    done = run("reduce", failing, LOGSIEVE_REDUCE_BUDGET="7")
    assert done.returncode == 2
    assert f"expected {BUDGET}, got '7'" in done.stderr.decode()


def test_a_budget_may_be_a_share_of_the_log(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_text("".join(f"error: number {i} is {'x' * i}\n" for i in range(400)))
    size = log.stat().st_size / 4
    tokens = [lines(run("reduce", "--format", "jsonl", "--budget", b, log).stdout)[0]["tokens"] for b in ("5%", "20 %")]
    assert isinstance(tokens[0], int)
    assert isinstance(tokens[1], int)
    assert 0.03 * size < tokens[0] <= 0.05 * size < tokens[1] <= 0.2 * size
    (least,) = lines(run("reduce", "--format", "jsonl", "--budget", "0.01%", log).stdout)
    assert 0 < int(str(least["tokens"])) <= 100


def test_a_share_that_is_no_budget_is_told(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "huge.log"
    log.write_bytes(b"one more line\n" * 400_000)
    done = run("reduce", "--budget", "90%", log)
    told = f"{log}: 90% of it are 1,260,000 tokens; a budget is 1,000,000 at most"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", f"logsieve: {told}\n")


def test_a_path_that_is_no_text_is_still_an_answer(run: Command, failing: Path, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.log"
    Path(os.fsdecode(path)).write_bytes(failing.read_bytes())
    done = subprocess.run(
        [COMMAND, "triage", "--format", "jsonl", path], check=False, capture_output=True, env=run.environment
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["path"].encode("utf-8", "surrogateescape") == path


def test_output_is_utf_8_in_any_locale(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "utf8.log"
    log.write_text("error: “früh” ✗\n", "utf-8")
    for arguments in (["reduce"], ["reduce", "--format", "jsonl"], ["triage"]):
        done = run(*arguments, log, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
        assert "“früh” ✗" in done.stdout.decode("utf-8")


def test_json_holds_one_line_a_log_whatever_the_log_holds(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "odd\u2028\x9b31m\x7f.log"
    log.write_text("error: a\u2028b\u0085c\x9bd\x7f\x0ce\n", "utf-8")
    for command in ("triage", "reduce", "templates"):
        output = run(command, "--format", "jsonl", log).stdout.decode()
        assert len(output.splitlines()) == 1
        assert json.loads(output)["path"] == str(log)
        assert not set(output) & set("\u2028\u0085\x9b\x7f\x0c")


def test_search_takes_a_text_and_logs(run: Command, failing: Path, passing: Path) -> None:
    done = run("search", "files cannot be found", failing, passing)
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "failing.log: 1 kind of lines\n        4  error: cannot find the file `config.yaml`\n" in shown
    assert "passing.log: no line says that\n" in shown
    assert run("search", "step").returncode == 2
