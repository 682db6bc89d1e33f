"""Where the findings are whose rules do not tell: at the first frame of the user's own code in their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from logsieve.model import Finding, Location

__all__ = ["located"]

MOST = 200  # findings, best first
TRACE = 60  # lines at each end of a block: the middle of a longer trace is recursion
# What a line with a place in code has on it: most have not, and the parser of places need not be loaded for them.
_PLACE = re.compile(r"[/\\][\w.@+-]{1,80}\.\w{1,6}(?::\d|\(\d|[\"']?[:,]? (?:on |at )?line \d)")
OUTERMOST_FIRST = "(most recent call last)"


def located(findings: Sequence[Finding], message: Callable[[int], str]) -> list[Finding]:
    """The findings, with the place of that frame where they had none."""
    found = [f if f.locations else _with_frame(f, message) for f in findings[:MOST]]
    return [*found, *findings[MOST:]]


def _with_frame(finding: Finding, message: Callable[[int], str]) -> Finding:
    lines = [*range(finding.start, finding.end)]
    if len(lines) > 2 * TRACE:
        lines = [*lines[:TRACE], *lines[-TRACE:]]
    named = [line for line in lines if _PLACE.search(message(line))]
    if not named:
        return finding
    from logsieve.source.frames import first_own
    from logsieve.source.locations import find

    if any(OUTERMOST_FIRST in message(line) for line in lines):
        named.reverse()
    for line in named:
        if own := first_own(r for r in find(message(line)) if "/" in r.path or "\\" in r.path):
            return replace(finding, locations=(Location(own.path, own.line, own.column, line),))
    return finding
