"""What lines name: a table of real lines, the forms told of elsewhere, and lines made to hurt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import FIXTURES
from engine import analysed
from logsieve.source import locations
from logsieve.source.locations import find, of_finding
from logsieve.source.reference import Kind, Reference
from logsieve.text import LogText

Place = tuple[str, int, int, str]  # path, line, column, symbol


def table() -> Iterator[tuple[str, str, list[Place]]]:
    """The cases of locations.txt: where each line comes from, the line, and the places that it names."""
    origin, text, places = "", "", list[Place]()
    lines = (Path(__file__).parent / "locations.txt").read_text(encoding="utf-8").split("\n")
    for line in [*lines, "# end"]:
        mark, rest = line[:2], line[2:]
        if mark == "# ":
            if text:
                yield origin, text, places
            origin, text, places = rest, "", []
        elif mark == "| ":
            text = rest
        elif mark == "> ":
            path, at, column, symbol = (rest.split("|") + [""] * 3)[:4]
            places.append((path, int(at or 0), int(column or 0), symbol))


def places(references: list[Reference]) -> list[Place]:
    return [(r.path, r.line, r.column, r.symbol) for r in references]


def test_the_table_holds_real_lines() -> None:
    cases = list(table())
    assert sum(len(expected) for _, _, expected in cases) >= 300
    for origin, text, _ in cases:
        case, _, number = origin.rpartition(":")
        log = LogText.from_bytes((FIXTURES / case / "log.txt").read_bytes())
        assert log.clean(int(number) - 1) == text


def test_what_real_lines_name_is_found_and_nothing_else() -> None:
    right = wrong = missed = 0
    for _, text, expected in table():
        found, left = places(find(text)), list(expected)
        for place in found:
            if place in left:
                left.remove(place)
                right += 1
            else:
                wrong += 1
        missed += len(left)
    assert right / (right + wrong) >= 0.98
    assert right / (right + missed) >= 0.98


def test_spans_lie_in_the_line_and_hold_what_is_told() -> None:
    for _, text, _ in table():
        last = 0
        for reference in find(text):
            assert last <= reference.start < reference.end <= len(text)
            last = reference.end
            said = text[reference.start : reference.end]
            assert reference.path.split("/")[-1] in said
            if said.endswith(tuple("0123456789)")) and reference.line:
                assert str(reference.line) in said


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("C:\\a\\1\\s\\src\\b.cs(7,3): error CS0103: no", ("C:\\a\\1\\s\\src\\b.cs", 7, 3, "")),
        (
            "C:\\Program Files (x86)\\app\\b.vcxproj(12,5): error",
            ("C:\\Program Files (x86)\\app\\b.vcxproj", 12, 5, ""),
        ),
        ("\\\\build\\share\\src\\a.cpp(12): error C2065", ("\\\\build\\share\\src\\a.cpp", 12, 0, "")),
        ('  File "C:\\Program Files\\app\\my file.py", line 3, in f', ("C:\\Program Files\\app\\my file.py", 3, 0, "")),
        (
            "   at App.Program.Main(String[] args) in C:\\Users\\Jane Doe\\App\\Program.cs:line 12",
            ("C:\\Users\\Jane Doe\\App\\Program.cs", 12, 0, "App.Program.Main"),
        ),
        ("   at App.Program.Main(String[] args)", ("", 0, 0, "App.Program.Main")),
        ("file:///C:/a%20b/c.ts:3:4", ("C:/a b/c.ts", 3, 4, "")),
        ("file://share/src/c.ts:3", ("//share/src/c.ts", 3, 0, "")),
        ("src/my%20file.py:3: error", ("src/my file.py", 3, 0, "")),
        ("    at t (webpack:///./src/c.ts:5:9)", ("./src/c.ts", 5, 9, "")),
        ("webpack-internal:///./src/App.vue?1234:12:3", ("./src/App.vue", 12, 3, "")),
        ("reserve@http://localhost:9876/base/src/app.js?abc:28:25", ("/base/src/app.js", 28, 25, "")),
        ("reserve@/srv/app.js:3:4", ("/srv/app.js", 3, 4, "")),
        ("tests/test_d.py::TestX::test_y", ("tests/test_d.py", 0, 0, "TestX::test_y")),
        ("a.py::test[x y/z.py-[1]] PASSED", ("a.py", 0, 0, "test[x y/z.py-[1]]")),
        ("\tat app//com.x.Y$Inner.z(Y.java:88) [classes/:na]", ("Y.java", 88, 0, "com.x.Y$Inner.z")),
        ("ERROR: //pkg:target failed", ("", 0, 0, "//pkg:target")),
        ("panicked at crate::module::tests::name", ("", 0, 0, "crate::module::tests::name")),
        ("  1) Foo#bar", ("", 0, 0, "Foo#bar")),
        ("Tests\\Unit\\CartTest::testAdds", ("", 0, 0, "Tests\\Unit\\CartTest::testAdds")),
        ("OrderTest > adds() FAILED", ("", 0, 0, "OrderTest.adds")),
        ("[ERROR]   CalcTest.adds:12 expected: <3> but was: <4>", ("", 12, 0, "CalcTest.adds")),
        ("adds(com.shop.CalcTest)  Time elapsed: 0.01 s", ("", 0, 0, "com.shop.CalcTest.adds")),
        ("e: /src/Main.kt: (3, 5): Unresolved reference: x", ("/src/Main.kt", 3, 5, "")),
        ("app/(shop)/[id]/page.tsx:3:4", ("app/(shop)/[id]/page.tsx", 3, 4, "")),
        ('{"msg":"x\\n  File \\"/srv/a.py\\", line 3, in f\\n"}', ("/srv/a.py", 3, 0, "")),
        ('{"path":"Z:\\\\w\\\\a.py:3"}', ("Z:\\w\\a.py", 3, 0, "")),
        ("[ERROR] /w/src/Entities.java:[115,29] unmappable character", ("/w/src/Entities.java", 115, 29, "")),
        ("        from line 6 of bulma.sass", ("bulma.sass", 6, 0, "")),
        ("unused variable fnName [a.umd.js:30212,37]", ("a.umd.js", 30212, 37, "")),
        ("run: pkg.ClassTest#adds(pkg.ClassTest): null", ("", 0, 0, "pkg.ClassTest#adds")),
        ("see src/a.js#L12", ("src/a.js", 12, 0, "")),
        ('  File "/w/C#/src/a.py", line 2, in f', ("/w/C#/src/a.py", 2, 0, "")),
        ("make: *** [Makefile:12: all] Error 1", ("Makefile", 12, 0, "")),
        ("/app/src/x.js: Unexpected token (3:4)", ("/app/src/x.js", 3, 4, "")),
    ],
)
def test_forms(text: str, place: Place) -> None:
    assert places(find(text)) == [place]


@pytest.mark.parametrize(
    "text", [".../pkg/bar.py:12: Warning", "...ules/pkg/bar.py:12", "…/pkg/bar.py:12", "src/.../pkg/bar.py:12"]
)
def test_a_path_that_was_cut_says_so(text: str) -> None:
    (reference,) = find(text)
    assert (reference.path, reference.line, reference.cut) == ("pkg/bar.py", 12, True)


def test_a_path_that_a_terminal_wrapped_is_whole() -> None:
    first = "E   the price that was told in the file does not hold: packages/shop/src/pri"
    (reference,) = find(first, "ces/table.py:41: AssertionError")
    assert (reference.path, reference.line) == ("packages/shop/src/prices/table.py", 41)
    assert first[reference.start :] == "packages/shop/src/pri"
    assert reference.end - len(first) == len("ces/table.py:41")
    assert find(first, "  and more") == []


@pytest.mark.parametrize(
    "text",
    [
        "Next.js 14.2.35 and Node.js",
        "pulled 127.0.0.1:8198/shop/till:9 and example.com:443",
        "GET /missing.html HTTP/1.1",
        "v1.2.3 of text/html; 2026/01/02 12:30:11",
        "https://example.com/a/b.html#c and git@example.com:a/b.git",
        "self.order.total == os.path.sep",
        "at Array.map (<anonymous>)",
        "no member to link for docs.scala-lang.org/overviews/a.html",
        "[ RUN      ] ui/mouse/input left click works: 3.69 ms OK",
        "libkettle.so.1 (0x7f)",
        "import std::vec::Vec",
    ],
)
def test_what_only_looks_like_a_place(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    "case", ["pytest/long-verbose-two-failures", "minitest/failed", "tsc/type-errors", "rspec/failed"]
)
def test_a_finding_says_where_it_is_and_which_test_failed(case: str) -> None:
    analysis = analysed((FIXTURES / case / "log.txt").read_bytes())
    told = [(f, of_finding(f, analysis.text.clean)) for f in analysis.findings]
    assert any(references for _, references in told)
    for finding, references in told:
        files = [r for r in references if r.kind is Kind.FILE]
        assert [(r.path, r.line) for r in files] == [(place.path, place.line) for place in finding.locations]
        assert [r.symbol for r in references if r.kind is Kind.TEST] == [finding.subject] * bool(finding.subject)
        for place, reference in zip(finding.locations, files, strict=True):
            assert reference.path in analysis.text.clean(place.at)[reference.start : reference.end]


# What makes patterns slow: the start of a form, again and again, without its end.
UNITS = """a|/|a/|.|a.|a.py:|a.py:1 |"|"/ |'/a |(| (|((((a|[|]|[a]|a::|a#|A#|::|//:|//a:|\\|C:\\|C:\\a |://|http://a |
file:///| in /a|at a.b(|at |a.b.|A.b|line 1 | > |-|...|.../|%41|@|a@/|@/|!|?|#|a/(b)/|a=|é|1|1:|::error |--- |[ RUN ] |
) |Test a.b |a(b.|x.java(|a.b.C |A#b |a.py |::a::b|Tests run: |A\\|A\\B::"""


@pytest.mark.parametrize("unit", UNITS.replace("\n", "").split("|"))
def test_a_hostile_line_of_megabytes_ends(unit: str) -> None:
    assert all(r.end <= locations.LONGEST for r in find(unit * (5_000_000 // len(unit))))


@given(st.text(alphabet="ab/\\.:()[]\"'@#! \t,1-é$%?", max_size=200), st.text(max_size=30))
@settings(deadline=None, max_examples=300, derandomize=True)
def test_any_line_is_read(text: str, following: str) -> None:
    last = 0
    for reference in find(text, following):
        assert last <= reference.start < reference.end
        assert reference.path or reference.symbol
        last = reference.end
