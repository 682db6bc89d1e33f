"""What a source file defines: its functions, classes and tests by name and by line (tree-sitter, which bears errors).

Each language's queries are a file of `queries/` and the one it inherits from: what is captured as @function, @class or
@test is a definition, with its @name, its @body and, where it stands inside, its @doc; @of is the type that a method
belongs to.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

__all__ = ["Definition", "enclosing", "language", "named", "outline"]

LONGEST = 4 << 20  # bytes of a file that is read: what is longer was not written by hand
SIGNATURE = 300  # characters

# By a file's extension: the grammar's module, its function where it is not `language`, and the queries.
_LANGUAGES = {
    "python": ("tree_sitter_python", "language", "py pyi pyw"),
    "javascript": ("tree_sitter_javascript", "language", "js jsx mjs cjs"),
    "typescript": ("tree_sitter_typescript", "language_typescript", "ts mts cts"),
    "tsx": ("tree_sitter_typescript", "language_tsx", "tsx"),
    "java": ("tree_sitter_java", "language", "java"),
    "go": ("tree_sitter_go", "language", "go"),
    "rust": ("tree_sitter_rust", "language", "rs"),
    "c": ("tree_sitter_c", "language", "c h"),
    "cpp": ("tree_sitter_cpp", "language", "cpp cc cxx c++ hpp hh hxx h++ ipp cu cuh ino"),
    "c_sharp": ("tree_sitter_c_sharp", "language", "cs"),
    "ruby": ("tree_sitter_ruby", "language", "rb rake gemspec ru"),
    "php": ("tree_sitter_php", "language_php", "php phtml"),
    "kotlin": ("tree_sitter_kotlin", "language", "kt kts"),
    "scala": ("tree_sitter_scala", "language", "scala sc sbt"),
    "bash": ("tree_sitter_bash", "language", "sh bash"),
}
_BY_EXTENSION = {e: name for name, (_, _, extensions) in _LANGUAGES.items() for e in extensions.split()}
_KINDS = ("function", "class", "test")
# What stands around a definition and belongs to it, and what stands before it.
_AROUND = frozenset(("decorated_definition", "export_statement", "template_declaration", "lexical_declaration"))
_BEFORE = frozenset(("attribute_item", "decorator", "annotation", "marker_annotation", "attribute_list"))
_TEST_MACRO = re.compile(r"(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_JOINTS = re.compile(r"::|->|[.#\\/$>]| > ")
_QUOTES = "\"'`"


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, class or test: its names from the outermost in, its head in one line, its doc as text. The lines from
    `start` to `end` are all of it, decorators and the doc above it too; those from `body` on are its body.
    """

    names: tuple[str, ...]
    kind: str
    signature: str
    doc: str
    start: int
    body: int
    end: int

    @property
    def name(self) -> str:
        """All names, with dots between them."""
        return ".".join(self.names)


def language(path: str) -> str:
    """The language of a file by its name; empty where none is known here."""
    return _BY_EXTENSION.get(path.rpartition(".")[2].lower(), "")


def outline(source: bytes, path: str) -> list[Definition]:
    """The definitions of a source file in their order, outer ones first; none where its language is not known."""
    name = language(path)
    if not name or len(source) > LONGEST:
        return []
    if name == "c" and path.endswith(".h") and re.search(rb"\b(?:class|namespace|template)\b", source):
        name = "cpp"
    from tree_sitter import QueryCursor

    parser, query = _tools(name)
    root = parser.parse(source).root_node
    found: dict[tuple[int, int], tuple[str, Node, dict[str, list[Node]]]] = {}
    for _, captures in QueryCursor(query).matches(root):
        kind = next(k for k in _KINDS if k in captures)
        node = captures[kind][0]
        span = (node.start_byte, -_last(node, captures).end_byte)
        if span not in found or "doc" in captures:
            found[span] = (kind, node, captures)
    made: list[Definition] = []
    around: list[tuple[int, str]] = []  # where the definitions around end, and their names
    for _, (kind, node, captures) in sorted(found.items(), key=lambda item: item[0]):
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        own = _name(source, captures, node)
        made.append(_definition(source, kind, node, captures, [n for _, n in around], own))
        around.append((_last(node, captures).end_byte, made[-1].names[-1]))
    return made


def enclosing(definitions: Sequence[Definition], line: int) -> Definition | None:
    """The innermost function or test around a line (0-based), else the innermost class; None where there is none."""
    around = [d for d in definitions if d.start <= line < d.end]
    return next((d for d in reversed(around) if d.kind != "class"), around[-1] if around else None)


def named(definitions: Sequence[Definition], symbol: str) -> list[Definition]:
    """The definitions that a test's id or a symbol means (`TestX::test_y[1]`, `com.x.Y.z`, `Foo#bar`, `Y > adds()`):
    those that have most of its names, in their order. The last name must be theirs.
    """
    wanted = [n for n in _JOINTS.split(re.sub(r"\[[^\]\n]*\]$|\([^()\n]*\)$", "", symbol.strip())) if n.strip()]
    wanted = [name.strip() for name in wanted]
    ranked = []
    for d in definitions:
        same = 0
        for own, name in zip(reversed(d.names), reversed(wanted), strict=False):
            if own != name:
                break
            same += 1
        ranked.append(same or int(d.names[-1] == symbol.strip()))
    best = max(ranked, default=0)
    return [d for d, rank in zip(definitions, ranked, strict=True) if best and rank == best]


@cache
def _tools(name: str) -> tuple[Parser, Query]:
    """The parser and the queries of a language."""
    from tree_sitter import Language, Parser, Query

    module, function, _ = _LANGUAGES[name]
    grammar = Language(getattr(importlib.import_module(module), function)())
    return Parser(grammar), Query(grammar, _queries(name))


def _queries(name: str) -> str:
    """The text of a language's queries, after those that its first line says it inherits."""
    text = files(__package__).joinpath("queries", f"{name}.scm").read_text(encoding="utf-8")
    _, inherits, parent = text.partition("\n")[0].partition("; inherits: ")
    return _queries(parent) + text if inherits else text


def _definition(
    source: bytes, kind: str, node: Node, captures: dict[str, list[Node]], around: list[str], names: list[str]
) -> Definition:
    outer, doc = _with_what_stands_before(source, node)
    if "doc" in captures:
        doc = _text(source, captures["doc"][0]).strip().lstrip("rRbBuU").strip("\"'").strip()
    body = captures["body"][0] if "body" in captures else node
    head = source[node.start_byte : body.start_byte if body is not node else node.end_byte].decode("utf-8", "replace")
    signature = " ".join(head.split()).rstrip("{:= ").removesuffix(" do")[:SIGNATURE]
    last = _last(node, captures).end_point
    end = last.row + (1 if last.column else 0)
    start = outer.start_point.row
    return Definition((*around, *names), kind, signature, doc, start, body.start_point.row, max(end, start + 1))


def _last(node: Node, captures: dict[str, list[Node]]) -> Node:
    """The node that a definition ends with: a body that stands behind it, else itself."""
    body = captures["body"][0] if "body" in captures else node
    return body if body.end_byte > node.end_byte else node


def _name(source: bytes, captures: dict[str, list[Node]], node: Node) -> list[str]:
    """The names of a definition: its own, behind those it says to belong to."""
    if "name" not in captures:
        return [node.type.partition("_")[0]]  # a constructor, a companion
    text = _text(source, captures["name"][0])
    if "(" in text and (macro := _TEST_MACRO.match(text)):
        return [macro[1], macro[2]]
    if node.type == "function_definition" and "declarator" in captures["name"][0].type:
        text = text.partition("(")[0].strip().lstrip("*&").rpartition(" ")[2].lstrip("*&")
        return [part for part in text.split("::") if part] or [text]
    if text[:1] in _QUOTES:
        text = text.strip(_QUOTES)
    owner = [_text(source, captures["of"][0])] if "of" in captures else []
    return [*owner, text]


def _with_what_stands_before(source: bytes, node: Node) -> tuple[Node, str]:
    """The first node that belongs to a definition, and the text of the comment right above it."""
    while node.parent is not None and node.parent.type in _AROUND:
        node = node.parent
    comments: list[str] = []
    first = node
    while first.parent is not None:
        before = first.prev_sibling
        if before is None and first.parent.start_byte == first.start_byte:
            first = first.parent  # what begins with it: the statements of a body
            continue
        if before is None or before.end_point.row + 1 < first.start_point.row:
            break
        if "comment" in before.type:
            text = _text(source, before)
            other = before.prev_sibling
            code = other is not None and other.end_point.column > 0 and "comment" not in other.type
            if text.startswith("#!") or (other is not None and code and other.end_point.row == before.start_point.row):
                break  # that of the line's code
            comments.append(text)
        elif before.type not in _BEFORE:
            break
        first = before
    first = first if first.parent is not None else node
    return first, "\n".join(_uncommented(text) for text in reversed(comments)).strip()


def _uncommented(text: str) -> str:
    lines = (re.sub(r"^\s*(?:/\*\*?|\*/|\*|///?!?|//|#)\s?|\s*\*/\s*$", "", line).rstrip() for line in text.split("\n"))
    return "\n".join(lines).strip()


def _text(source: bytes, node: Node) -> str:
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")
