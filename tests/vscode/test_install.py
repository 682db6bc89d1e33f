"""The extension's installer against real Pythons and package indexes: what it makes, and what it says is in the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.editor, pytest.mark.network, pytest.mark.slow]

HERE = Path(__file__).parent
REFUSED = "127.0.0.1:9"  # nothing listens there


@pytest.fixture(scope="session")
def wheel(vsix: Path) -> Path:
    """The wheel that is packed into the extension."""
    (found,) = (vsix.parent / "dist").glob("*.whl")
    return found


class Installer:
    """Runs the installer with nothing on PATH but the tools that a test puts there."""

    def __init__(self, node: Path, environment: Mapping[str, str], wheel: Path, folder: Path) -> None:
        self.node, self.wheel, self.folder = node, wheel, folder
        self.environment = dict(environment)
        self.tools = folder / "tools"
        self.tools.mkdir()

    def add(self, name: str, program: Path) -> None:
        """Put a program on PATH."""
        (self.tools / name).symlink_to(program)

    def run(self, index: Mapping[str, str] | None = None, **more: object) -> dict[str, Any]:
        """What came of it; `index` is what the environment says of package indexes, in place of this machine's."""
        env = dict(self.environment)
        if index is not None:
            env = {key: value for key, value in env.items() if not key.startswith(("PIP_", "UV_"))}
            env |= {"PIP_CONFIG_FILE": os.devnull, **index}
        env["PATH"] = str(self.tools)
        options = {"storage": str(self.folder), "wheel": str(self.wheel), "pythons": [], "env": env, **more}
        done = subprocess.run(
            [self.node, HERE / "obstacle.mjs", json.dumps(options)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        print(done.stderr)
        result: dict[str, Any] = json.loads(done.stdout)
        return result


@pytest.fixture
def installer(editors: Path, environment: Mapping[str, str], wheel: Path, tmp_path: Path) -> Installer:
    return Installer(editors / "node-20/bin/node", environment, wheel, tmp_path)


@pytest.fixture
def with_python(installer: Installer) -> Installer:
    """With the Python of the tests on PATH; nothing of its environment."""
    installer.add("python3", Path(sys._base_executable))  # type: ignore[attr-defined]
    return installer


def starts(result: dict[str, Any]) -> bool:
    """Whether the server that was made says its version."""
    done = subprocess.run(
        [result["python"], "-P", "-m", "logsieve", "--version"],
        capture_output=True,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
    )
    return done.returncode == 0


def test_an_environment_is_made_once_and_whole(with_python: Installer) -> None:
    made = with_python.run()
    assert made["python"] == made["found"], made
    assert made["steps"][0].startswith("Python 3.")
    assert "numpy" in made["steps"]
    assert starts(made)
    (folder,) = (with_python.folder / "made").iterdir()  # nothing half-made is left beside it
    stamp = folder.stat().st_ino
    assert with_python.run()["python"] == made["python"]  # a second window that did the same
    assert folder.stat().st_ino == stamp, "one that another window may use was taken away"
    (folder / "lib").rename(folder / "gone")  # as when it no longer starts
    assert starts(with_python.run())


def test_uv_makes_one_without_a_python_on_path(installer: Installer) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("this machine has no uv")
    installer.add("uv", Path(uv))
    installer.add("python3", Path(sys._base_executable))  # type: ignore[attr-defined]
    made = installer.run()
    assert made["steps"][0] == "uv", made
    assert starts(made)


def test_no_python(installer: Installer) -> None:
    assert installer.run()["obstacle"] == "noPython"


def test_an_old_python(installer: Installer) -> None:
    old = next((found for minor in (10, 9, 8) if (found := real_python(f"3.{minor}"))), None)
    if old is None:
        pytest.skip("this machine has no Python before 3.11")
    installer.add("python3", old)
    result = installer.run()
    assert result["obstacle"] == "oldPython"
    assert result["detail"].startswith("Python 3.")


def test_a_python_that_makes_no_environments(installer: Installer) -> None:
    bare = Path("/usr/bin/python3")
    if not bare.exists() or runs(bare, "import ensurepip"):
        pytest.skip("the system's Python is whole, or not there")
    installer.add("python3", bare)
    assert installer.run()["obstacle"] in {"noVenv", "oldPython"}


def test_no_network(with_python: Installer) -> None:
    result = with_python.run({"PIP_INDEX_URL": f"http://{REFUSED}/simple"})
    assert result["obstacle"] == "network", result
    assert not list((with_python.folder / "made").iterdir())


def test_a_proxy_that_does_not_answer(with_python: Installer) -> None:
    index = {"PIP_INDEX_URL": "https://index.invalid/simple", "HTTPS_PROXY": f"http://{REFUSED}"}
    assert with_python.run(index)["obstacle"] == "proxy"


def test_no_wheel(with_python: Installer, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    result = with_python.run({"PIP_INDEX_URL": (tmp_path / "index").as_uri()})
    assert result["obstacle"] == "noWheel", result
    assert result["detail"] != ""


def test_it_can_be_given_up(with_python: Installer) -> None:
    result = with_python.run(patience=1500)
    assert "obstacle" not in result
    assert not list((with_python.folder / "made").iterdir())


def real_python(version: str) -> Path | None:
    """A Python that starts: shims of version managers may not."""
    found = shutil.which(f"python{version}")
    others = Path.home().glob(f".pyenv/versions/{version}*/bin/python3")
    return next((python for python in [*([Path(found)] if found else []), *others] if runs(python, "")), None)


def runs(python: Path, code: str) -> bool:
    """Whether a Python starts and does that."""
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
