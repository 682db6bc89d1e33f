"""GitHub's workflow commands: annotations of a run, where the log names a source file at its line.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from logsieve.core.excerpts import block
from logsieve.core.redact import Redactor
from logsieve.core.render import render, visible

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.model import Location

__all__ = ["Annotation", "Annotations", "found_in"]

MOST = 10  # annotations of a level that GitHub shows for a step
LINES = 12  # of a block that an annotation shows
TITLE = 200  # characters; GitHub takes 255
# What stands before the checkout's folder in paths of GitHub's own machines and containers: owner and name of the
# repository are the same, as a rule, so that the folder comes twice.
_CHECKOUTS = ("/home/runner/work/", "/__w/", "/Users/runner/work/", "D:/a/")


class Annotation(NamedTuple):
    """A workflow command. Those with the least `rank` are the most important, of whatever log."""

    level: str
    rank: int
    command: str


def found_in(answer: dict[str, Any], analysis: Analysis) -> list[Annotation]:
    """The annotations of one log: one a finding that is a warning or worse, best first."""
    made = [
        _annotation(rank, answer, finding, analysis)
        for rank, finding in enumerate(answer["findings"])
        if finding["severity"] in ("error", "warning")
    ]
    if answer["verdict"] == "failed" and not made:
        said = f"{visible(answer['path'])} failed ({analysis.verdict_why}), and no line of it says why"
        made = [Annotation("error", 0, _command("error", said, _log(answer["path"], 0, 0) | {"title": "Failed"}))]
    return made


class Annotations:
    """Those of all logs together: as many of them as GitHub shows, and a word about those that are left out."""

    def __init__(self) -> None:
        self._all: list[Annotation] = []
        self._logs = 0

    def add(self, found: list[Annotation]) -> str:
        """Take those of a log; they are printed at the end."""
        self._all += found
        self._logs += 1
        return ""

    def end(self) -> str:
        """The commands, and a line with their number."""
        lines, told, left = [], [], 0
        for level in ("error", "warning"):
            of_level = sorted((a for a in self._all if a.level == level), key=lambda a: a.rank)
            lines += [f"{a.command}\n" for a in of_level[:MOST]]
            told.append(_counted(len(of_level), level))
            left += max(0, len(of_level) - MOST)
        shown = (
            f"; the {left:,} least important are not annotated: GitHub shows {MOST} of each for a step" if left else ""
        )
        return "".join([*lines, f"logsieve: {' and '.join(told)} in {_counted(self._logs, 'log')}{shown}\n"])


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _annotation(rank: int, answer: dict[str, Any], finding: dict[str, Any], analysis: Analysis) -> Annotation:
    found = analysis.findings[rank]
    text = render(block(analysis, found.start, found.end, found.anchor, LINES, bare=True), analysis).text
    title = finding["title"] if len(finding["title"]) <= TITLE else finding["title"][: TITLE - 1] + "…"
    place = _source(found.locations, analysis) or _log(answer["path"], finding["line"], finding["end_line"])
    times = f", {finding['count']} times" if finding["count"] > 1 else ""
    message = f"{text}(line {found.anchor + 1:,} of {visible(answer['path'])}{times})"
    return Annotation(finding["severity"], rank, _command(finding["severity"], message, place | {"title": title}))


def _command(level: str, message: str, properties: dict[str, object]) -> str:
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{level} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _log(path: str, line: int, end: int) -> dict[str, object]:
    return {} if path == "-" else {"file": visible(_relative(path) or path), "line": line, "endLine": end}


def _source(locations: Iterable[Location], analysis: Analysis) -> dict[str, object]:
    """The first place that is in the repository, which one that is there is for sure."""
    within = [(path, at) for at in locations if (path := _relative(at.path))]
    here = [(path, at) for path, at in within if (_workspace() / path).is_file()]
    for path, at in here or within:
        (file,) = Redactor(analysis.redact).texts([path])
        return {"file": visible(file), "line": at.line, "col": at.column}
    return {}


def _workspace() -> Path:
    return Path(os.environ.get("GITHUB_WORKSPACE") or ".").absolute()


def _relative(path: str) -> str:
    """A path as it is in the repository, "" where it is elsewhere."""
    plain = path.replace("\\", "/")
    root = f"{_workspace().as_posix()}/"
    if plain.startswith(root):
        plain = plain.removeprefix(root)
    for start in _CHECKOUTS:
        if plain.startswith(start):
            plain = "/".join(plain.removeprefix(start).split("/")[2:])
    plain = plain.removeprefix("./")
    outside = plain.startswith("/") or plain[1:2] == ":" or ".." in plain.split("/") or "\0" in plain
    return "" if outside else plain
