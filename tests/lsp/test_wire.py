"""Large messages: the text of a document is taken out of them as it is, and everything else is read as ever."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from logsieve.lsp.wire import LARGE, apart
from lsp.client import Client, running

URI = "untitled:Untitled-1"
TEXT = 'error: "boom" in C:\\new\\\ttext":"x",\n\x1b[31m😀 é\r\n\\'


def opened(keys: Any = ("uri", "languageId", "version", "text"), text: str = TEXT, **more: Any) -> dict[str, Any]:
    item = {"uri": 'a"text":"b', "languageId": "log", "version": 1, "text": text}
    document = {key: item[key] for key in keys}
    return {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}, **more}


@pytest.mark.parametrize("keys", [*permutations(("uri", "languageId", "version", "text"))])
@pytest.mark.parametrize("form", [{}, {"ensure_ascii": False, "separators": (",", ":")}, {"indent": 1}])
def test_the_text_is_taken_out_wherever_it_stands(keys: tuple[str, ...], form: dict[str, Any]) -> None:
    whole = opened(keys)
    message = json.dumps(whole, **form).encode()
    found = apart(message)
    assert found
    rest, text = found
    assert json.loads(b'"' + bytes(text) + b'"') == TEXT
    assert json.loads(rest) == opened(keys, text="")
    reverse = json.dumps(dict(reversed(whole.items())), **form).encode()
    assert apart(reverse)


@pytest.mark.parametrize(
    "message",
    [
        opened(method="textDocument/didChange"),
        opened(keys=("uri", "text")),
        opened() | {"params": {"contentChanges": [{"text": TEXT}]}},
        opened() | {"params": {"textDocument": [TEXT]}},
        [opened()],
        {"text": TEXT},
        {"text": 1},
    ],
)
def test_of_all_other_messages_nothing_is_taken(message: Any) -> None:
    assert apart(json.dumps(message).encode()) is None


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_nor_of_what_is_no_json(cut: int) -> None:
    assert apart(json.dumps(opened()).encode()[:-cut]) is None


@pytest.mark.parametrize("lines", [1, LARGE // 40])
async def test_a_document_has_its_text_whatever_its_size(lines: int) -> None:
    text = "a \\n line with a \\ and a \t 😀\n" * lines + TEXT
    async with running() as client:
        await client.initialize()
        client.open(URI, text)
        await client.settled(URI)
        await said(client, lines, 'error: "boom" in C:\\new\\\ttext":"x",')
        at = {"line": lines, "character": 0}
        client.change(URI, 2, {"range": {"start": at, "end": {"line": lines, "character": 5}}, "text": "fatal"})
        await client.settled(URI, 2)
        await said(client, lines, 'fatal: "boom" in C:\\new\\\ttext":"x",')


async def said(client: Client, line: int, text: str) -> None:
    """Of all lines this one has the word."""
    hits = (await client.request("logsieve/search", {"uri": URI, "text": "boom"}))["hits"]
    assert [(hit["line"], hit["text"]) for hit in hits] == [(line, text)]
