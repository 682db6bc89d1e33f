"""The way between LogText's positions and a client's."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logsieve.lsp.convert import Client, Coordinates, Encoding, path_of
from logsieve.text import LogText

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
PIECES = ["a", "bc", "\n", "\r\n", "\r", "\r\r\n", "é", "e\u0301", "😀", "\x0c", "\u2028", "\x1b[31m", "\x1b[0m"]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
clients = st.builds(Client, st.sampled_from(ENCODINGS), st.booleans())


def units(text: str, encoding: Encoding) -> int:
    return {
        "utf-8": len(text.encode()),
        "utf-16": len(text.encode("utf-16-le")) // 2,
        "utf-32": len(text),
    }[encoding]


@given(clients, texts)
@example(Client("utf-16", cr_ends_line=True), "\r")  # no line end follows: the last byte ends a line of the client
def test_every_character_is_where_the_protocol_says(client: Client, text: str) -> None:
    log = LogText.from_bytes(text.encode())
    at = Coordinates(log, client)
    end = re.compile("\r\n|\n|\r" if client.cr_ends_line else "\n")
    starts = [0, *(m.end() for m in end.finditer(text))]
    offset = 0
    for line in range(len(log)):
        content = log.text(line)
        for column in range(len(content) + 1):
            index = offset + column
            expected = max(i for i, start in enumerate(starts) if start <= index)
            assert at.position(line, column) == (expected, units(text[starts[expected] : index], client.encoding))
        assert at.first(line) == at.position(line, 0)[0]
        assert at.last(line) == at.position(line, len(content))[0]
        assert {at.line(n) for n in range(at.first(line), at.last(line) + 1)} == {line}
        offset += len(log.raw_bytes(line, line + 1).decode())


def test_a_line_past_the_end_is_the_last() -> None:
    at = Coordinates(LogText.from_bytes(b"a\rb\nc\n"), Client())
    assert [at.line(n) for n in range(6)] == [0, 0, 1, 1, 1, 1]
    assert Coordinates(LogText.from_bytes(b""), Client()).line(0) == -1


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///tmp/a%20b.log", "/tmp/a b.log"),
        ("file://localhost/tmp/x", "/tmp/x"),
        ("file://elsewhere/tmp/x", None),
        ("untitled:Untitled-1", None),
        ("logsieve:/x?uri=file%3A%2F%2F%2Fx", None),
        ("http://127.0.0.1/x", None),
        ("/tmp/x", None),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths are written as on POSIX")
def test_only_local_files_have_paths(uri: str, path: str | None) -> None:
    assert path_of(uri) == path


def test_a_path_survives_its_uri(tmp_path: Path) -> None:
    odd = tmp_path / "a b#c?d%41 é😀.log"
    assert path_of(odd.as_uri()) == str(odd)
