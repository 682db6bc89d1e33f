"""What all tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Editors are kept between runs: said here, because tests get a cache folder of their own.
_CACHE = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
os.environ.setdefault("LOGSIEVE_EDITORS", str(Path(_CACHE) / "logsieve-editors"))

# The programs under test start as they do for whoever installed them: in a third less time than without bytecode.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Started in the background or by nohup we would have these ignored, and the programs under test too.
for _name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM"):
    if (_number := getattr(signal, _name, None)) and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _name == "SIGINT" else signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, whatever is run beside them: those in VS Code."""
    items.sort(key=lambda item: "vscode" not in item.path.parts)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def fixtures(repository: Path) -> Path:
    """The folder of real logs: `<family>/<case>/log.txt`."""
    return repository / "fixtures"


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache folder for all tests: compiled packs are a function of the packs, and cost seconds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def private_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, shared_cache: Path
) -> Path:
    """No test reads or writes the user's own configuration, cache, data or API key. Gives the folder used instead."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
    for name, folder in (("CONFIG", "config"), ("DATA", "data"), ("STATE", "state")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")  # a file in the data folder
    return home
