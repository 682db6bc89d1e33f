"""End to end in a real VS Code: a user's way through the workbench, and what the extension host sees; a test a step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = [pytest.mark.editor, pytest.mark.network, pytest.mark.slow]

HERE = Path(__file__).parent
CASE = "pytest/long-verbose-two-failures"
CANNOT = 3  # exit code of provision.sh where a machine cannot have the editor

UI = (
    "the status bar shows the verdict",
    "noise is folded on open, where indentation cannot fold",
    "a fold says how many lines it holds and why",
    "what the user unfolds stays unfolded",
    "next failure moves the cursor",
    "copy puts the reduced log on the clipboard",
    "the reduced log opens and its lines lead back",
    "explain asks first, then streams an answer that links to the log",
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
    "the tests in the extension host end",
)


@pytest.fixture(scope="session")
def editors() -> Path:
    """The folder with VS Code, Chromium's driver and Node; skips where the machine cannot have them, and says why."""
    if sys.platform != "linux":
        pytest.skip("the editor tests need Linux")
    done = subprocess.run([HERE / "provision.sh"], capture_output=True, text=True, check=False)
    if done.returncode == CANNOT:
        pytest.skip(done.stderr.strip().rpartition("\n")[2])
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip().rpartition("\n")[2])


@pytest.fixture(scope="session")
def environment(editors: Path) -> Mapping[str, str]:
    """Node of the editors first on PATH, and this very environment's server for the extension."""
    path = f"{editors}/node-20/bin{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "LOGSIEVE_SERVER": json.dumps([sys.executable, "-P", "-m", "logsieve"])}


@pytest.fixture(scope="session")
def vsix(repository: Path, environment: Mapping[str, str]) -> Path:
    """The extension, built from the sources."""
    client = repository / "vscode-client"
    if not (client / "node_modules/.package-lock.json").exists():
        subprocess.run(["npm", "ci"], cwd=client, env=environment, check=True)
    subprocess.run(["npm", "run", "package"], cwd=client, env=environment, check=True, stdout=subprocess.DEVNULL)
    return client / "logsieve.vsix"


def play(
    script: str, repository: Path, editors: Path, vsix: Path, environment: Mapping[str, str]
) -> dict[str, str | None]:
    """Run a script of this folder on the sample log; the problem of each of its steps, None where it went well."""
    case = repository / "fixtures" / CASE
    labels = json.dumps(tomllib.loads((case / "expected.toml").read_text(encoding="utf-8")))
    node = editors / "node-20/bin/node"
    command = [str(word) for word in (node, HERE / script, editors, vsix, case / "log.txt", labels)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return {step["name"]: step["problem"] for step in steps}


@pytest.fixture(scope="session")
def ui(repository: Path, editors: Path, vsix: Path, environment: Mapping[str, str]) -> dict[str, str | None]:
    return play("ui.mjs", repository, editors, vsix, environment)


@pytest.fixture(scope="session")
def host(repository: Path, editors: Path, vsix: Path, environment: Mapping[str, str]) -> dict[str, str | None]:
    return play("host.mjs", repository, editors, vsix, environment)


@pytest.mark.parametrize("step", UI)
def test_workbench(ui: dict[str, str | None], step: str) -> None:
    assert step in ui, f"not reached; done: {list(ui)}"
    assert ui[step] is None, ui[step]


@pytest.mark.parametrize("step", HOST)
def test_extension_host(host: dict[str, str | None], step: str) -> None:
    assert step in host, f"not reached; done: {list(host)}"
    assert host[step] is None, host[step]


def test_every_step_is_a_test(ui: dict[str, str | None], host: dict[str, str | None]) -> None:
    assert (*ui, *host) == (*UI, *HOST)
