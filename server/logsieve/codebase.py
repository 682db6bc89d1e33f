"""A log and the code of a workspace: where the places that its lines name are in the files, and what stands there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, overload
from weakref import WeakKeyDictionary

from logsieve.source import locations, syntax
from logsieve.source.frames import FEWEST, dependency, runs
from logsieve.source.paths import is_absolute
from logsieve.source.payloads import BEGINS, Payload, blocks
from logsieve.source.reference import Kind, Reference
from logsieve.source.told import TELLS, told
from logsieve.source.workspace import SURE, Candidate, Known, Workspace, learn

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.model import Finding

__all__ = ["Codebase", "Place", "library_frames", "names", "payloads"]

FILES = 50  # source files kept, with their definitions
EXPLAINED = 3  # findings whose functions a model gets, and of each so many
FRAMES = 4
LONGEST = 60  # lines of one, and characters of a line
WIDTH = 300
TRACED = 500  # lines of blocks that are looked at for frames of libraries
READ = 1 << 22  # bytes of a log that are read for where its checkout is: runners tell it before anything else
PAYLOADS = 5000  # of one log, and in so many bytes of it: no editor folds more
FOLDED = 1 << 25
TOLD = 5000  # lines that may tell it
LEARNT = 500  # lines of findings whose paths say what was moved
TRACE = 60  # lines at each end of a finding's block that are looked at: the middle of a longer trace is recursion
TOO_MANY = 500  # changed files that are looked at one by one
QUOTED = 12  # lines around a place among which its code stands
CUT = 20  # characters of a line of code that are enough where the log cut it
_NUMBERED = re.compile(r"[ >]{0,8}(\d{1,7}) {0,3}[|│] ?(.*)")
_PYTHON = re.compile(r"\s*(?:[+|] )*\s*File \"")
_POINTED = re.compile(r">\s+(\S.*)")
AROUND = 11  # lines that are shown around one that is in no function
OUTERMOST_FIRST = "(most recent call last)"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file of the workspace; `line` and `column` are 1-based, 0 where none is known. `sure` says that no
    other file is meant.
    """

    path: str
    line: int
    column: int
    sure: bool


@dataclass(frozen=True, slots=True)
class File:
    """A source file as it is now: its lines, its language as Markdown names it, and what it defines."""

    lines: Sequence[str]
    language: str
    definitions: Sequence[syntax.Definition]

    def around(self, line: int, most: int) -> tuple[syntax.Definition | None, int, int]:
        """The function around a line (1-based), else the class, and which lines (0-based, half-open) show it: at most
        `most`, of a longer one those around the line; without one those around the line.
        """
        found = syntax.enclosing(self.definitions, line - 1)
        first, last = (found.start, found.end) if found else (0, len(self.lines))
        if found is None:
            most = min(most, AROUND)
        if last - first > most:
            first = max(first, min(line - 1 - 2 * most // 3, last - most))
            last = min(last, first + most)
        return found, first, last


@dataclass(slots=True)
class _Log:
    """What one log tells of its machine, and the files that its paths were found to mean."""

    known: Known
    directories: list[tuple[int, str]]
    found: dict[tuple[str, str, str], list[Candidate]] = field(default_factory=dict)


class Codebase:
    """The code of some folders. `mapped` are the user's pairs of a folder of other machines and what it is here.

    Until `index` was called there are no files.
    """

    def __init__(self, folders: Sequence[str], mapped: Sequence[tuple[str, str]] = ()) -> None:
        self.folders = tuple(folders)
        self._mapped = tuple((old, self._here(new)) for old, new in mapped)
        self._workspace = Workspace(())
        self._logs: WeakKeyDictionary[Analysis, _Log] = WeakKeyDictionary()
        self._files: OrderedDict[str, tuple[tuple[int, int], File]] = OrderedDict()

    def _here(self, folder: str) -> str:
        return folder if is_absolute(folder) or not self.folders else str(Path(self.folders[0], folder))

    def index(self) -> None:
        """List the files. May run in a thread of its own: what was known before holds until it is done."""
        self._workspace = Workspace(self.folders)
        self._logs = WeakKeyDictionary()

    def update(self, paths: Sequence[str]) -> bool:
        """Take notice of files that were made or removed; False where they are so many that it is better to `index`."""
        if len(paths) > TOO_MANY:
            return False
        self._workspace.update(paths)
        self._logs = WeakKeyDictionary()
        return True

    def inside(self, path: str) -> str:
        """The path of a file within its folder of the workspace, with `/`."""
        return self._workspace.inside(path)

    # From a line to places

    def places(self, analysis: Analysis, line: int, reference: Reference) -> list[Place]:
        """The places that a reference of a line may mean: one that is sure, or all that are to be offered."""
        log = self._log(analysis)
        at = bisect_right(log.directories, (line, "\uffff")) - 1
        directory = log.directories[at][1] if at >= 0 else ""
        if not reference.path:
            return self._of_symbol(reference.symbol)
        key = (reference.path, reference.symbol, directory)
        if key not in log.found:
            log.found[key] = self._workspace.find(reference, log.known, directory)
        candidates = log.found[key]
        if candidates and candidates[0].confidence >= SURE:
            return [self._place(candidates[0].path, reference, sure=True)]
        return [self._place(candidate.path, reference, sure=False) for candidate in candidates]

    def _place(self, path: str, reference: Reference, sure: bool) -> Place:
        line = reference.line
        if not line and reference.kind is Kind.TEST and reference.symbol:
            line = next(self._lines_of(path, reference.symbol), 0)
        return Place(path, line, reference.column, sure)

    def _of_symbol(self, symbol: str) -> list[Place]:
        """Where a qualified name or a target is defined; of a file that does not define it nothing is said."""
        found = []
        for candidate, rest in self._workspace.of_symbol(symbol):
            is_target = symbol.startswith(("//", "@"))
            lines = [self._line_of_target(candidate.path, rest)] if is_target else self._lines_of(candidate.path, rest)
            found += [Place(candidate.path, line, 0, candidate.confidence >= SURE) for line in lines]
        return found if len(found) == 1 else [Place(p.path, p.line, p.column, sure=False) for p in found]

    def _line_of_target(self, path: str, target: str) -> int:
        name = re.compile(rf"\bname\s*=\s*[\"']{re.escape(target)}[\"']")
        return next((n for n, text in enumerate(self.file(path).lines, 1) if name.search(text)), 1)

    def _lines_of(self, path: str, symbol: str) -> Iterator[int]:
        """The lines (1-based) where definitions of a name begin."""
        return (self.line_of(path, d) for d in syntax.named(self.file(path).definitions, symbol))

    def line_of(self, path: str, definition: syntax.Definition) -> int:
        """The line (1-based) of a definition's name, which stands behind its doc and its decorators."""
        lines = self.file(path).lines
        head = range(definition.start, min(definition.body + 1, len(lines)))
        return 1 + next((n for n in head if definition.names[-1] in lines[n]), definition.start)

    def file(self, path: str) -> File:
        """A file of the workspace as it is now; an empty one where it cannot be read."""
        try:
            about = Path(path).stat()
            stamp = (about.st_mtime_ns, about.st_size)
            known = self._files.get(path)
            if known is None or known[0] != stamp:
                data = Path(path).read_bytes() if about.st_size <= syntax.LONGEST else b""
                lines = data.decode("utf-8", "replace").split("\n")
                known = (
                    stamp,
                    File(
                        [text.rstrip("\r") for text in lines],
                        syntax.language(path).replace("_", "") or "text",
                        syntax.outline(data, path),
                    ),
                )
        except OSError:
            return File((), "text", ())
        self._files[path] = known
        self._files.move_to_end(path)
        if len(self._files) > FILES:
            self._files.popitem(last=False)
        return known[1]

    # What a finding is about

    def frames(self, analysis: Analysis, finding: Finding) -> list[tuple[int, Reference, Place]]:
        """The places of a finding in the user's own code that are sure, the likeliest to be at fault first: what its
        rule told, then the frames of its block from the innermost on. Each with the line of the log that names it.
        """

        def text(line: int) -> str:
            return analysis.line(line).message

        told = [(at.at, r) for at, r in zip(finding.locations, locations.of_finding(finding, text), strict=False)]
        lines = [*range(finding.start, finding.end)]
        if len(lines) > 2 * TRACE:
            lines = [*lines[:TRACE], *lines[-TRACE:]]
        traced = [(line, reference) for line in lines for reference in names(analysis, line)]
        if any(OUTERMOST_FIRST in text(line) for line in lines):
            traced.reverse()
        found: dict[tuple[str, int], tuple[int, Reference, Place]] = {}
        for line, reference in (*told, *traced):
            if reference.line and reference.path and not dependency(reference):
                for place in self.places(analysis, line, reference):
                    if place.sure:
                        found.setdefault((place.path, place.line), (line, reference, place))
        return list(found.values())

    def functions(self, analysis: Analysis, finding: int | None, most: int) -> list[tuple[str, int, tuple[str, ...]]]:
        """The functions that the best findings, or one of them, went through: path in the workspace, number of the
        first line (1-based) and lines, of at most `most` tokens together; of a long one those around the line.
        """
        from logsieve.core.render import tokens_of

        found: dict[tuple[str, int], tuple[str, int, tuple[str, ...]]] = {}
        wanted = analysis.findings[:EXPLAINED] if finding is None else [analysis.findings[finding]]
        for each in wanted if most else ():
            for at, _, place in self.frames(analysis, each)[:FRAMES]:
                line, stale = self.now(analysis, at, place)
                file = self.file(place.path)
                _, first, last = file.around(line, LONGEST)
                if stale or (place.path, first) in found:
                    continue
                path, text = self.inside(place.path), tuple(text[:WIDTH] for text in file.lines[first:last])
                cost = tokens_of("\n".join((path, *text))) + 2 * len(text)  # and their numbers
                if cost <= most:
                    most -= cost
                    found[place.path, first] = (path, first + 1, text)
        return list(found.values())

    # Whether the code is still that of the log

    def now(self, analysis: Analysis, at: int, place: Place) -> tuple[int, bool]:
        """The line (1-based) of a place as its file is now, and whether it is stale: where the log quotes the code (on
        the lines after `at`, or before it behind a `>`), a line that has moved is found, and one that is gone is seen.
        """
        lines = self.file(place.path).lines
        quoted = _quoted(analysis, at, place.line)
        if not quoted or (place.line <= len(lines) and _alike(quoted, lines[place.line - 1])):
            return min(place.line, max(len(lines), 1)), place.line > len(lines)
        moved = [number for number, text in enumerate(lines, 1) if _alike(quoted, text)]
        return (moved[0], False) if len(moved) == 1 else (min(place.line, max(len(lines), 1)), True)

    # What a log tells of its machine

    def _log(self, analysis: Analysis) -> _Log:
        logs = self._logs  # others once the files are listed anew
        known = logs.get(analysis)
        if known is None:
            roots, directories = _told(analysis)
            paths = [r.path for line in _lines_of_findings(analysis) for r in names(analysis, line) if r.path]
            known = logs[analysis] = _Log(learn(self._workspace, paths, roots, self._mapped), directories)
        return known


_frames: WeakKeyDictionary[Analysis, list[tuple[int, int, str]]] = WeakKeyDictionary()


def library_frames(analysis: Analysis) -> list[tuple[int, int, str]]:
    """The runs of lines in blocks, the best findings' first, that are frames of others' code: start, end (half-open),
    and what stands for them. None begins where a block does, or holds the line that says what happened.
    """
    if analysis in _frames:
        return _frames[analysis]
    known = [(f.start, f.end, f.anchor) for f in analysis.findings]
    known += [(b.start, b.end, b.anchor) for b in analysis.blocks]
    shown = {line for start, _, anchor in known for line in (start, anchor)}
    found: dict[int, tuple[int, int, str]] = {}
    left = TRACED
    for start, end in dict.fromkeys((start, end) for start, end, _ in known):
        lines = range(start, min(end, start + left))
        if len(lines) > FEWEST:
            left -= len(lines)
            for first, last, words in runs([analysis.line(line).message for line in lines]):
                if shown.isdisjoint(range(start + first, start + last)):
                    found.setdefault(start + first, (start + first, start + last, words))
    _frames[analysis] = [found[start] for start in sorted(found)]
    return _frames[analysis]


_payloads: WeakKeyDictionary[Analysis, list[Payload]] = WeakKeyDictionary()


def payloads(analysis: Analysis) -> list[Payload]:
    """The JSON, XML and YAML over several lines of a log, in its order."""
    if analysis not in _payloads:
        _payloads[analysis] = list(islice(blocks(_Messages(analysis), _holding(analysis, BEGINS, FOLDED)), PAYLOADS))
    return _payloads[analysis]


class _Messages(Sequence[str]):
    """The messages of a log, each made when it is asked for."""

    def __init__(self, analysis: Analysis) -> None:
        self._text, self._message = analysis.text, analysis.wrapping.message

    def __len__(self) -> int:
        return len(self._text)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[line] for line in range(*at.indices(len(self)))]
        return self._message(self._text.clean(at))


def names(analysis: Analysis, line: int) -> list[Reference]:
    """The places that a line names; spans are of its message."""
    message = analysis.line(line).message
    more = len(message) >= locations.NARROW and line + 1 < len(analysis.text)
    return locations.find(message, analysis.line(line + 1).message if more else "")


def _quoted(analysis: Analysis, at: int, number: int) -> str:
    """The text of a line of code as the log shows it beside the place it names; empty where it does not."""
    last = min(at + 1 + QUOTED, len(analysis.text))
    after = [analysis.line(line).message for line in range(at + 1, last)]
    for text in after:  # 12 | code
        if (m := _NUMBERED.match(text)) and int(m[1]) == number:
            return m[2].strip()
    said = analysis.line(at).message
    if after and _PYTHON.match(said) and _depth(after[0]) > _depth(said):
        return after[0].strip()
    for line in range(at - 1, max(at - QUOTED, -1), -1):  # >   code
        before = analysis.line(line).message
        if m := _POINTED.match(before):
            return m[1].strip()
        if not before.startswith(("E  ", " ")) and before:
            break
    return ""


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())


def _alike(quoted: str, text: str) -> bool:
    """Whether a line of code is the quoted one, which may have been cut."""
    quoted, text = quoted.removesuffix("...").rstrip(), text.strip()
    return text == quoted or (len(quoted) >= CUT and text.startswith(quoted))


def _told(analysis: Analysis) -> tuple[list[str], list[tuple[int, str]]]:
    """The roots and the directories that a log tells, by its lines."""
    hits = list(islice(_holding(analysis, TELLS, READ), TOLD))
    roots, directories = told(message for _, message in hits)
    return roots, [(hits[number][0], directory) for number, directory in directories]


def _holding(analysis: Analysis, pattern: str, most: int) -> Iterator[tuple[int, str]]:
    """The lines on which a pattern in RE2's syntax matches, in the first `most` bytes, with their messages."""
    import numpy as np
    import re2

    look = re2.compile(f"(?m:{pattern})".encode())
    text = analysis.text
    for start, end in text.chunks(0, min(len(text), int(np.searchsorted(text.starts, most)))):
        data = text.clean_bytes(start, end)
        at = np.array([m.start() for m in look.finditer(data)], np.int64)
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
        for row in np.unique(np.searchsorted(ends, at)).tolist():
            clean = data[ends[row - 1] + 1 if row else 0 : ends[row]]
            yield start + row, analysis.wrapping.message(clean.decode("utf-8", "replace"))


def _lines_of_findings(analysis: Analysis) -> list[int]:
    lines: dict[int, None] = {}
    for finding in analysis.findings:
        lines.update(dict.fromkeys([*(at.at for at in finding.locations), *range(finding.start, finding.end)]))
        if len(lines) > LEARNT:
            break
    return list(lines)[:LEARNT]
