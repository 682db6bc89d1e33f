"""What a pattern may be: linear in time, and never matching across a line end. Compiled once, for captures, by RE2."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any

import re2

__all__ = ["Regex", "compiled", "envelope_problem", "problem_of"]

_parser = re._parser  # type: ignore[attr-defined]  # noqa: SLF001 (the only parser of Python's own syntax, as since 3.11)
_UNBOUNDED = _parser.MAXREPEAT
_ANYWHERE = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001 (see Regex)
_NOWHERE = (-1, -1)


class Regex:
    """One pattern, compiled by RE2: linear in time whatever the text.

    It asks RE2 itself: what the package puts around it, to look like Python's `re`, takes longer than the matching.
    """

    __slots__ = ("_groups", "_match", "names")

    def __init__(self, pattern: str) -> None:
        options = re2.Options()
        options.log_errors = False
        regex = re2.compile(pattern, options)
        self._match = regex._regexp.Match  # noqa: SLF001 (see above)
        self._groups = tuple(regex.groupindex.items())
        self.names = tuple(regex.groupindex)

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere in `text`."""
        data = text.encode("utf-8", "replace")
        return bool(self._match(_ANYWHERE, data, 0, len(data))[0] != _NOWHERE)

    def find(self, data: bytes) -> int:
        """Where in some bytes the pattern first matches, -1 where nowhere."""
        start: int = self._match(_ANYWHERE, data, 0, len(data))[0][0]
        return start

    def named(self, text: str) -> dict[str, str] | None:
        """The texts of the named groups that took part in the first match in `text`; None where there is none."""
        data = text.encode("utf-8", "replace")
        spans = self._match(_ANYWHERE, data, 0, len(data))
        if spans[0] == _NOWHERE:
            return None
        groups = {}
        for name, index in self._groups:
            start, end = spans[index]
            if start < end:
                groups[name] = data[start:end].decode("utf-8", "replace")
        return groups

    def told(self, data: bytes) -> bytes:
        """The texts of the named groups in the first match, in the order of `names`, each ended by a newline: empty
        where a group took no part. No bytes where there is no match.
        """
        spans = self._match(_ANYWHERE, data, 0, len(data))
        if spans[0] == _NOWHERE:
            return b""
        texts = [data[spans[index][0] : spans[index][1]] for _, index in self._groups]
        return b"\n".join([*texts, b""])


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Regex:
    """The pattern, compiled once."""
    return Regex(pattern)


def problem_of(pattern: str) -> str | None:
    """Why a pattern cannot be used, in words for its author; None where it can."""
    try:
        tree = _parse(pattern)
    except re.error as error:
        return f"not a regular expression ({error})"
    try:
        compiled(pattern)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        return f"cannot be matched in linear time ({reason}); look-around and back-references are not possible"
    if not pattern.isascii() and re.search(r"\[[^\]]*[^\x00-\x7f][^\]]*\]", pattern):
        return "holds a character beyond ASCII in [...]; write (?:a|b)"
    if re.search(r"[^\x00-\x7f][+*?{]", pattern):
        return "repeats a character beyond ASCII, of which only the last byte would repeat; write (?:a)+"
    if any(_crosses(op, argument) for op, argument in _walk(tree)):
        return "can match across a line end; write [ \\t] for \\s, and put \\n into each [^...]"
    if _ends_inside(tree):
        return "has a $ with more after it"
    if tree.getwidth()[0] == 0:
        return "matches the empty text"
    return _scan_problem(pattern)


def _scan_problem(pattern: str) -> str | None:
    """What Hyperscan has against a pattern that RE2 takes (its size, as a rule): one such spoils the whole scan."""
    try:
        import hyperscan
    except ImportError:
        return None
    try:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        database.compile(expressions=[pattern.encode()], ids=[0], flags=[hyperscan.HS_FLAG_MULTILINE])
    except hyperscan.HyperscanError as error:
        return f"cannot be scanned for ({error})"
    return None


def envelope_problem(pattern: str) -> str | None:
    """As `problem_of`, for envelopes: Python's own engine matches them, so nested repetition is refused too."""
    why = problem_of(pattern)
    if why:
        return why
    for op, argument in _walk(_parse(pattern)):
        if str(op) in ("MAX_REPEAT", "MIN_REPEAT") and argument[1] == _UNBOUNDED:
            inner = [str(o) for o, _ in _walk(argument[2])]
            if any(o in ("MAX_REPEAT", "MIN_REPEAT", "BRANCH") for o in inner):
                return "repeats a group that repeats or branches; write it without"
    return None


def _parse(pattern: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _parser.parse(pattern)


def _walk(tree: Any) -> Any:
    for op, argument in tree:
        yield op, argument
        stack = [argument]
        while stack:
            item = stack.pop()
            if isinstance(item, _parser.SubPattern):
                yield from _walk(item)
            elif isinstance(item, tuple | list) and str(op) != "IN":
                stack += item


def _ends_inside(tree: Any) -> bool:
    """Whether a `$` stands anywhere but at the end of the pattern or of one of its last alternatives."""
    parts = list(tree)
    for at, (op, argument) in enumerate(parts):
        last = at == len(parts) - 1
        inner = list(_walk([(op, argument)]))
        if not last and any(str(o) == "AT" and str(a) == "AT_END" for o, a in inner):
            return True
        if last and str(op) == "SUBPATTERN" and _ends_inside(argument[-1]):
            return True
        if last and str(op) == "BRANCH" and any(_ends_inside(branch) for branch in argument[1]):
            return True
    return False


def _crosses(op: Any, argument: Any) -> bool:
    name = str(op)
    if name == "LITERAL":
        return bool(argument == 10)
    if name == "NOT_LITERAL":
        return bool(argument != 10)
    if name != "IN":
        return False
    holds = any(_item_holds_newline(o, a) for o, a in argument if str(o) != "NEGATE")
    negated = any(str(o) == "NEGATE" for o, _ in argument)
    return not holds if negated else holds


def _item_holds_newline(op: Any, argument: Any) -> bool:
    name = str(op)
    if name == "LITERAL":
        return bool(argument == 10)
    if name == "RANGE":
        return bool(argument[0] <= 10 <= argument[1])
    return str(argument) in ("CATEGORY_SPACE", "CATEGORY_NOT_DIGIT", "CATEGORY_NOT_WORD")
