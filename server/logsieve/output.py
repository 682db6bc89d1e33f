"""Prints what operations answer: JSON and CSV for programs; text for people comes from `terminal`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.terminal import Row

__all__ = ["Body", "Output", "body", "write"]

# What JSON may hold as it is, but a terminal would obey (C1 controls) or a reader of lines would break at.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029]")


Body = str | list["Row"]  # what is printed of one answer: finished text, or rows for people


def body(operation: str, format_: str, answer: dict[str, Any], analysis: Analysis, columns: int) -> Body:
    """An answer in one of the formats; `columns` is what lines of text for people are cut to."""
    if format_ == "jsonl":
        return _json(answer, None) + "\n"
    if format_ == "json":
        return _json(answer, 2)
    if format_ == "csv":
        return _csv(answer)
    from logsieve import terminal

    return terminal.rows(operation, answer, analysis, columns)


class Output:
    """Prints what came of each log in one format, as it comes."""

    def __init__(self, format_: str) -> None:
        self._format = format_
        self._count = 0

    def add(self, body: Body) -> None:
        """Print what came of one log."""
        self._count += 1
        if self._format == "json":
            write("[\n" if self._count == 1 else ",\n")
        elif self._format == "csv" and self._count > 1:
            raise click.UsageError("--format csv takes one log; jsonl takes several")
        elif self._format == "text" and self._count > 1:
            write("\n")
        if isinstance(body, str):
            write(body)
        else:
            from logsieve import terminal

            terminal.show(body)
        sys.stdout.flush()

    def close(self) -> None:
        """Print what ends the output."""
        if self._format == "json":
            write("\n]\n" if self._count else "[]\n")


def _json(value: Any, indent: int | None) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def write(text: str) -> None:
    """Write UTF-8 whatever the locale; what is no character (a path's stray byte) becomes JSON's escape."""
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))


def _csv(answer: dict[str, Any]) -> str:
    """LineId, EventId and EventTemplate of each line, as the log parsing benchmarks have it."""
    import csv
    import io

    texts = {template["id"]: template["template"] for template in answer["templates"]}
    rows = csv.writer(buffer := io.StringIO(), lineterminator="\n")
    rows.writerow(["LineId", "EventId", "EventTemplate"])
    rows.writerows((i + 1, event, texts[event]) for i, event in enumerate(answer["lines"]))
    return buffer.getvalue()
