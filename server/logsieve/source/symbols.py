"""Names without a file: tests as their runners write them, qualified names of classes and functions, build targets.

All repeats are possessive, bounded, or of a class that what must follow has no part in: none can be slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from logsieve.source.reference import Kind, Reference

__all__ = ["AT", "named"]

# A frame of the JVM or of .NET without a file.
AT = re.compile(
    r"\s{0,20}(?:\[\w{1,20}\] {0,8})?at (?:[\w.@-]{1,60}//?)?"
    r"(?P<symbol>[A-Za-z_][\w$.+`]{2,300})(?:\[[^\]\n]{0,60}\])? ?\("
    r"(Native Method\)|Unknown Source\)|<generated>\)|(?!<anonymous>|native\b)[^():/\\]{0,300}\)(?: \[0x| in |\s*$))"
)
_STATE = "(?:RUN|OK|FAILED|PASSED|SKIPPED|PASS|FAIL|SKIP)"
_SURE = tuple(  # how runners write the test they speak of, and the words one of which must stand on the line
    (word, re.compile(pattern))
    for word, pattern in (
        ("[", rf"\[ {{0,8}}{_STATE} {{0,7}}\] ([A-Za-z_][\w:./<>-]{{1,300}}[\w>])(?:$|[,:]| \()"),
        ("stdout ----", r"---- ([\w:]{1,300}) (?:- )?[\w() ]{0,40}stdout ----"),
        ("test ", r"^test ([\w:]{1,300})(?: - should panic)? \.\.\. "),
        ("---", r"--- (?:FAIL|PASS|SKIP): ([\w/.#$=+:,@-]{1,300})"),
        ("=== ", r"=== (?:RUN|CONT|PAUSE|NAME) {1,4}([\w/.#$=+:,@-]{1,300})"),
        ("::", r"(?:PASS|FAIL!|XFAIL|SKIP) {1,4}: ([\w:]{1,200}::\w{1,200})\("),
        (") ", r"^\s{0,4}\d{1,5}\) (?:Test )?(?:Failure|Failed|Error|Invalid) ?: ([A-Za-z_][\w.]{1,300})"),
        ("Test ", r"\bTest ([\w$]{1,60}(?:\.[\w$]{1,60}){1,12}) (?:failed|FAILED)"),
        ("()[", r"(?<![\w.$])([A-Za-z_][\w$.]{1,300})\(\)\[pri:"),
        ("Tests run:", r"\bTests run: .{1,120} (?:in|-) (?:in )?([A-Za-z_][\w$]{0,80}(?:\.[\w$]{1,80}){1,12})\s*$"),
    )
)
_CLASS_LINE = re.compile(r"(?<![\w$./\\-])([A-Z]\w{0,80}(?:Test|Tests|TestCase|IT|Spec|Suite)\.\w{1,120}):(\d{1,7})\b")
_GRADLE = re.compile(r"^\s{0,8}((?:[a-z]\w{0,60}\.){0,10}[A-Z][\w$]{1,80}) > (\w{1,120})\(\)")
_JUNIT = re.compile(r"(?<![\w.$])(\w{1,120})\(((?:[a-z_]\w{0,60}\.){1,12}[A-Z][\w$]{0,80})\)")
_TARGET = re.compile(r"(?<![\w:/@.])@{0,2}[\w.~-]{0,60}//[\w/.+-]{0,200}:[\w/.+@~-]{1,200}(?<![.:])")
_DOTTED = re.compile(r"(?<![\w$./@\\#:-])[A-Za-z_]\w*+(?:\.[A-Za-z_$][\w$]*+){2,40}+(?:::\w++)?(?:#\w++)?(?![\w/@-])")
_COLONS = re.compile(r"(?<![\w:/.$@*&%\\-])[A-Za-z_]\w*+(?:::[A-Za-z_]\w*+){2,40}+(?![\w:/<(]|\.\w)")
_PHP = re.compile(r"(?<![\w\\:/.$])(?:[A-Z]\w*+\\){1,20}+\w++::\w++")
_HASHED = re.compile(
    r"(?<![\w/#.&:$@-])(?:[a-z]\w{0,60}\.){0,12}[A-Z]\w*+(?:(?:\.|::|\$)[A-Za-z_]\w*+){0,20}#[a-z_]\w*+[?!]?(?![\w/.-]*/)"
)
_OURS = re.compile(r"[A-Z]\w+|\w+_SUITE|tests?_\w+")
_NOT = """
self this window document module process exports console cls super global globals root app e err error ex exc
args config ctx www
"""
_NO_PACKAGE = frozenset(_NOT.split())


def named(text: str) -> Iterator[Reference]:
    """Tests, targets and qualified names, the surest first."""
    if "at " in text and (m := AT.match(text)) and "." in m[1]:
        yield Reference(m.start(1), m.end(1), Kind.SYMBOL, symbol=m[1])
    for word, pattern in _SURE:
        if word in text and (m := pattern.search(text)):
            yield Reference(m.start(1), m.end(1), Kind.TEST, symbol=m[1])
    if " > " in text and (m := _GRADLE.search(text)):
        yield Reference(m.start(1), m.end(), Kind.TEST, symbol=f"{m[1]}.{m[2]}")
    if "//" in text:
        for m in _TARGET.finditer(text):
            yield Reference(*m.span(), Kind.TARGET, symbol=m[0])
    if "#" in text:
        for m in _HASHED.finditer(text):
            yield Reference(*m.span(), Kind.SYMBOL, symbol=m[0])
    if "." in text:
        if ":" in text:
            for m in _CLASS_LINE.finditer(text):
                yield Reference(*m.span(), Kind.TEST, line=int(m[2]), symbol=m[1])
        if "(" in text:
            for m in _JUNIT.finditer(text):
                yield Reference(*m.span(), Kind.TEST, symbol=f"{m[2]}.{m[1]}")
    if "." in text:
        for m in _DOTTED.finditer(text):
            if _qualified(re.split(r"::|[.#]", m[0])):
                yield Reference(*m.span(), Kind.SYMBOL, symbol=m[0])
    if "::" in text and "\\" in text:
        for m in _PHP.finditer(text):
            yield Reference(*m.span(), Kind.SYMBOL, symbol=m[0])
    if "::" in text:
        for m in _COLONS.finditer(text):
            if not m[0].startswith("std::"):
                yield Reference(*m.span(), Kind.SYMBOL, symbol=m[0])


def _qualified(parts: list[str]) -> bool:
    """Whether words with dots between them are a package's class or test, and no host or property."""
    first, *rest = (part.strip("$").partition("$")[0] for part in parts)
    if not first.islower() or first in _NO_PACKAGE or "this" in rest:
        return False
    return any(_OURS.fullmatch(part) for part in rest)
