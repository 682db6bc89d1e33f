"""What source files define, and what is around a line: samples of each language, and real files."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from pathlib import Path

import pytest

from logsieve.source.syntax import Definition, enclosing, language, named, outline

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())
MARK = re.compile(rb"(?:#|//|/\*) -> ?(.*?)(?: \*/)?$")


def read(name: str) -> list[Definition]:
    path = Path(__file__).parent / "samples" / name
    return outline(path.read_bytes(), name)


def one(found: list[Definition]) -> Definition:
    (definition,) = found
    return definition


def test_there_are_samples_of_all_languages() -> None:
    assert len({language(path.name) for path in SAMPLES} - {""}) == 15


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_what_is_around_a_line(path: Path) -> None:
    source = path.read_bytes()
    definitions = outline(source, path.name)
    marked = 0
    for number, line in enumerate(source.split(b"\n")):
        if mark := MARK.search(line):
            around = enclosing(definitions, number)
            assert (around.name if around else "") == mark[1].decode(), f"{path.name}:{number + 1}"
            marked += 1
    assert marked >= 2


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
@pytest.mark.parametrize("damage", ["(((", "\n}}}}\n", '"', "\0\xff", "<<<<<<< HEAD\n"])
def test_errors_are_borne(path: Path, damage: str) -> None:
    source = path.read_bytes()
    cut = source[: len(source) * 2 // 3] + damage.encode("latin-1")
    definitions = outline(cut, path.name)
    assert definitions
    assert all(d.start <= d.body < d.end <= cut.count(b"\n") + 1 for d in definitions)


@pytest.mark.parametrize(
    ("name", "symbol", "signature", "doc", "lines"),
    [
        (
            "till.py",
            "TestTill::test_total[1]",
            "async def test_total(self, cents: int) -> None",
            "Adds\n        up.",
            (19, 23),
        ),
        ("till.py", "TestTill", "class TestTill", "The till.", (14, 23)),
        ("till.js", "price", "function price(order)", "What an order costs.", (3, 6)),
        ("till.js", "Till.add", "add(cents)", "Adds to it.", (15, 18)),
        ("till.ts", "Base.size", "public get size(): number", "How many.", (10, 13)),
        ("page.tsx", "Page", "function Page({ name }: Props): JSX.Element", "The page of the shop.", (5, 12)),
        (
            "Till.java",
            "com.shop.Till.pay",
            "@Override @Deprecated public <T extends Number> int pay(T amount) throws Exception",
            "Takes some.",
            (13, 23),
        ),
        ("till.go", "Till.Pay", "func (t *Till) Pay(cents int) (int, error)", "Pay takes some.", (10, 14)),
        (
            "till.rs",
            "till::Till::pay",
            "pub fn pay<T: Into<u32>>(&mut self, amount: T) -> Result<u32, String>",
            "Takes some,\nor fails.",
            (8, 14),
        ),
        ("till.rs", "crate::tests::pays", "fn pays()", "", (27, 30)),
        ("till.c", "pay", "static int *pay(struct till *t, int cents)", "Takes some.", (7, 13)),
        ("till.cpp", "shop::Row::pay", "std::vector<int> Row::pay(int cents) const noexcept", "Takes some.", (20, 24)),
        ("till.cpp", "TillTest.Pays", "TEST_F(TillTest, Pays)", "", (28, 30)),
        ("Till.cs", "Shop.Money.Till.Pays", "[Fact] public async Task<int> Pays(int cents)", "", (18, 26)),
        ("till_test.rb", "Shop::Till#pay", "def pay(cents)", "Takes some.", (5, 8)),
        (
            "Till.php",
            "App\\Models\\Till::pay",
            "#[Deprecated] public static function pay(int $cents): ?int",
            "Takes some.",
            (10, 15),
        ),
        ("Till.kt", "com.shop.Till.pay", "@Synchronized fun pay(amount: Int): Int", "Takes some.", (5, 10)),
        ("Till.scala", "com.shop.Till.pay", "override def pay[T](amount: T): Int", "Takes some.", (5, 9)),
        ("till.sh", "pay", "pay()", "Takes some.", (2, 6)),
    ],
)
def test_a_definition_by_its_symbol(name: str, symbol: str, signature: str, doc: str, lines: tuple[int, int]) -> None:
    found = one(named(read(name), symbol))
    assert (found.signature, found.doc, (found.start + 1, found.end)) == (signature, doc, lines)


@pytest.mark.parametrize(
    ("name", "symbol", "expected"),
    [
        ("till.js", "till > adds up", ["till.adds up"]),
        ("till.js", "adds up", ["till.adds up"]),
        ("till.go", "TestPay/nothing left", ["TestPay.nothing left"]),
        ("Till.kt", "TillTest > pays in full()", ["TillTest.pays in full"]),
        ("Till.scala", "Till", ["Till", "Till"]),
        ("till.py", "gone", []),
        ("till.py", "", []),
    ],
)
def test_names_of_tests(name: str, symbol: str, expected: list[str]) -> None:
    assert [d.name for d in named(read(name), symbol)] == expected


@pytest.mark.parametrize("module", [ast, inspect, json, textwrap, re, pytest], ids=lambda module: module.__name__)
def test_real_python_as_its_own_parser_reads_it(module: object) -> None:
    path = Path(inspect.getfile(module))  # type: ignore[arg-type]
    source = path.read_bytes()
    expected: list[tuple[str, int]] = []

    def visit(node: ast.AST, names: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = (*names, child.name)
                expected.append((".".join(inner), child.end_lineno or 0))
            visit(child, inner)

    visit(ast.parse(source), ())
    found = sorted((d.name, d.end) for d in outline(source, path.name))
    assert [name for name, _ in found] == [name for name, _ in sorted(expected)]
    for (_, end), (_, last) in zip(found, sorted(expected), strict=True):
        assert last <= end <= last + 10  # comments below the last statement are the body's


def test_real_files_of_this_repository(repository: Path) -> None:
    extension = repository / "vscode-client" / "src" / "extension.ts"
    source = extension.read_bytes()
    definitions = outline(source, extension.name)
    for number, line in enumerate(source.decode().split("\n")):
        if declared := re.match(r"(?:export )?(?:async )?function (\w+)", line):
            found = one([d for d in definitions if d.names == (declared[1],)])
            assert found.body <= number + 12
            assert enclosing(definitions, found.end - 2) is not None
    assert named(definitions, "activate")


def test_a_function_counts_more_than_a_class_in_it() -> None:
    definitions = outline(b"def f():\n    class A:\n        x = 1\n    return A\n", "a.py")
    around = enclosing(definitions, 2)
    assert around is not None
    assert around.name == "f"


def test_a_file_of_another_kind_has_none() -> None:
    assert outline(b"def f(): pass\n", "notes.txt") == []
    assert outline(b"", "a.py") == []
