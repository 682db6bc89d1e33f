"""Where the findings are whose rules do not tell: at the first frame of the user's own code in their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from logsieve.model import Finding, Location

__all__ = ["located"]

MOST = 200  # findings, best first
OFTEN = 10  # findings between two looks at whether to go on
TRACE = 60  # lines at each end of a block: the middle of a longer trace is recursion
# What a line with a place in code has on it: most have not, and the parser of places need not be loaded for them.
_PLACE = re.compile(r"[/\\][\w.@+-]{1,80}\.\w{1,6}(?::\d|\(\d|[\"']?[:,]? (?:on |at )?line \d)")
OUTERMOST_FIRST = "(most recent call last)"
KNOWN = 1 << 12  # lines that are remembered

_Place = tuple[str, int, int]


def located(
    findings: Sequence[Finding],
    message: Callable[[int], str],
    watched: Callable[[Iterable[Finding], int], Iterable[Finding]],
) -> list[Finding]:
    """The findings, with the place of that frame where they had none. `watched` may stop the work."""
    own = lru_cache(maxsize=KNOWN)(_own)  # one program's traces go through the same frames again and again
    found = [f if f.locations else _with_frame(f, message, own) for f in watched(findings[:MOST], OFTEN)]
    return [*found, *findings[MOST:]]


def _with_frame(finding: Finding, message: Callable[[int], str], own: Callable[[str], _Place | None]) -> Finding:
    lines = [*range(finding.start, finding.end)]
    if len(lines) > 2 * TRACE:
        lines = [*lines[:TRACE], *lines[-TRACE:]]
    if any(OUTERMOST_FIRST in message(line) for line in lines):
        lines.reverse()
    for line in lines:
        if place := own(message(line)):
            return replace(finding, locations=(Location(*place, line),))
    return finding


def _own(text: str) -> _Place | None:
    """Path, line and column of the first frame in the user's own code that a line names."""
    if not _PLACE.search(text):
        return None
    from logsieve.source.frames import first_own
    from logsieve.source.locations import find

    own = first_own(r for r in find(text) if "/" in r.path or "\\" in r.path)
    return (own.path, own.line, own.column) if own else None
