"""The VS Code client's protocol.ts has the types of protocol.py; test_contract.py compares the names."""

from __future__ import annotations

import json
import re
import typing
from dataclasses import MISSING, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import pytest
from lsprotocol.types import Range

from logsieve.lsp import protocol

FIELD = re.compile(r"^\s*(?:readonly )?(\w+)(\?)?: (.+);$", re.MULTILINE)


@pytest.fixture(scope="module")
def source() -> str:
    path = Path(__file__).resolve().parents[2] / "vscode-client" / "src" / "protocol.ts"
    text = path.read_text(encoding="utf-8")
    for name, meaning in re.findall(r"export type (\w+) = (.+);", text):  # spell out the names of unions
        text = re.sub(rf"(?<=[:\s]){name}(?=[;\s\[])", meaning, text)
    return text


def interfaces(source: str) -> dict[str, dict[str, str]]:
    """The fields of each interface as written, `?` standing for optional."""
    return {
        name: {field: f"{kind}{optional}" for field, optional, kind in FIELD.findall(body)}
        for name, body in re.findall(r"export interface (\w+) \{\n(.*?)\n\}", source, re.DOTALL)
    }


def typescript(kind: Any) -> str:
    """The TypeScript of a Python type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, UnionType):
        return " | ".join(typescript(a) for a in arguments)
    if origin is typing.Literal:
        return " | ".join(json.dumps(a) for a in arguments)
    if origin is list:
        inner = typescript(arguments[0])
        return "[number, number][]" if inner == "number[]" else f"{inner}[]"
    if kind is Range:
        return "Range"
    return {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null"}.get(kind) or kind.__name__


def classes() -> dict[str, type]:
    found = [c for pair in protocol.REQUESTS.values() for c in pair] + list(protocol.NOTIFICATIONS.values())
    for owner in list(found):
        for kind in typing.get_type_hints(owner).values():
            found += [a for a in typing.get_args(kind) if isinstance(a, type) and a.__module__ == protocol.__name__]
    return {c.__name__: c for c in found}


def test_fields(source: str) -> None:
    written = interfaces(source)
    assert set(classes()) <= set(written)
    for name, made in classes().items():
        hints = typing.get_type_hints(made)
        expected = {f.name: typescript(hints[f.name]) for f in fields(made) if f.default is MISSING}
        # What has a default may be left out, and is then not null.
        expected |= {
            f.name: typescript(hints[f.name]).removesuffix(" | null") + "?"
            for f in fields(made)
            if f.default is not MISSING
        }
        assert written[name] == expected, name


def test_scheme(source: str) -> None:
    assert f'SCHEME = "{protocol.SCHEME}"' in source


def test_every_request_is_served() -> None:
    from logsieve.lsp.served import REQUESTS

    assert set(protocol.REQUESTS) <= set(REQUESTS)
