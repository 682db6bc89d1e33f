"""The rules about who may import what; ARCHITECTURE.md says why."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from imports import Import, imports

# Rooms (a folder or a module of the package) and the rooms they may import.
ROOMS: dict[str, set[str]] = {
    "screen": set(),
    "text": {"disk", "screen"},
    "model": set(),
    "disk": set(),
    "settings": {"model"},
    "packs": {"model"},
    "core": {"text", "model", "packs", "settings", "semantic", "source"},
    "semantic": {"model"},
    "evaluation": {"text", "model", "packs", "settings", "core", "semantic"},
    "source": {"model"},
    "codebase": {"model", "core", "source"},
    "pipe": set(),
    "workers": {"pipe"},
    "parallel": {"text", "disk", "packs", "core", "workers"},
    "llm": {"text", "model", "settings", "core"},
    "parameters": {"settings", "core"},
    "search": {"core"},
    "operations": {"search", "parameters", "codebase", "semantic", "text", "model", "packs", "settings", "core", "llm"},
    "lsp": {
        "archive",
        "codebase",
        "text",
        "disk",
        "pipe",
        "parallel",
        "model",
        "packs",
        "settings",
        "core",
        "llm",
        "operations",
        "search",
        "semantic",
        "shelf",
        "tools",
        "workers",
    },
    "archive": {"text", "disk"},
    "own": {"settings", "core"},
    "shelf": {"text", "disk", "packs", "settings", "core", "parallel", "archive"},
    "tools": {"settings", "core", "llm", "parameters", "operations", "archive", "shelf"},
    "mcp_server": {"settings", "core", "shelf", "tools"},
    "terminal": {"model", "core"},
    "formats": {"model", "core"},
    "output": {"core", "terminal", "formats"},
    "options": {"parameters"},
    "child": set(),
    "many": {
        "text",
        "model",
        "disk",
        "packs",
        "settings",
        "core",
        "parallel",
        "parameters",
        "archive",
        "output",
        "workers",
    },
    "follow": {"text", "disk", "core"},
    "live": {"model", "terminal", "follow", "operations", "output"},
    "progress": {"terminal"},
    "cli": {
        "evaluation",
        "text",
        "model",
        "disk",
        "child",
        "options",
        "follow",
        "live",
        "own",
        "parallel",
        "packs",
        "settings",
        "core",
        "llm",
        "operations",
        "parameters",
        "archive",
        "terminal",
        "progress",
        "output",
        "many",
        "lsp",
        "mcp_server",
    },
    "__main__": {"cli"},
}

# Stages do not import each other. What is no stage, and what it may import of core:
CORE: dict[str, set[str]] = {
    "analysis": {
        "envelope",
        "scan",
        "parts",
        "shapes",
        "sections",
        "outline",
        "blocks",
        "findings",
        "kept",
        "located",
        "merging",
        "noise",
        "outcomes",
        "relevance",
    },
    "scan": {"plan", "distinct", "parts"},  # what it looks for, its memory, and what it gives
    "plan": {"scanner", "distinct"},
    "sections": {"outline", "outcomes"},  # they are told how they ended
    **{stage: {"outline"} for stage in ("findings", "kept", "merging", "noise")},  # columns that they hand on
    "reduce": {"analysis", "fitting"},  # a function of an Analysis
    "relevance": {"analysis"},  # what the learned model is told of one
    "fitting": {"analysis"},  # the half of it that counts bytes
    "render": {"analysis", "redact"},  # the only way out redacts
    "excerpts": {"analysis", "reduce", "render", "redact"},  # what is asked for, as text
    "similar": {"analysis"},
    "samples": {"analysis"},  # runs the packs' samples
    "redact": {"assignments", "chance", "credentials", "personal", "places"},  # its own rules, by what they look at
    "credentials": {"assignments", "places"},
    "assignments": {"places"},
    "personal": {"places"},
    "chance": {"places"},
}

# Libraries that only one place knows, and whether they are heavy: imported inside functions only.
LIBRARIES: dict[str, tuple[set[str], bool]] = {
    "pygls": ({"lsp"}, False),
    "lsprotocol": ({"lsp"}, False),
    "openai": ({"llm"}, True),
    "anthropic": ({"llm"}, True),
    "httpx2": ({"llm"}, True),
    "keyring": ({"llm"}, True),
    "rich": ({"terminal", "live", "progress"}, True),
    "detect_secrets": ({"core"}, True),
    "rapidfuzz": ({"core", "llm", "source"}, True),
    "hyperscan": ({"core", "packs"}, True),
    "re2": ({"core", "packs", "codebase"}, False),
    "xxhash": ({"core", "packs"}, False),
    "zstandard": ({"archive"}, True),
    "click": ({"cli", "options", "output"}, False),
    "mcp": ({"mcp_server"}, False),
    "anyio": ({"mcp_server"}, False),
    "numpy": ({"screen", "text", "core", "lsp", "codebase", "semantic", "evaluation", "search"}, False),
    "tree_sitter": ({"source"}, True),
    "torch": ({"semantic"}, True),
    "sentence_transformers": ({"semantic", "evaluation"}, True),
    "transformers": ({"semantic"}, True),
    "sklearn": ({"evaluation"}, True),
}

# What core has no use for: it does no input or output.
OUTSIDE = {"asyncio", "http", "multiprocessing", "shutil", "socket", "subprocess", "tempfile", "threading", "urllib"}


def room(module: str) -> str:
    """The room of a module of the package; the package itself (its version) belongs to none."""
    return module.split(".")[1] if "." in module else ""


def violations(found: list[Import]) -> list[str]:
    """One line for each import that breaks a rule."""
    broken = []
    for item in found:
        here = room(item.importer)
        top = item.imported.split(".")[0]
        if top == "logsieve":
            there = room(item.imported)
            if here and here not in ROOMS:
                broken.append(f"{item}: the room {here} has no rule")
            elif there and there != here and there not in ROOMS.get(here, set()):
                broken.append(f"{item}: {here} may not import {there}")
            elif here == there == "core" and item.imported.count(".") > 1:
                stage, other = item.importer.split(".")[-1], item.imported.split(".")[2]
                if other not in CORE.get(stage, set()):
                    broken.append(f"{item}: stages do not import each other")
        elif top in LIBRARIES:
            rooms, heavy = LIBRARIES[top]
            if here not in rooms:
                broken.append(f"{item}: only {', '.join(sorted(rooms))} knows {top}")
            elif heavy and not item.late and not item.typing:
                broken.append(f"{item}: {top} is heavy, import it where it is used")
        elif here == "core" and top in OUTSIDE:
            broken.append(f"{item}: core does no input or output")
    return broken


@pytest.fixture(scope="module")
def server(repository: Path) -> Path:
    return repository / "server"


def test_rooms(server: Path) -> None:
    assert violations(imports(server, "logsieve")) == []


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("text.py", "from logsieve.model import Level", "text may not import model"),
        ("core/scan.py", "from logsieve.core import blocks", "stages do not import each other"),
        ("core/scan.py", "def f():\n    import logsieve.lsp.convert", "core may not import lsp"),
        ("core/scan.py", "import socket", "core does no input or output"),
        ("operations.py", "from lsprotocol import types", "only lsp knows lsprotocol"),
        ("llm/client.py", "import openai", "openai is heavy"),
        ("llm/client.py", "if TYPE_CHECKING:\n    import openai\nelse:\n    import openai.types", "openai is heavy"),
        ("attic.py", "import logsieve.text", "the room attic has no rule"),
    ],
)
def test_a_broken_rule_is_seen(tmp_path: Path, path: str, source: str, complaint: str) -> None:
    for name in (path, "core/blocks.py", "lsp/convert.py", "text.py", "model.py"):
        file = tmp_path / "logsieve" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "logsieve" / path).write_text(source)
    found = violations(imports(tmp_path, "logsieve"))
    assert len(found) == 1
    assert complaint in found[0]


def test_late_and_typing_imports_of_heavy_libraries_are_fine(tmp_path: Path) -> None:
    (tmp_path / "logsieve" / "llm").mkdir(parents=True)
    source = "if TYPE_CHECKING:\n    import openai\ndef f():\n    from openai import AsyncOpenAI\n"
    (tmp_path / "logsieve" / "llm" / "client.py").write_text(source)
    found = imports(tmp_path, "logsieve")
    assert [(item.late, item.typing) for item in found] == [(False, True), (True, False)]
    assert violations(found) == []


def test_server_holds_the_package_and_nothing_else(server: Path) -> None:
    assert [path.name for path in server.iterdir() if path.name != "__pycache__"] == ["logsieve"]


def test_core_opens_no_file_and_prints_nothing(server: Path) -> None:
    found = [
        f"{path.name}, line {node.lineno}: {node.func.id}"
        for path in (server / "logsieve" / "core").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}
    ]
    assert found == []


def test_utf_16_exists_where_bytes_are_decoded_and_where_columns_are_converted(server: Path) -> None:
    allowed = {Path("text.py"), Path("lsp/convert.py"), Path("lsp/server.py")}  # the server announces encodings
    found = {
        path.relative_to(server / "logsieve")
        for path in (server / "logsieve").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower().startswith("utf-16")
    }
    assert found <= allowed


def test_every_module_says_what_it_is_for(server: Path) -> None:
    missing = [
        str(path.relative_to(server))
        for path in (server / "logsieve").rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert missing == []
