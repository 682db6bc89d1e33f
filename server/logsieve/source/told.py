"""What a log tells of the folders of its machine: where the checkout is, and in which directory its commands run."""

from __future__ import annotations

import re
from collections.abc import Iterable

from logsieve.source.paths import joined

__all__ = ["TELLS", "told"]

_VARIABLES = (
    "GITHUB_WORKSPACE|CI_PROJECT_DIR|BUILD_SOURCESDIRECTORY|BITBUCKET_CLONE_DIR|CIRCLE_WORKING_DIRECTORY|TRAVIS_BUILD_DIR|"
    "APPVEYOR_BUILD_FOLDER|BUILDKITE_BUILD_CHECKOUT_PATH|WORKSPACE|CI_WORKSPACE|DRONE_WORKSPACE"
)
_ROOTS = tuple(  # where a checkout is, and what stands before it
    re.compile(pattern)
    for pattern in (
        r"Working directory is '([^'\n]{1,300})'",
        r"\b(?:Initialized empty|Reinitialized existing) Git repository in (\S{1,300}?)[\\/]\.git\b",
        r"Cloning into '((?:/|[A-Za-z]:[\\/])[^'\n]{1,300})'",
        r"Checking out \S{1,100} (?:in|into|to) [\"']?((?:/|[A-Za-z]:[\\/])[^\"'\s]{1,300})",
        r"\bsafe\.directory[ =][\"']?((?:/|[A-Za-z]:[\\/])[^\"'\s]{1,300})",
        rf"\b(?:{_VARIABLES})(?:=|: ?)[\"']?((?:/|[A-Za-z]:[\\/])[^\"'\s]{{1,300}})",
        r"Running on .{1,100} in ((?:/|[A-Za-z]:[\\/])\S{1,300})$",
        r"\bBuilding .{0,60}in workspace ((?:/|[A-Za-z]:[\\/])\S{1,300})$",
        r"^rootdir: ((?:/|[A-Za-z]:[\\/])[^\n,]{1,300}?)(?:, |$)",
        r"^\s*(?:Compiling|Checking) \S{1,80} v\S{1,40} \(((?:/|[A-Za-z]:[\\/])[^()\n]{1,300})\)",
        r"^> \S{1,120}@\S{1,40} \S{1,60} ((?:/|[A-Za-z]:[\\/])\S{1,300})$",
    )
)
_DIRECTORIES = (
    re.compile(r"\b(?:Entering|Leaving) directory ['`\"‘]([^'`\"’\n]{1,300})['`\"’]"),
    re.compile(r"(?:^|[$+#>;&] ?|run )cd [\"']?([\w./\\:~@+-]{1,300})"),
    re.compile(r"(?i)\bworking[- ]directory(?:=|: ?| is | to ) ?[\"']?([\w./\\:~@+-]{1,300})"),
)
# A line that tells something holds one of these; in RE2's syntax too, for whoever looks through a whole log.
TELLS = (
    r"(?i:director)|\bcd |Git repository|Cloning into|Checking out|WORKSPACE|_DIR|_FOLDER|_PATH|in workspace |"
    r"Running on|rootdir|Compiling|Checking|> \S{1,120}@"
)
_TELLS = re.compile(TELLS)


def told(lines: Iterable[str]) -> tuple[list[str], list[tuple[int, str]]]:
    """What a log's lines tell of folders: the roots of checkouts in the order they are told, and from which line on
    another directory holds (empty where one was left), by its place among the lines.
    """
    roots: dict[str, None] = {}
    directories: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        line = line[:2000]
        if not _TELLS.search(line):
            continue
        for pattern in _ROOTS:
            if m := pattern.search(line):
                roots.setdefault(m[1].rstrip("/\\"))
        for pattern in _DIRECTORIES:
            if m := pattern.search(line):
                left = "Leaving" in m[0]
                directories.append((number, "" if left else joined(next(iter(roots), ""), m[1])))
                break
    return list(roots), directories
