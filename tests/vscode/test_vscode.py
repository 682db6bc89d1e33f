"""End to end in a real VS Code: a user's way through the workbench, and what the extension host sees; a test a step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from big_log import BigLog

pytestmark = [pytest.mark.editor, pytest.mark.network, pytest.mark.slow]

HERE = Path(__file__).parent
CASE = "pytest/long-verbose-two-failures"
LINT = "github-actions/tolerated-step-then-tsc"
VERSIONS = ("1.100", "1.139")  # of VS Code: the oldest that the extension runs in, and a newer one; see provision.sh

INSTALL = (
    "without a server the user is asked before anything is fetched",
    "without a Python the user is told what is needed",
    "the server is installed, with progress, and the log triaged",
    "after that it is just there",
    "no error or warning popped up",
)
FAILURE = """\
=================================== FAILURES ===================================
__________________________________ test_rate ___________________________________

    def test_rate():
>       assert RATES['xx'] == 3
E       KeyError: 'xx'

/home/runner/work/shop/shop/src/shop/test_tax.py:5: KeyError
=========================== short test summary info ============================
FAILED src/shop/test_tax.py::test_rate - KeyError: 'xx'
============================== 1 failed in 0.01s ===============================
"""
CODE = """\
RATES = {}


def test_rate():
    assert RATES['xx'] == 3
    assert max(RATES) < 50, 'no rate is too high'
"""

LOG = """\
starting
error: shelf 12 of the store is missing
the spoon bent at 3
washing the red cups
washing the tall glasses
washing the old plates
done
"""

UI = (
    "the status bar shows the verdict",
    "noise is folded on open, where indentation cannot fold",
    "a fold says how many lines it holds and why",
    "what the user unfolds stays unfolded",
    "next failure moves the cursor",
    "copy puts the reduced log on the clipboard",
    "the reduced log opens and its lines lead back",
    "explain asks first, then streams an answer that links to the log",
    "consent to one send is asked for again, and a quote that is not in the log is marked",
    "after that nothing is asked, and cancelling hangs up",
    "consent that is taken back is asked for again",
    "without a chat the reduced log goes to the clipboard, and the user is told",
    "no error or warning popped up",
)
VIEWS = (
    "the tree lists the failures of all open logs, root cause first, with icons and counts",
    "a failure is copied from its row",
    "the tree is filtered by text and by severity, and says so",
    "a click on what was left out shows it in place",
    "the log and its reduced log scroll together",
    "what was shown is hidden again, and Enter leads from a row to the line of the log",
    "the reduced log gets another size, in its place",
    "the root cause is named on its line",
    "behind the last failure of a log comes the first one of the next open log",
    "the reduced log is copied as an issue and as Markdown",
    "the reduced log is saved where the user says",
    "keys lead from section to section",
    "behind the last section of a log comes the first one of the next open log",
    "findings of several sections stand below their section",
    "colours are shown, their codes are not",
    "what is selected anywhere is triaged",
    "what is selected in the terminal is triaged, and the clipboard stays as it was",
    "what stands in the output is triaged",
    "the walkthrough opens, and its sample log is triaged",
    "no error or warning popped up",
)
CHAT = (
    "the chat asks first, then shows what is checked as it comes, with links to lines",
    "a question goes with what was said before; consent is remembered",
    "a chat that is cancelled shows nothing more",
    "reduce asks no model, and compare is reserved",
    "an agent's tool reads the workspace, and asks before it reads what lies outside",
    "the reduced log goes into the chat's input, where the user asks on",
    "explain asks the editor's model, and can be cancelled",
    "no error or warning popped up",
)
BIG = (
    "the explorer's menu triages a file, and waiting can be given up",
    "the reduced log opens on the root cause",
    "a line leads to a window of the log",
    "what was found is marked in the window, and the jump keys work there",
    "earlier and later lines are a command away",
    "the tree lists the failures, root cause first, and leads to them",
    "copy and explain work from a window",
    "the log is triaged from its own editor, which does not show it",
    "without a log in front the command asks for a file",
    "what is appended is seen",
    "memory stays flat",
    "no error or warning popped up",
)
SOURCE = (
    "a click on a frame opens the file at the line",
    "the failure stands on the line of code, and the test says how often it failed",
    "that leads back to the log",
    "what is typed is searched for, and lines like that of the cursor",
    "what an explanation quotes of the code leads to the file and line",
    "what the log said goes with it",
    "no error or warning popped up",
)
RULES = (
    "what is told to be no error is none, by a rule that can be read and deleted",
    "what is told to be an error always is one, until that is undone",
    "lines like these are hidden, and shown again when the rules are taken back",
    "a row of the failures is told to be no error",
    "without a folder rules are written to the user's own packs",
    "no error or warning popped up",
)
ARCHIVE = (
    "an archive opens as one triage over its jobs, those that failed first",
    "a finding leads to the lines around it in its job",
    "keys lead from the failures of one job to those of the next",
    "a server that is started again brings back the jobs, and what is known of their windows",
    "with the last tab of it the archive is closed",
    "no error or warning popped up",
)
HOST = (
    "the root cause is the first error",
    "next and previous failure go around",
    "a code action copies the failure",
    "the outline holds the failure and a hover explains it",
    "the line numbers of the reduced log are links to the log",
    "the reduced log follows the log",
    "a pasted log in an untitled document is recognised, prose is not",
    "gives the same after a restart",
    "is started again when it is killed",
    "the tools are there, with schemas",
    "triage answers about a path in the workspace, reduce within its budget",
    "a file that is open nowhere is read, its secrets stay here, and one that is not there is told of",
    "gets byte for byte what was shown",
    "the tests in the extension host end",
)


def play(script: str, editors: Path, environment: Mapping[str, str], *words: object) -> dict[str, str | None]:
    """Run a script of this folder; the problem of each of its steps, None where it went well."""
    command = [str(word) for word in (editors / "node-20/bin/node", HERE / script, editors, *words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1800)
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    print(done.stderr)
    return {step["name"]: step["problem"] for step in steps}


def sample(repository: Path) -> tuple[Path, str]:
    """The sample log, and what is known of it as JSON."""
    case = repository / "fixtures" / CASE
    return case / "log.txt", json.dumps(tomllib.loads((case / "expected.toml").read_text(encoding="utf-8")))


def play_big(
    size: int, repository: Path, editors: Path, vsix: Path, environment: Mapping[str, str], folder: Path, seconds: int
) -> dict[str, str | None]:
    """The scenario of a log of at least `size` bytes, of which the analysis takes less than `seconds`."""
    log = BigLog.write(folder / "big.log", size, repository / "fixtures")
    facts = {"cause": log.cause, "contains": log.contains, "lines": log.lines, "patience": 1000 * seconds}
    try:
        return play("big.mjs", editors, environment, vsix, log.path, json.dumps(facts))
    finally:
        log.path.unlink()


@pytest.fixture(scope="session")
def install(
    repository: Path,
    editors: Path,
    vsix: Path,
    environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str | None]:
    tools = tmp_path_factory.mktemp("tools")
    python = sys._base_executable  # type: ignore[attr-defined]
    return play("install.mjs", editors, environment, vsix, sample(repository)[0], tools, python)


@pytest.fixture(scope="session")
def ui(repository: Path, editors: Path, vsix: Path, environment: Mapping[str, str]) -> dict[str, str | None]:
    return play("ui.mjs", editors, environment, vsix, *sample(repository))


@pytest.fixture(scope="session", params=VERSIONS)
def in_version(request: pytest.FixtureRequest, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment in which a script runs one VS Code or the other."""
    return {**environment, "LOGSIEVE_VSCODE": request.param}


@pytest.fixture(scope="session")
def views(repository: Path, editors: Path, vsix: Path, in_version: Mapping[str, str]) -> dict[str, str | None]:
    return play("views.mjs", editors, in_version, vsix, *sample(repository))


@pytest.fixture(scope="session")
def chat(repository: Path, editors: Path, vsix: Path, environment: Mapping[str, str]) -> dict[str, str | None]:
    return play("chat.mjs", editors, environment, vsix, *sample(repository))


@pytest.fixture(scope="session")
def source(
    editors: Path, vsix: Path, environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str | None]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "build.log").write_text(FAILURE)
    (folder / "test_tax.py").write_text(CODE)
    return play("source.mjs", editors, environment, vsix, folder / "build.log", folder / "test_tax.py")


@pytest.fixture(scope="session")
def rules(
    editors: Path, vsix: Path, environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str | None]:
    log = tmp_path_factory.mktemp("rules") / "build.log"
    log.write_text(LOG)
    return play("rules.mjs", editors, environment, vsix, log)


@pytest.fixture(scope="session")
def archive(
    repository: Path,
    editors: Path,
    vsix: Path,
    in_version: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str | None]:
    log, labels = sample(repository)
    path = tmp_path_factory.mktemp("run") / "logs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("0_docs.txt", "the documentation is built\n")
        file.write(log, "1_test (3.12).txt")
        file.writestr("test (3.12)/1_Set up job.txt", "error: what the job's log says already\n")
        file.write(repository / "fixtures" / LINT / "log.txt", "2_lint.txt")
    root = json.loads(labels)["root"]
    facts = json.dumps({"cause": root["line"], "contains": root["contains"]})
    return play("archive.mjs", editors, in_version, vsix, path, facts)


@pytest.fixture(scope="session")
def host(repository: Path, editors: Path, vsix: Path, in_version: Mapping[str, str]) -> dict[str, str | None]:
    return play("host.mjs", editors, in_version, vsix, *sample(repository))


@pytest.fixture(scope="session")
def big(
    repository: Path,
    editors: Path,
    vsix: Path,
    environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str | None]:
    # More than a million lines, the root cause among the first: its number has fewer digits than the last one's.
    return play_big(80 << 20, repository, editors, vsix, environment, tmp_path_factory.mktemp("big"), 120)


@pytest.mark.parametrize("step", INSTALL)
def test_installation(install: dict[str, str | None], step: str) -> None:
    assert step in install, f"not reached; done: {list(install)}"
    assert install[step] is None, install[step]


@pytest.mark.parametrize("step", UI)
def test_workbench(ui: dict[str, str | None], step: str) -> None:
    assert step in ui, f"not reached; done: {list(ui)}"
    assert ui[step] is None, ui[step]


@pytest.mark.parametrize("step", VIEWS)
def test_views(views: dict[str, str | None], step: str) -> None:
    assert step in views, f"not reached; done: {list(views)}"
    assert views[step] is None, views[step]


@pytest.mark.parametrize("step", CHAT)
def test_chat(chat: dict[str, str | None], step: str) -> None:
    assert step in chat, f"not reached; done: {list(chat)}"
    assert chat[step] is None, chat[step]


@pytest.mark.parametrize("step", SOURCE)
def test_source(source: dict[str, str | None], step: str) -> None:
    assert step in source, f"not reached; done: {list(source)}"
    assert source[step] is None, source[step]


@pytest.mark.parametrize("step", RULES)
def test_rules(rules: dict[str, str | None], step: str) -> None:
    assert step in rules, f"not reached; done: {list(rules)}"
    assert rules[step] is None, rules[step]


@pytest.mark.parametrize("step", ARCHIVE)
def test_archive(archive: dict[str, str | None], step: str) -> None:
    assert step in archive, f"not reached; done: {list(archive)}"
    assert archive[step] is None, archive[step]


@pytest.mark.parametrize("step", HOST)
def test_extension_host(host: dict[str, str | None], step: str) -> None:
    assert step in host, f"not reached; done: {list(host)}"
    assert host[step] is None, host[step]


@pytest.mark.parametrize("step", BIG)
def test_large_log(big: dict[str, str | None], step: str) -> None:
    assert step in big, f"not reached; done: {list(big)}"
    assert big[step] is None, big[step]


def test_every_step_is_a_test(request: pytest.FixtureRequest) -> None:
    for name, steps in (
        ("install", INSTALL),
        ("ui", UI),
        ("chat", CHAT),
        ("source", SOURCE),
        ("rules", RULES),
        ("big", BIG),
    ):
        assert tuple(request.getfixturevalue(name)) == steps


def test_every_step_is_a_test_in_each_version(
    views: dict[str, str | None], archive: dict[str, str | None], host: dict[str, str | None]
) -> None:
    assert (tuple(views), tuple(archive), tuple(host)) == (VIEWS, ARCHIVE, HOST)


@pytest.mark.skipif("LOGSIEVE_GIGABYTE" not in os.environ, reason="takes minutes; LOGSIEVE_GIGABYTE=1 runs it")
def test_a_gigabyte(
    repository: Path, editors: Path, vsix: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    steps = play_big(1 << 30, repository, editors, vsix, environment, tmp_path, 600)
    assert steps == dict.fromkeys(BIG)
