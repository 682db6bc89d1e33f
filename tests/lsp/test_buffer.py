"""Edits applied to chunks give the same text as edits applied to one string, for every way of counting."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsieve.lsp import buffer
from logsieve.lsp.buffer import Buffer, cut, encoded, pieces, unquoted
from logsieve.lsp.convert import Client, Coordinates, Encoding
from logsieve.text import LogText

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
PIECES = [
    "a",
    "bc",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "é",
    "e\u0301",
    "😀",
    "\x0c",
    "\u2028",
    "\x85",
    "\x1b[31m",
    "",
    "long line\n",
    "\\",
    '"',
    "\\n",
]

texts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
positions = st.tuples(st.integers(0, 25), st.integers(0, 12))
clients = st.builds(Client, st.sampled_from(ENCODINGS), st.booleans())


class Model:
    """The protocol's rules in the plainest way: a list of lines with their ends, and code units counted one by one."""

    def __init__(self, client: Client) -> None:
        self.end = re.compile(r"\r\n|\n|\r" if client.cr_ends_line else r"\n")
        self.encoding = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[client.encoding]
        self.unit = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[client.encoding]

    def index(self, text: str, line: int, column: int) -> int:
        starts = [0, *(m.end() for m in self.end.finditer(text))]
        if line >= len(starts):
            return len(text)
        found = self.end.search(text, starts[line])
        end = found.start() if found else len(text)
        units = 0
        for i in range(starts[line], end):
            units += len(text[i].encode(self.encoding)) // self.unit
            if units > column:
                return i
        return end


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "CHUNK", 7)  # so that short texts have many


def check(client: Client, text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]]) -> None:
    model, made = Model(client), Buffer(cut(encoded(text)), client)
    for start, end, new in edits:
        a, b = sorted((model.index(text, *start), model.index(text, *end)))
        text = text[:a] + new + text[b:]
        made.replace(start, end, encoded(new))
        assert made.data()[:].decode() == text
    assert [client.count_ends(c) for c in made._chunks] == made._ends
    assert all(c.endswith(b"\n") for c in made._chunks[:-1])


@given(clients, texts, st.lists(st.tuples(positions, positions, texts), max_size=6))
def test_edits_give_the_text_of_the_protocol(
    client: Client, text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]]
) -> None:
    check(client, text, edits)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_position_within_a_character_is_before_it(encoding: Encoding) -> None:
    column = {"utf-8": 2, "utf-16": 1, "utf-32": 0}[encoding]
    made = Buffer(cut(encoded("😀x\n")), Client(encoding))
    made.replace((0, column), (0, column), b"a")
    assert made.data()[:].decode() == "a😀x\n"


def test_form_feed_and_line_separator_end_no_line() -> None:
    made = Buffer(cut(encoded("a\x0cb\u2028c\nd\n")), Client())
    made.replace((1, 0), (1, 1), b"D")
    assert made.data()[:].decode() == "a\x0cb\u2028c\nD\n"


@pytest.mark.parametrize(("name", "expected"), [("Neovim", "a\rb\nX"), ("Visual Studio Code", "a\rX\nc")])
def test_a_lone_carriage_return_ends_a_line_but_for_neovim(name: str, expected: str) -> None:
    made = Buffer(cut(encoded("a\rb\nc")), Client.of(name, "utf-16"))
    made.replace((1, 0), (1, 1), b"X")
    assert made.data()[:].decode() == expected


@given(clients, st.lists(st.sampled_from([*PIECES, "\ud83d"])).map("".join), st.booleans(), st.integers(1, 40))
def test_a_text_out_of_json_is_the_one_that_was_put_in(client: Client, text: str, ascii_only: bool, size: int) -> None:
    quoted = memoryview(json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "replace"))
    first, *more = pieces(quoted, size)
    made = Buffer(unquoted(first), client)
    for piece in more:
        length = len(made)
        assert made.add(unquoted(piece)) == length
    known = Buffer(cut(encoded(text)), client)
    assert made.data()[:] == known.data()[:]
    assert [client.count_ends(c) for c in made._chunks] == made._ends
    assert all(c.endswith(b"\n") for c in made._chunks[:-1])
    assert not made._chunks[-1].endswith(b"\n")


@pytest.mark.parametrize("quoted", [b'a"b\\n', rb"\x\n\n", b"\xff\\n", rb"\ud83d\n", b"\\u12\\n\\", b"\0\\n"])
def test_what_is_no_json_is_a_text_all_the_same(quoted: bytes) -> None:
    [*lines, last] = [chunk for piece in pieces(memoryview(quoted), 1) for chunk in unquoted(piece)]
    assert all(line.endswith(b"\n") for line in lines if line)
    assert not last.endswith(b"\n")
    b"".join(lines).decode()


@given(clients, texts, st.integers(0, 200))
def test_the_end_begins_with_a_line_and_its_number(client: Client, text: str, at: int) -> None:
    made = Buffer(cut(encoded(text)), client)
    data = made.data()[:]
    end, before = made.end(at)
    start = data.rfind(b"\n", 0, at) + 1
    assert end == data[start:]
    assert before == client.count_ends(data[:start])


@given(clients, texts)
def test_where_lines_begin_is_the_same_where_their_number_is_known(client: Client, text: str) -> None:
    made = Buffer(cut(encoded(text)), client)
    log = LogText(made.data())
    asked, prepared = Coordinates(log, client), Coordinates(log, client)
    prepared.prepare(lambda: None, made.count())
    lines = range(len(log))
    assert list(map(prepared.first, lines)) == list(map(asked.first, lines))


def test_half_a_surrogate_pair_keeps_its_width() -> None:
    made = Buffer(cut(encoded("\ud83dx\n")), Client("utf-16"))
    made.replace((0, 1), (0, 2), b"y")
    assert made.data()[:] == b"?y\n"


def test_an_edit_copies_no_more_than_its_surroundings() -> None:
    made = Buffer(cut(encoded("line\n" * 1000)), Client())
    before = made._chunks[:]
    made.replace((500, 0), (500, 4), b"other")
    changed = [c for c in made._chunks if not any(c is old for old in before)]
    assert 1 <= len(changed) <= 2
