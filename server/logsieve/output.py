"""Prints what operations answer: JSON and CSV for programs; text for people comes from `terminal`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis

__all__ = ["Output", "write"]

# What JSON may hold as it is, but a terminal would obey (C1 controls) or a reader of lines would break at.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029]")


class Output:
    """Prints answers in one format as they come."""

    def __init__(self, operation: str, format_: str) -> None:
        self._operation = operation
        self._format = format_
        self._count = 0

    def add(self, answer: dict[str, Any], analysis: Analysis) -> None:
        """Print one answer."""
        self._count += 1
        if self._format == "jsonl":
            write(_json(answer, None) + "\n")
        elif self._format == "json":
            write(("[\n" if self._count == 1 else ",\n") + _json(answer, 2))
        elif self._format == "csv":
            if self._count > 1:
                raise click.UsageError("--format csv takes one log; jsonl takes several")
            _csv(answer)
        else:
            from logsieve import terminal

            if self._count > 1:
                write("\n")
            terminal.show(self._operation, answer, analysis)
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


def _csv(answer: dict[str, Any]) -> None:
    """LineId, EventId and EventTemplate of each line, as the log parsing benchmarks have it."""
    import csv
    import io

    texts = {template["id"]: template["template"] for template in answer["templates"]}
    rows = csv.writer(buffer := io.StringIO(), lineterminator="\n")
    rows.writerow(["LineId", "EventId", "EventTemplate"])
    rows.writerows((i + 1, event, texts[event]) for i, event in enumerate(answer["lines"]))
    write(buffer.getvalue())
