"""From a path of another machine to the files of the workspace: all that may be meant, and whether one is sure.

A wrong guess is worse than none: of several files, or on thin evidence, all are offered and none is sure. Only files of
the workspace's folders are answers, whatever a path or a link says.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from logsieve.source.files import listed, wanted
from logsieve.source.frames import within
from logsieve.source.paths import alike, is_absolute, joined, steps
from logsieve.source.reference import Reference

__all__ = ["SURE", "Candidate", "Known", "Workspace", "learn"]

SURE = 0.7  # confidence from which one file is the answer
OFFERED = 10  # candidates
VOTES = 2  # files that must agree before others are taken where they went
# Files of these names are in every second folder: one that is alike by its name says nothing.
_NAMES = """
__init__.py __main__.py conftest.py setup.py main.py utils.py index.js index.ts index.tsx index.jsx index.html
index.mjs main.js main.ts mod.rs lib.rs main.rs build.rs main.go doc.go package.json tsconfig.json Makefile
CMakeLists.txt BUILD BUILD.bazel Dockerfile README.md pom.xml build.gradle build.gradle.kts main.c main.cpp types.ts
Program.cs package-info.java
"""
_COMMON = frozenset(_NAMES.split())
_JOINTS = re.compile(r"::|->|[.#\\$/]")
_EXTENSIONS = (
    ".py",
    ".java",
    ".kt",
    ".scala",
    ".groovy",
    ".clj",
    ".cs",
    ".php",
    ".rb",
    ".rs",
    ".ex",
    ".erl",
    ".pm",
    ".swift",
)


# Where the workspace's own packages are installed too.
_COPIES = ("site-packages", "node_modules")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file of the workspace (its absolute path) that a reference may mean, how sure that is (0 to 1), and why."""

    path: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of where the log's machine had its files: `roots` are the folders of its checkout, `moved` pairs of
    a folder there and the folder of the workspace it became (relative, or absolute where the user says so).
    """

    roots: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()


NOTHING = Known()


class Workspace:
    """The files of a workspace's folders by their names. `folders` are absolute paths."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = tuple(os.path.abspath(folder) for folder in folders)
        self._real = tuple(os.path.realpath(folder) for folder in self.folders)
        self._named: dict[str, list[tuple[int, str]]] = {}  # name, case folded: folder, relative path
        for number, folder in enumerate(self.folders):
            for path in listed(folder):
                self._named.setdefault(path.rpartition("/")[2].casefold(), []).append((number, path))

    def __len__(self) -> int:
        return sum(len(found) for found in self._named.values())

    def update(self, paths: Iterable[str]) -> None:
        """Take notice of files that were made, changed or removed (absolute paths)."""
        made: dict[int, list[str]] = {}
        for path in paths:
            for number, folder in enumerate(self.folders):
                if path.startswith(folder + os.sep):
                    inside = os.path.relpath(path, folder).replace(os.sep, "/")
                    group = self._named.setdefault(inside.rpartition("/")[2].casefold(), [])
                    if (number, inside) in group:
                        group.remove((number, inside))
                    if os.path.isfile(path):
                        made.setdefault(number, []).append(inside)
        for number, files in made.items():
            for inside in wanted(self.folders[number], files):
                self._named[inside.rpartition("/")[2].casefold()].append((number, inside))

    def inside(self, path: str) -> str:
        """The path of a file of the workspace within its folder, with `/`."""
        folder = next(f for f in self.folders if path.startswith(f + os.sep))
        return path[len(folder) + 1 :].replace(os.sep, "/")

    def holding(self, name: str) -> list[str]:
        """The folders, relative, that hold a file of a name."""
        return [inside.rpartition("/")[0] for _, inside in self._named.get(name.casefold(), [])]

    def find(self, reference: Reference, known: Known = NOTHING, directory: str = "") -> list[Candidate]:
        """The files that a reference may mean, the likeliest first. The first is the answer where its confidence is
        SURE; else all are to be offered. `directory` is where the log says that its commands run.
        """
        if not reference.path:
            return []
        path = reference.path
        if reference.symbol and "/" not in path and "\\" not in path:
            return self._of_package(path, reference.symbol)
        return self.of_path(path, known, directory)

    def of_path(self, path: str, known: Known = NOTHING, directory: str = "") -> list[Candidate]:
        """As `find`, of a path alone."""
        absolute = is_absolute(path)
        full = joined(directory, path) if directory and not absolute else path
        if found := self._mapped(full, known):
            return [found]
        parts = steps(full if is_absolute(full) and absolute else path)
        if not parts:
            return []
        return self._alike(parts, absolute, known, full)

    def _mapped(self, path: str, known: Known) -> Candidate | None:
        """Where a path is by what is known, by the longest folder whose files are in one place."""
        if is_absolute(path) and (found := self._existing(path)):
            return Candidate(found, 1.0, "it is there")
        parts = steps(path)
        options = [(steps(root), "", 0.97, "under the checkout's folder") for root in known.roots]
        options += [(steps(old), new, 0.95, "its folder went there") for old, new in known.moved]
        options = [option for option in options if option[0] and parts[: len(option[0])] == option[0] != parts]
        for _, group in groupby(sorted(options, key=lambda o: -len(o[0])), key=lambda o: len(o[0])):
            found_at: dict[str, Candidate] = {}
            for old, new, confidence, why in group:
                inside = parts[len(old) :]
                if is_absolute(new):
                    if found := self._existing(os.path.join(new, *inside)):
                        return Candidate(found, 1.0, "as the mapping says")
                    continue
                for folder in self.folders:
                    if found := self._existing(os.path.join(folder, new, *inside)):
                        found_at.setdefault(found, Candidate(found, confidence, why))
            if len(found_at) == 1:
                return next(iter(found_at.values()))
        return None

    def _existing(self, path: str) -> str:
        """The path, if it is a file's in the workspace, links resolved; else empty."""
        path = os.path.normpath(path)
        for folder, real in zip(self.folders, self._real, strict=True):
            if path.startswith(folder + os.sep) and os.path.isfile(path) and _is_in(real, os.path.realpath(path)):
                return path
        return ""

    def _alike(self, parts: list[str], absolute: bool, known: Known, full: str) -> list[Candidate]:
        """The files of the same name, by how much of their folders is alike."""
        from rapidfuzz import fuzz
        from rapidfuzz.distance import LCSseq

        group = self._named.get(parts[-1].casefold(), [])
        exact = [entry for entry in group if entry[1].rpartition("/")[2] == parts[-1]]
        entries = exact or group
        library, rest = within(full)
        own = rest.split("/")
        ranked = []
        for number, inside in entries:
            theirs = inside.split("/")
            same = alike(parts, theirs)
            if library and not (library in _COPIES and same >= len(own) >= 2):
                continue
            order = LCSseq.similarity(parts[:-1], theirs[:-1])
            looks = fuzz.ratio("/".join(parts[-len(theirs) : -1]), "/".join(theirs[:-1]))
            ranked.append(((same, order, looks), number, inside, len(theirs)))
        ranked.sort(key=lambda entry: entry[0], reverse=True)
        roots = [steps(root) for root in known.roots]
        placed = not roots or not absolute or any(root == parts[: len(root)] for root in roots)
        gone = any(steps(old) == parts[:-1] for old, _ in known.moved)  # its folder is known, and it is not there
        found = []
        for at, (rank, number, inside, length) in enumerate(ranked[:OFFERED]):
            rival = next((other[0] for n, other in enumerate(ranked[:2]) if n != at), None)
            confidence, why = _confidence(rank, length, len(parts), rival, absolute, placed, parts[-1])
            confidence -= 0.1 * (not exact) + 0.1 * bool(library) + 0.3 * gone
            if path := self._existing(os.path.join(self.folders[number], *inside.split("/"))):
                found.append(Candidate(path, round(confidence, 2), why))
        return found

    def _of_package(self, path: str, symbol: str) -> list[Candidate]:
        """The files that a frame of the JVM may mean: the package is its folder, which only Java insists on."""
        stem = path.rpartition(".")[0]
        names = (part.partition("$")[0].replace("-", "_") for part in symbol.split("."))
        package = list(takewhile(lambda part: part.islower() and part != stem, names))
        entries: list[tuple[int, str]] = []
        while package:
            entries = [
                (number, inside)
                for number, inside in self._named.get(path.casefold(), [])
                if inside.split("/")[-len(package) - 1 : -1] == package
            ]
            if entries or path.endswith(".java"):
                break
            package = package[1:]  # Kotlin leaves out what all have in common
        if not package and not path.endswith(".java"):
            entries = self._named.get(path.casefold(), [])
        sure = 0.9 if len(entries) == 1 and package else 0.5 / max(len(entries), 1)
        paths = [self._existing(os.path.join(self.folders[number], inside)) for number, inside in entries[:OFFERED]]
        return [Candidate(found, sure, "its package is its folder") for found in paths if found]

    def of_symbol(self, symbol: str) -> list[tuple[Candidate, str]]:
        """The files that a qualified name or a target may be in, each with the part of the name to look for in it: of
        `com.x.Y.z` com/x/Y.java and `Y.z`, of `//pkg:target` pkg/BUILD and `target`.
        """
        if symbol.startswith(("//", "@")):
            place, _, target = symbol.lstrip("@").lstrip("/").partition(":")
            builds = [os.path.join(f, place, name) for f in self.folders for name in ("BUILD.bazel", "BUILD")]
            return [(Candidate(path, 0.95, "the package's"), target) for path in builds if self._existing(path)]
        names = [
            name for name in _JOINTS.split(symbol.partition("[")[0].partition("(")[0]) if name not in ("", "crate")
        ]
        for count in range(len(names), 0, -1):
            *package, stem = names[:count]
            files = [
                (number, inside)
                for name in {f"{form}{extension}" for form in (stem, _snake(stem)) for extension in _EXTENSIONS}
                for number, inside in self._named.get(name.casefold(), [])
                if inside.rpartition("/")[2] == name
                and (inside.split("/")[:-1][-len(package) :] == package or not package)
            ]
            found = [
                path for n, inside in files[:OFFERED] if (path := self._existing(os.path.join(self.folders[n], inside)))
            ]
            if found:
                sure = (0.9 if package else 0.75) if len(found) == 1 else 0.5
                rest = ".".join(names[count - 1 :] if stem[:1].isupper() else names[count:])
                return [(Candidate(path, sure, "its name is its file's"), rest) for path in found]
        return []


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _confidence(
    rank: tuple[int, int, float],
    theirs: int,
    ours: int,
    rival: tuple[int, int, float] | None,
    absolute: bool,
    placed: bool,
    name: str,
) -> tuple[float, str]:
    """How sure it is that a file of `theirs` parts is meant by a path of `ours`, and why."""
    same, order, looks = rank
    common = name in _COMMON
    if rival and rival >= rank:
        return 0.4, "one of several alike"
    if rival and rival[0] == same:
        return 0.5, "the likest of several"
    if same == theirs and absolute:  # all of its path
        if same == 1:
            return (0.55 if not common and placed and not rival else 0.3), "of the same name"
        return (0.95 if placed else 0.6), "the whole path is alike"
    if same == ours and not absolute:
        if same == 1:
            return (0.5 if common else 0.85 if not rival else 0.5), "the only one of this name"
        return 0.9, "the only one whose path ends so"
    if same >= 2:
        if common and (rival or same < 3):
            return 0.5, "its last folders are alike"
        return (0.8 if placed else 0.5), "its last folders are alike"
    if not rival and not common and placed and (order or looks > 60):
        return 0.72, "the only one of this name, in a folder like it"
    return 0.3, "of the same name"


def learn(
    workspace: Workspace, paths: Iterable[str], roots: Sequence[str] = (), mapped: Sequence[tuple[str, str]] = ()
) -> Known:
    """What the paths of a log say together about where its folders are in the workspace: where several files of one are
    found in one place, its others are there too. `roots` are those told, `mapped` the user's own pairs.
    """
    first = Known(tuple(roots), tuple(mapped))
    ours = [path for path in dict.fromkeys(paths) if is_absolute(path) and not within(path)[0]]
    moved: Counter[tuple[str, str]] = Counter()
    under: Counter[str] = Counter()
    for path in ours:
        found = workspace.of_path(path, first)
        if not found or found[0].confidence < SURE:
            continue
        inside = workspace.inside(found[0].path).split("/")
        parts = steps(path)
        same = alike(parts, inside)
        if same == len(inside):
            under["/".join(parts[: len(parts) - same])] += 1
        for kept in range(1, same + 1):  # its folder, and those around as far as they are alike
            moved["/".join(parts[:-kept]), "/".join(inside[:-kept])] += 1
    most: dict[str, int] = {}
    for (old, _), votes in moved.items():
        most[old] = max(votes, most.get(old, VOTES))
    pairs = [pair for pair, votes in moved.items() if votes >= most[pair[0]] / 2 and votes >= VOTES]
    best = [root for root, votes in under.most_common(3) if votes >= VOTES]
    return Known((*roots, *best), (*mapped, *pairs, *_by_names(workspace, ours, pairs)))


def _by_names(workspace: Workspace, paths: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Folders of the log that no one file tells the place of, with the only folder of the workspace that holds most of
    the files which the log names in them, and which no other folder became.
    """
    known, taken = {old for old, _ in pairs}, {new for _, new in pairs}
    names: dict[str, set[str]] = {}
    for path in paths:
        *folders, name = steps(path)
        if "/".join(folders) not in known:
            names.setdefault("/".join(folders), set()).add(name)
    found = []
    for old, held in names.items():
        counts = Counter(folder for name in held for folder in workspace.holding(name) if folder not in taken)
        (new, count), (_, second) = (*counts.most_common(2), ("", 0), ("", 0))[:2]
        if count >= max(VOTES, 0.8 * len(held)) and second < count:
            found.append((old, new))
    return found


def _is_in(folder: str, path: str) -> bool:
    return os.path.normcase(path).startswith(os.path.normcase(folder).rstrip(os.sep) + os.sep)
