"""The places in code that a line of a log names: files with line and column, tests, qualified names, build targets.

What stands on a line is cut into runs without blanks first, and each is looked at once: one way for the forms of some
forty tools, and linear in the text. Only then what stands behind (`", line 3`, `(7,3)`, ` on line 4`) and around it is
asked. Lines come clean, without escape sequences; spans are characters of what was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import unquote

from logsieve.model import Finding, Location
from logsieve.source import names, positions, symbols
from logsieve.source.reference import Kind, Reference

__all__ = ["find", "of_finding"]

LONGEST = 10_000  # characters of a line that are looked at: no editor shows more, and nobody reads on
NARROW = 60  # characters from which a line may have been wrapped by a terminal


# All repeats below are possessive, bounded, or of a class that what must follow has no part in: none can be slow.
_EDGES = r"\s\"'`<>(){}|;,=«»“”‘’│┃║┌┐└╭╮╰╯━─▶›❯"
_MAY = re.compile(r"[./:]|[Ff]ile|BUILD|WORKSPACE|SCons|wscript|K(?:config|build)")  # names without a dot: `names`
_URL = re.compile(r"(?<![\w+.-])([A-Za-z][\w+.-]{1,30}):(?=//)[^\s\"'`<>(){}|;«»“”‘’│]++")
_RUN = re.compile(rf"(?:[^{_EDGES}]|(?<=/)\([\w.-]{{1,40}}\)(?=/))++")
_SPACED = re.compile(
    r"\"((?:[A-Za-z]:[\\/]|\\\\|/|\.{1,2}[\\/]|file://)[^\"\n]{1,400})\"|'((?:[A-Za-z]:[\\/]|\\\\|/|\.{1,2}[\\/])[^'\n]{1,400})'"
)
_DOTNET = re.compile(r" in ((?:[A-Za-z]:[\\/]|\\\\|/)[^:\"<>|*?\n]{1,300}):line (\d{1,7})")
_MSBUILD = re.compile(
    r"(?:\s{0,8}\d{1,3}>)?\s{0,8}([A-Za-z]:\\[^:\"<>|*?\n]{1,300}?\.\w{1,12})\((\d{1,7})(?:,(\d{1,5}))?"
)

_LOOSE = re.compile(
    rf"\((\d{{1,7}}):(\d{{1,6}})\)(?: at\b|\s*$)|\b(?:at|on|in) line {positions.NUMBER},? col(?:umn)? (\d{{1,6}})"
    rf"|\b(?:in|on|from) line {positions.NUMBER}() of (?:file )?[\"']?[\w./\\]"
)


# What only looks like a file behind these: pages of servers, tests with a name like that.
_NO_FILE = re.compile(
    r"(?:\b(?:GET|POST|PUT|HEAD|PATCH|DELETE|OPTIONS|404:)|--- (?:FAIL|PASS|SKIP):|=== (?:RUN|CONT)) {1,3}$"
)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|edu|gov)/")
_SERVED = frozenset(("http", "https"))
_SOURCES = frozenset(
    (
        "file",
        "webpack",
        "webpack-internal",
        "turbopack",
        "rollup",
        "vite",
        "ng",
        "app",
        "rsc",
        "vscode-file",
        "parcel",
        "metro",
        "bundle",
    )
)
# The function before a JVM's file.
_CALLER = re.compile(
    r"(?<![\w$./-])(?:[\w.-]{1,60}(?:@[\w.-]{1,30})?/{1,2}){0,2}(?P<symbol>[A-Za-z_][\w$.<>-]{0,300}) ?\((?![\s\S])"
)
_JVM = (".java", ".kt", ".kts", ".scala", ".groovy", ".clj", ".cljc", ".sc")
_ESCAPED = re.compile(r"(?:\\[nrt])+(?=[\w./~@-])")


def find(text: str, following: str = "") -> list[Reference]:
    """The places that a line names, in their order, none over another. With the line below it (`following`) a path
    that a terminal's width cut in two is found whole.
    """
    text = text[:LONGEST]
    taken = bytearray(len(text))  # the characters that belong to something already
    found = _loosely(text, [_with_symbol(text, reference, taken) for reference in _files(text, taken)])
    if following and len(text) >= NARROW:
        found = _wrapped(text, following, found)
    for reference in found:
        _take(taken, reference.start, reference.end)
    for reference in symbols.named(text):
        if not any(taken[reference.start : reference.end]):
            _take(taken, reference.start, reference.end)
            found.append(reference)
    return sorted(found, key=lambda r: r.start)


def of_finding(finding: Finding, text: Callable[[int], str]) -> list[Reference]:
    """Where a finding is, as far as its rule told: its locations as the lines they stand on say them (spans are of the
    line `Location.at`), and the test that failed. `text` gives a line.
    """
    found = [_told(location, text(location.at)) for location in finding.locations]
    if finding.subject:
        found.append(Reference(0, 0, Kind.TEST, symbol=finding.subject))
    return found


def _told(location: Location, line: str) -> Reference:
    """The reference of the line that says what a rule took from it; else what the rule took."""
    same = [r for r in find(line) if r.path and (r.path in location.path or location.path in r.path)]
    best = next((r for r in same if r.line == location.line), None)
    if best:
        return best
    at = max(line.find(location.path), 0)
    span = (at, at + len(location.path))
    for r in find(location.path):
        if r.path:
            return replace(
                r, start=span[0], end=span[1], line=r.line or location.line, column=r.column or location.column
            )
    return Reference(*span, Kind.FILE, location.path, location.line, location.column)


def _take(taken: bytearray, start: int, end: int) -> None:
    end = min(end, len(taken))
    taken[start:end] = b"x" * (end - start)


# Files


def _files(text: str, taken: bytearray) -> Iterator[Reference]:
    """The files of a line; what else cannot be the name of anything goes to `taken`."""
    done = 0
    if (m := _DOTNET.search(text)) or (m := _MSBUILD.match(text)):
        column = int(m[3]) if m.re is _MSBUILD and m[3] else 0
        yield from _of_runs(text, 0, m.start(1))
        done = m.end() + text.startswith(")", m.end())
        yield Reference(m.start(1), done, Kind.FILE, m[1], int(m[2]), column)
    quoted = [m for m in _SPACED.finditer(text) if " " in m[0]] if '"' in text or "'" in text else []
    urls = list(_URL.finditer(text)) if "://" in text else []
    for match in sorted([*quoted, *urls], key=lambda m: m.start()):
        if match.start() < done:
            continue
        if match.re is _URL:
            reference = _of_url(text, match)
            _take(taken, *match.span())
        else:
            reference = _of_spaced(text, match)
            if reference is None:
                continue
        yield from _of_runs(text, done, match.start())
        if reference:
            yield reference
        done = max(match.end(), reference.end if reference else 0)
    yield from _of_runs(text, done, len(text))


def _of_runs(text: str, start: int, end: int) -> Iterator[Reference]:
    upto = 0
    for run in _RUN.finditer(text, start, end):
        if run.start() >= upto and (reference := _of_run(text, run.start(), run.end())):
            upto = reference.end
            yield reference


def _of_run(text: str, start: int, end: int) -> Reference | None:
    """The file that a run of characters without blanks names, with what stands behind it."""
    if not _MAY.search(text, start, end):  # most are words
        return None
    if text.startswith("##[", start) and (closing := text.find("]", start, end)) > 0:  # a runner's own mark
        start = closing + 1
    while start < end and (text[start] in ":!*#&^?" or (text[start] in "[]" and _unpaired(text, start, end))):
        start += 1
    while end > start and (
        text[end - 1] in ".,:!?*…\\" or (text[end - 1] in "[]" and _unpaired(text, end - 1, end, start))
    ):
        end -= 1
    if end - start < 3 or ("." not in text[start:end] and not _may_have_no_dot(text[start:end])):
        return None
    if escaped := _ESCAPED.match(text, start, end):
        start = escaped.end()
    run = text[start:end]
    if "/" in run:
        bang = run.rfind("!")  # loaders before the file that they load
        start += bang + 1
        if run[0] == "-" and len(run) > 2 and run[1].isupper() and run[2] in "/.\\":  # a compiler's option
            start += 2
        at = run.find("@/")  # name@file, as browsers write frames
        if 0 < at < run.find("/"):
            start += at + 1
    return _of_parts(text, start, end)


def _of_parts(text: str, start: int, end: int) -> Reference | None:
    """Of `a:b.c:1:2` the first part that is a file, with the numbers behind it."""
    at = start
    while at < end:
        colon = text.find(":", at, end)
        if colon == at + 1 and text[at].isalpha() and text[colon + 1 : colon + 2] in ("\\", "/") and colon + 1 < end:
            colon = text.find(":", colon + 1, end)  # a drive
        stop = end if colon < 0 else colon
        if text[at:stop] == "node" and stop < end and text[stop + 1].isalpha():
            stop = next((n for n in range(stop + 1, end) if text[n] == ":"), end)
        if reference := _file(text, at, stop, end):
            return reference
        at = stop + 1
    return None


def _file(text: str, start: int, stop: int, end: int) -> Reference | None:
    """The file whose name stands at start:stop of a run that goes on to `end`; None where that is no name of one."""
    path, cut = text[start:stop], False
    path = path.partition("?")[0]
    fragment = path.rfind("#")
    if fragment >= 0 and not {"/", "\\"} & set(path[fragment:]):  # else it is a folder's name
        path = path[:fragment]
    tail = start + len(path)
    if dots := _cut(path):
        path, cut = path[dots:], True
    folder, name = _split(path)
    if not name or "*" in path or "$" in name:
        return None
    anchored = bool(
        cut or path[:1] in "/\\" or path[:2] in ("./", ".\\", "~/") or path[:3] in ("../", "..\\") or path[1:2] == ":"
    )
    line, column, last = positions.attached(text, stop, end)
    if not line and text[tail : tail + 1] == "#":
        line = positions.fragment(text, tail, stop)
    test = text[stop + 2 : end] if text.startswith("::", stop) and text[stop + 2 : stop + 3].isidentifier() else ""
    said = bool(column)  # by more than one number, which stands behind hosts and versions too
    if line and last == end and not column and (more := positions.more(text, end)):
        column, last = more
    elif not line and not test:
        line, column, last, said = positions.apart(text, stop, end, names.is_text(name, alone=False))
    if path.startswith("node:"):
        return Reference(start, last, Kind.FILE, path, line, column) if line else None
    if not _is_file(name, bool(folder or anchored), line, said) and not (
        anchored and line and folder and "." not in name
    ):
        return None
    if not line and (_NO_FILE.search(text, max(start - 12, 0), start) or _HOST.match(path)):
        return None
    if "%" in path:
        path = unquote(path)
    if "\\\\" in path[1:]:
        path = path.replace("\\\\", "\\")  # as it stands in JSON
    if test:
        symbol, stretch = _test(text, stop + 2, end)
        return Reference(start, stretch, Kind.TEST, path, symbol=symbol, cut=cut)
    return Reference(start, max(last, tail), Kind.FILE, path, line, column, cut=cut)


def _test(text: str, start: int, end: int) -> tuple[str, int]:
    """The name of a test from `start` on, and where it ends: its parameters may hold anything but a line's end."""
    opening = text.find("[", start, end)
    if opening >= 0:
        depth = 0
        for n in range(opening, min(len(text), opening + 300)):
            depth += (text[n] == "[") - (text[n] == "]")
            if not depth:
                return text[start : n + 1], n + 1
    return text[start:end].rstrip(":"), end


def _is_file(name: str, strong: bool, line: int, said: bool) -> bool:
    """Whether a name is a file's: by its extension, which needs the less to be known the more stands around it:
    `strong` where there are folders, `said` where what stands behind is sure to be a place.
    """
    if not line:
        return names.is_text(name, alone=not strong) and not names.is_product(name)
    return names.is_text(name, alone=False) or ((strong or said) and names.may_be_text(name))


def _cut(path: str) -> int:
    """How many characters of a path stand for what was left out: `.../` and what is before it."""
    for dots in ("...", "…"):
        at = max(path.rfind(dots + "/"), path.rfind(dots + "\\"))
        if at >= 0:
            return at + len(dots) + 1
    return path.find("/") + 1 if path.startswith(("...", "…")) else 0  # in the middle of a folder's name


def _split(path: str) -> tuple[str, str]:
    at = max(path.rfind("/"), path.rfind("\\"))
    return path[: at + 1], path[at + 1 :]


def _unpaired(text: str, at: int, end: int, start: int | None = None) -> bool:
    """Whether the bracket at one end of a run has no partner in it."""
    if start is None:
        return text[at] == "]" or text.find("]", at, end) < 0 or text.find("/", at, end) < text.find("]", at, end)
    return text[at] == "[" or text.rfind("[", start, at) < 0


def _may_have_no_dot(run: str) -> bool:
    return ":" in run or "/" in run or "file" in run or names.is_text(run, alone=False)


def _of_spaced(text: str, match: re.Match[str]) -> Reference | None:
    """A quoted path with blanks in it: anchored, and of a text's name."""
    group = 1 if match[1] else 2
    path, start = match[group], match.start(group)
    _, name = _split(path)
    if any(part in path for part in (" /", " -", "&&", " | ", "; ", ": ", ", ", "(")) or not names.is_text(
        name, alone=False
    ):
        return None
    line, column, last, _ = positions.apart(text, match.end(group), match.end(group), text_file=True)
    path = unquote(path.partition("://")[2]) if path.startswith("file://") else path
    return Reference(start, max(last, match.end(group)), Kind.FILE, path, line, column)


def _of_url(text: str, match: re.Match[str]) -> Reference | None:
    """The file that a URL of a disk or of a bundle names; of a server's only where a line stands with it."""
    scheme, end = match[1].lower(), match.end()
    scheme = scheme.rpartition("+")[2]
    if scheme not in _SERVED and scheme not in _SOURCES:
        return None
    while text[end - 1] in ".,:!?…]":
        end -= 1
    start = match.end(1) + 3
    slash = text.find("/", start, end)
    if slash < 0:
        return None
    host = text[start:slash]
    if scheme == "file" and host not in ("", "localhost"):
        begin = start - 2  # a share
    elif scheme == "file" and text[slash + 2 : slash + 3] == ":":
        begin = slash + 1  # a drive
    elif scheme == "file" or scheme in _SERVED:
        begin = slash
    else:
        begin = slash + 1
    reference = _of_parts(text, begin, end)
    if reference is None or reference.start != begin or (scheme in _SERVED and not reference.line):
        return None
    path = reference.path
    if scheme in _SERVED:
        path = path.removeprefix("/@fs").removeprefix("/absolute")
    elif scheme != "file":
        while path.startswith("/"):
            path = path[1:]
    return replace(reference, start=match.start(), path=unquote(path) if "%" in path else path)


# What the rest of the line adds


def _with_symbol(text: str, reference: Reference, taken: bytearray) -> Reference:
    """With the function that a frame of the JVM or of .NET names before its file, which has no folders there."""
    before = max(reference.start - 420, 0)
    frame: re.Match[str] | None = None
    if reference.path.endswith(_JVM) and "/" not in reference.path:
        frame = _CALLER.search(text, before, reference.start)
    elif text.endswith(" in ", before, reference.start):
        frame = symbols.AT.match(text)
    if frame is None or "." not in frame["symbol"]:
        return reference
    _take(taken, *frame.span("symbol"))
    return replace(reference, symbol=frame["symbol"])


def _loosely(text: str, found: list[Reference]) -> list[Reference]:
    """With the line and the column that a message tells of the only file that it names."""
    if len(found) == 1 and not found[0].line and found[0].kind is Kind.FILE and (m := _LOOSE.search(text)):
        line, column = (int(g) if g else 0 for g in [g for g in m.groups() if g is not None])
        return [replace(found[0], line=line, column=column)]
    return found


def _wrapped(text: str, following: str, found: list[Reference]) -> list[Reference]:
    """With the path that goes on in the line below: the last run of this line, which is no whole name yet."""
    last = text.rfind(" ") + 1
    rest = following[:400]
    if not rest or rest[0].isspace() or last == len(text) or not ({"/", "\\"} & set(text[last:])):
        return found
    here = [r for r in found if r.end > last]
    if any(r.line for r in here):
        return found
    for r in _of_runs(text[last:] + rest, 0, len(text) - last + len(rest)):
        if r.start < len(text) - last < r.end and (r.line or not here):
            return [f for f in found if f.end <= last] + [replace(r, start=r.start + last, end=r.end + last)]
    return found
