"""What the tests in VS Code share: the editor, and the extension as it is shipped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CANNOT = 3  # exit code of provision.sh where a machine cannot have the editor


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
    return {
        **os.environ,
        "PATH": path,
        "LOGSIEVE_SERVER": json.dumps([sys.executable, "-P", "-m", "logsieve"]),
        "PYTHON": sys.executable,
    }


@pytest.fixture(scope="session")
def vsix(repository: Path, environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension, built from the sources: once, by the first of the processes that share the work."""
    import fcntl  # there are no editors where there is none

    client = repository / "vscode-client"
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with (tmp_path_factory.getbasetemp().parent / f"vsix-{run}").open("a") as built:
        fcntl.flock(built, fcntl.LOCK_EX)
        if not os.fstat(built.fileno()).st_size:
            _build(client, environment)
            built.write("built")
    return client / "logsieve.vsix"


def _build(client: Path, environment: Mapping[str, str]) -> None:
    if not (client / "node_modules/.package-lock.json").exists():
        subprocess.run(["npm", "ci"], cwd=client, env=environment, check=True)
    done = subprocess.run(
        ["npm", "run", "package"], cwd=client, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stdout + done.stderr, done.stdout + done.stderr
