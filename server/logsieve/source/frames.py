"""Whose code a frame is in: the user's own, or that of a library, a language or a runner."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from logsieve.source import locations
from logsieve.source.reference import Kind, Reference

__all__ = ["dependency", "first_own", "runs", "within"]

FEWEST = 3  # frames that are worth a fold
NAMED = 2  # libraries that are named

# Folders of what is installed, not written: what they are called in a sentence ("14 frames in site-packages"), and how
# they look in a path with `/` between folders. The folders behind the match are the package's own.
_FOLDERS = (
    ("site-packages", r"/(?:site|dist)-packages/"),
    ("node_modules", r"/node_modules/|/bower_components/|/\.yarn/(?:cache|unplugged|__virtual__)/|/\.pnpm/"),
    ("Node.js", r"^/node:"),
    ("webpack", r"/webpack/(?:runtime|bootstrap|startup|hot)\b"),
    ("Go's modules", r"/go/pkg/mod/|/pkg/mod/(?=[\w.]+/)"),
    ("Go", r"/(?:usr/local|usr/lib|opt|hostedtoolcache|opt/hostedtoolcache)/go[\w./-]*/src/|^/_testmain\.go$"),
    ("Cargo's registry", r"/\.cargo/(?:registry|git)/|/cargo/registry/"),
    ("Rust", r"^/rustc/[0-9a-f]+/|/\.?rustup/toolchains/"),
    ("Maven's repository", r"/\.m2/repository/|/\.gradle/(?:caches|wrapper)/|/\.ivy2/|/\.coursier/"),
    ("gems", r"/gems/[\w.-]+-\d[\w.]*/|/vendor/bundle/|/\.(?:rvm|rbenv)/|/lib/ruby/\d"),
    ("vendor", r"/vendor/(?=[\w.-]+/)"),
    ("NuGet", r"/\.nuget/packages/|/dotnet/(?:sdk|shared)/"),
    ("Dart's packages", r"/\.pub-cache/|/\.dart_tool/|^/dart:|^/package:"),
    ("Haskell's packages", r"/\.(?:cabal|stack|ghcup)/"),
    ("opam", r"/\.opam/"),
    ("Pods", r"/Pods/|/\.build/checkouts/|/SourcePackages/checkouts/"),
    ("C++ packages", r"/vcpkg/(?:installed|buildtrees)/|/\.conan2?/"),
    ("Perl", r"/perl5/|/share/perl/|/lib/perl/|/\.cpanm?/"),
    ("Python", r"/lib/python\d[\d.]*/|/lib-dynload/|/Python3?\d*/[Ll]ib/"),
    (
        "the system",
        r"^/usr/(?:lib|lib64|libexec|include|share|local/lib|local/include|local/share)/|^/lib(?:64)?/|^/nix/store/",
    ),
    ("the system", r"^/(?:Library|System|Applications)/|^/[A-Za-z]:/(?:Program Files|Windows)\b|/hostedtoolcache/"),
)
_FOLDER = re.compile("|".join(f"(?P<g{n}>{pattern})" for n, (_, pattern) in enumerate(_FOLDERS)))

# How the names of others' classes and functions begin.
_PACKAGES = (
    ("Java", r"(?:java|javax|jdk|sun|com\.sun|jakarta)\."),
    ("Kotlin", r"kotlinx?\."),
    ("Scala", r"(?:scala|sbt|org\.scalatest|org\.specs2|munit|xsbt)\."),
    ("Groovy", r"(?:groovy|org\.codehaus\.groovy|org\.apache\.groovy|org\.spockframework|spock)\."),
    ("Clojure", r"(?:clojure|cider|nrepl|leiningen|cognitect)\."),
    ("JUnit", r"(?:org\.junit|junit|org\.opentest4j|org\.hamcrest|org\.assertj|org\.mockito|org\.testng)\."),
    ("Gradle", r"(?:org\.gradle|worker\.org\.gradle)\."),
    ("Maven", r"org\.(?:apache\.maven|codehaus\.(?:plexus|mojo|classworlds))\."),
    ("Ant", r"org\.apache\.tools\."),
    ("Spring", r"org\.(?:springframework|hibernate)\."),
    (".NET", r"(?:System|Microsoft|Mono|Internal|MS)\."),
    ("the test runner", r"(?:NUnit|Xunit|MSTest|Castle|Moq|FluentAssertions)\."),
    ("Python", r"(?:unittest|importlib|runpy|concurrent\.futures|asyncio)\."),
    ("Rust", r"(?:std|core|alloc|test|backtrace)::|rust_begin_unwind|__rust"),
)
_PACKAGE = re.compile("|".join(f"(?P<g{n}>{pattern})" for n, (_, pattern) in enumerate(_PACKAGES)))


def dependency(reference: Reference) -> str:
    """Whose code a reference leads to, in words for "frames in ..."; empty for the user's own, as far as it tells."""
    if reference.symbol and reference.kind is not Kind.TARGET and (m := _PACKAGE.match(reference.symbol)):
        return _PACKAGES[int(str(m.lastgroup)[1:])][0]
    name, _ = within(reference.path)
    return name


def within(path: str) -> tuple[str, str]:
    """The folder of installed things that a path goes through and the rest of the path behind the innermost one; both
    empty where there is none.
    """
    path = "/" + path.replace("\\", "/").lstrip("/")
    name, end = "", -1
    at = 0
    while m := _FOLDER.search(path, at):
        name, end = _FOLDERS[int(str(m.lastgroup)[1:])][0], m.end()
        at = m.start() + 1  # the next may begin in this one
    return name, path[end:] if name else ""


def runs(lines: Sequence[str]) -> list[tuple[int, int, str]]:
    """The runs of frames in others' code among the lines of a trace: start, end (half-open), and what stands for them
    ("14 frames in site-packages"). What is indented deeper below a frame's first line (its place, its code) belongs to
    it.
    """
    depths = [len(text) - len(text.lstrip()) for text in lines]
    owners = [_owner(text) for text in lines]
    for n in range(len(lines) - 1):  # Go names the function alone, and below it where that is
        if owners[n] is None and owners[n + 1] is not None and depths[n + 1] > depths[n]:
            owners[n] = owners[n + 1]
    found: list[tuple[int, int, str]] = []
    start = depth = 0
    whose: list[str] = []
    for number, (owner, inside) in enumerate(zip((*owners, None), (*depths, 0), strict=True)):
        if whose and inside > depth and owner != "":
            continue
        if owner:
            start, depth = (start if whose else number), inside
            whose.append(owner)
            continue
        if len(whose) >= FEWEST:
            names = [name for name, _ in Counter(whose).most_common(NAMED)]
            found.append((start, number, f"{len(whose)} frames in {' and '.join(names)}"))
        whose = []
    return found


def _owner(text: str) -> str | None:
    """Whose code a line names, as `dependency`; None where it names no place in code."""
    reference = next((r for r in locations.find(text) if r.line or r.kind is Kind.SYMBOL), None)
    return dependency(reference) if reference else None


def first_own(references: Iterable[Reference]) -> Reference | None:
    """The first of the frames with a line that is in the user's own code; None where none is. The frames come
    innermost first (of Python, which tells the innermost last, reversed).
    """
    return next((r for r in references if r.line and r.path and not dependency(r)), None)
