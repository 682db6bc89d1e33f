"""What is shipped: the source archive builds the wheel, and the wheel alone, in a fresh environment, triages a log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from logsieve import __version__

NEEDED = {
    "logsieve/py.typed",
    "logsieve/packs/data/generic.toml",
    "logsieve/nvim/lsp/logsieve.lua",
    "logsieve/nvim/plugin/logsieve.lua",
    "logsieve/nvim/doc/logsieve.txt",
    "logsieve/nvim/doc/tags",
    "logsieve/nvim/lua/logsieve/health.lua",
}


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program outside the checkout's environment; its output is in the error if it cannot be run well."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode in (0, 1), f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def dist(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, repository)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment with the wheel, its dependencies, and nothing of the checkout."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=True)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = dist.glob("*.whl")
    done = run(programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    assert done.returncode == 0, done.stderr
    return programs


def test_names_and_version(dist: Path) -> None:
    assert sorted(path.name for path in dist.iterdir()) == [
        f"logsieve-{__version__}-py3-none-any.whl",
        f"logsieve-{__version__}.tar.gz",
    ]


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(dist: Path, repository: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {"logsieve", f"logsieve-{__version__}.dist-info"}
    assert names >= NEEDED
    data = repository / "server" / "logsieve" / "packs" / "data"
    assert names >= {f"logsieve/packs/data/{path.name}" for path in data.glob("*.toml")}
    queries = repository / "server" / "logsieve" / "source" / "queries"
    assert names >= {f"logsieve/source/queries/{path.name}" for path in queries.glob("*.scm")}
    assert not [name for name in names if "__pycache__" in name]
    assert f"logsieve-{__version__}.dist-info/licenses/LICENSE" in names


def test_the_source_archive_holds_what_the_wheel_needs_and_the_documents(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.split("/", 1)[1] for name in opened.getnames()}
    assert names >= {f"server/{name}" for name in NEEDED}
    assert names >= {"LICENSE", "README.md", "CHANGELOG.md", "docs/settings.md", "pyproject.toml"}
    assert not [name for name in names if name.split("/")[0] in {"tests", "fixtures", "vscode-client"}]


@pytest.mark.slow
@pytest.mark.network
def test_an_installation_triages(installed: Path, fixtures: Path, tmp_path: Path) -> None:
    assert run(installed / "logsieve", "--version", cwd=tmp_path).stdout.split()[-1] == __version__
    log = fixtures / "pytest" / "quiet-two-failures" / "log.txt"
    done = run(installed / "logsieve", "triage", "--format", "jsonl", log, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "failed"
    assert answer["findings"][0]["rule"].startswith("pytest/")


@pytest.mark.slow
@pytest.mark.network
def test_an_installation_tells_neovim_where_its_files_are(installed: Path, tmp_path: Path) -> None:
    folder = Path(run(installed / "logsieve", "nvim-path", cwd=tmp_path).stdout.strip())
    assert folder.is_relative_to(installed.parent)
    assert (folder / "plugin" / "logsieve.lua").is_file()


@pytest.mark.slow
@pytest.mark.network
def test_an_installation_without_the_extra_says_what_agents_need(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run([installed / "logsieve", "mcp"], cwd=tmp_path, capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert done.stderr == "logsieve: mcp: needs more: pip install '<path to the LogSieve checkout>[mcp]'\n"
