"""Who imports what in a Python package, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Import", "imports"]


@dataclass(frozen=True)
class Import:
    """One imported module. `late` is true inside a function, `typing` under `if TYPE_CHECKING:`."""

    importer: str
    imported: str
    line: int
    late: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: {self.imported}"


def imports(folder: Path, package: str) -> list[Import]:
    """Every import in `folder/package`, with `from package import module` resolved to the module."""
    modules = {_name(folder, path): path for path in sorted((folder / package).rglob("*.py"))}
    return [
        found
        for name, path in modules.items()
        for found in _of_module(name, ast.parse(path.read_text(encoding="utf-8")), modules)
    ]


def _name(folder: Path, path: Path) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _of_module(name: str, tree: ast.Module, modules: dict[str, Path]) -> Iterator[Import]:
    def walk(node: ast.AST, late: bool, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(name, alias.name, child.lineno, late, typing)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                for alias in child.names:
                    whole = f"{base}.{alias.name}"
                    yield Import(name, whole if whole in modules else base, child.lineno, late, typing)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for statement in child.body:
                    yield from walk(ast.Module([statement], []), late, typing=True)
                for statement in child.orelse:
                    yield from walk(ast.Module([statement], []), late, typing)
            else:
                function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, late or function, typing)

    yield from walk(tree, late=False, typing=False)
