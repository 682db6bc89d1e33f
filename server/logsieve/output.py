"""Prints what operations answer, in the formats for programs; text for people comes from `terminal`."""

from __future__ import annotations

import re
import sys
from typing import IO, TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis

__all__ = ["Output", "body", "write"]

# What JSON may hold as it is, but a terminal would obey (C1 controls) or a reader of lines would break at.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029]")


class Together(Protocol):
    """Puts together what a format makes of several logs."""

    def add(self, body: Any) -> str:
        """What is printed of the next log; `body` is what `body` made of it."""

    def end(self) -> str:
        """What is printed after the last one."""


def body(
    operation: str, format_: str, answer: dict[str, Any], analysis: Analysis, columns: int, coloured: bool = False
) -> Any:
    """What a format makes of an answer, for its `Together`; `columns` is what lines of text for people are cut to."""
    if format_ == "jsonl":
        return _json(answer, None) + "\n"
    if format_ == "json":
        return _json(answer, 2)
    if format_ == "csv":
        return _csv(answer)
    if format_ == "sarif":
        from logsieve.formats import sarif

        return _json(sarif.run(answer, analysis), 2)
    if format_ == "github":
        from logsieve.formats import github

        return github.found_in(answer, analysis)
    if format_ == "markdown":
        from logsieve.formats import markdown

        return markdown.part(answer, analysis)
    from logsieve import terminal

    return terminal.text(terminal.rows(operation, answer, analysis, columns), coloured)


class Output:
    """Prints what came of each log in one format, as it comes, to stdout or to a file."""

    def __init__(self, format_: str, file: IO[bytes] | None = None) -> None:
        self._together = _together(format_)
        self._file = file

    def add(self, body: Any) -> None:
        """Print what came of one log."""
        write(self._together.add(body), self._file)

    def close(self) -> None:
        """Print what ends the output."""
        write(self._together.end(), self._file)


def _together(format_: str) -> Together:
    if format_ == "github":
        from logsieve.formats import github

        return github.Annotations()
    if format_ == "markdown":
        from logsieve.formats import markdown

        return markdown.Summary()
    if format_ == "sarif":
        from logsieve.formats import sarif

        return _Joined(sarif.START, ",\n", sarif.END)
    if format_ == "json":
        return _Joined("[\n", ",\n", "\n]\n")
    return _Joined("", {"text": "\n", "csv": None}.get(format_, ""), "")


class _Joined:
    """Texts with what stands before all, between two (None: there may be only one), and after all."""

    def __init__(self, start: str, between: str | None, end: str) -> None:
        self._start, self._between, self._end = start, between, end
        self._used = False

    def add(self, body: str) -> str:
        """See Together."""
        before = self._between if self._used else self._start
        if before is None:
            raise click.UsageError("--format csv takes one log; jsonl takes several")
        self._used = True
        return before + body

    def end(self) -> str:
        """See Together."""
        return self._end if self._used else self._start + self._end


def _json(value: Any, indent: int | None) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def write(text: str, file: IO[bytes] | None = None) -> None:
    """Write UTF-8 whatever the locale; what is no character (a path's stray byte) becomes JSON's escape."""
    file = file or sys.stdout.buffer
    file.write(text.encode("utf-8", "backslashreplace"))
    file.flush()


def _csv(answer: dict[str, Any]) -> str:
    """LineId, EventId and EventTemplate of each line, as the log parsing benchmarks have it."""
    import csv
    import io

    texts = {template["id"]: template["template"] for template in answer["templates"]}
    rows = csv.writer(buffer := io.StringIO(), lineterminator="\n")
    rows.writerow(["LineId", "EventId", "EventTemplate"])
    rows.writerows((i + 1, event, texts[event]) for i, event in enumerate(answer["lines"]))
    return buffer.getvalue()
