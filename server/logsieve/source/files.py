"""The files of a workspace's folder: what git knows or does not ignore, else what a walk finds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

__all__ = ["listed", "wanted"]

MOST = 1_000_000  # files of a folder that are looked at
_NAMES = """
.git .hg .svn node_modules __pycache__ .venv venv .tox .nox .mypy_cache .pytest_cache .ruff_cache .gradle .idea .cache
bower_components .terraform .eggs
"""
_SKIPPED = frozenset(_NAMES.split())


def listed(folder: str) -> list[str]:
    """The files under a folder, relative with `/`: what git knows or does not ignore, else what a walk finds."""
    try:
        return _of_git(folder)
    except (OSError, subprocess.SubprocessError, ValueError):
        return list(_walk(folder))


def _of_git(folder: str) -> list[str]:
    found: list[str] = []
    for entry in _git(folder, "ls-files", "-z", "--stage"):
        head, _, path = entry.partition("\t")
        if head.startswith("160000"):  # a submodule
            found += [f"{path}/{inner}" for inner in listed(os.path.join(folder, path))]
        else:
            found.append(path)
    for path in _git(folder, "ls-files", "-z", "--others", "--exclude-standard"):
        if path.endswith("/"):  # a repository in this one
            found += [path + inner for inner in listed(os.path.join(folder, path))]
        else:
            found.append(path)
    return found[:MOST]


def _git(folder: str, *arguments: str) -> list[str]:
    """What git prints. Nothing that the repository's own configuration names is run."""
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.devnull, "-C", folder, *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(command, capture_output=True, check=True, timeout=60, env=environment)
    return os.fsdecode(done.stdout).split("\0")[:-1]


def _walk(folder: str) -> Iterator[str]:
    count = 0
    stack = [""]
    while stack and count < MOST:
        inside = stack.pop()
        try:
            with os.scandir(os.path.join(folder, inside)) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _SKIPPED:
                            stack.append(f"{inside}{entry.name}/")
                    elif count < MOST:
                        count += 1
                        yield inside + entry.name
        except OSError:
            continue


def wanted(folder: str, paths: list[str]) -> list[str]:
    """Those of some files of a folder, relative, that `listed` would list."""
    try:
        told = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths)
    except (OSError, subprocess.SubprocessError, ValueError):
        return [path for path in paths if _SKIPPED.isdisjoint(path.split("/"))]
    return [path for path in dict.fromkeys(told) if path in paths]
