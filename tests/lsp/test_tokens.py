"""What is coloured in logs, and what stands behind their lines: semantic tokens and inlay hints."""

from __future__ import annotations

from typing import Any

import pytest

from engine import analysed
from logsieve.lsp.convert import Client as Counting
from logsieve.lsp.convert import Coordinates
from logsieve.lsp.features import hints, tokens
from lsp.client import Client, span

URI = "untitled:Untitled-1"
LINE = "2024-05-01T10:00:02.1234567Z "
RUN = (
    "".join(f"{LINE}polling worker {n}\n" for n in range(412))
    + f"{LINE.replace('00:02', '00:40')}error: shelf 12 broke\n"
    + f"{LINE.replace('10:00:02', '11:02:03')}Process completed with exit code 1\n"
)


def told(text: str) -> list[tuple[int, str, str, str]]:
    """Row, text, type and modifiers of each token of a text, as the client puts them together."""
    analysis = analysed(text)
    data = tokens.all_tokens(analysis, Coordinates(analysis.text, Counting()))
    assert data is not None
    return decoded(data, text.split("\n"))


def decoded(data: list[int], rows: list[str]) -> list[tuple[int, str, str, str]]:
    out, row, column = [], 0, 0
    for down, along, length, kind, modifiers in zip(*[iter(data)] * 5, strict=True):
        row, column = row + down, along if down else column + along
        named = " ".join(name for bit, name in enumerate(tokens.MODIFIERS) if modifiers >> bit & 1)
        out.append((row, rows[row][column : column + length], tokens.LEGEND[kind], named))
    return out


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "2024-05-01T10:00:02.12Z ERROR /srv/a/b.py:12:5: WARN tests/x/test_a.py::TestA::test_b[a-1] in 12.3s",
            {
                "2024-05-01T10:00:02.12Z": "comment",
                "ERROR": "keyword error",
                "/srv/a/b.py": "string",
                "12:5": "number",
                "WARN": "keyword warning",
                "tests/x/test_a.py": "string",
                "TestA::test_b[a-1]": "function",
                "12.3s": "number",
            },
        ),
        (
            "May  3 12:00:01 host app[123]: warning: exit code 127 and/or 50% 34 MB 9f8c1a2b7d http://x.org/a f/g.c(3)",
            {
                "May  3 12:00:01": "comment",
                "123": "number",
                "warning": "keyword warning",
                "127": "enumMember",
                "50%": "number",
                "34 MB": "number",
                "9f8c1a2b7d": "variable",
                "http://x.org/a": "string",
                "f/g.c": "string",
                "3": "number",
            },
        ),
        ("--- FAIL: TestThing/sub_1", {"FAIL": "keyword error", "TestThing/sub_1": "function"}),
        (
            "[INFO] 6ba7b810-9dad-11d1-80b4-00c04fd430c8 at 0xDEAD",
            {"INFO": "keyword", "6ba7b810-9dad-11d1-80b4-00c04fd430c8": "variable", "0xDEAD": "variable"},
        ),
        ("C:\\a b\\c.txt error-free INFORMATION x86 v1.2 and/or I/O", {"C:\\a": "string", "b\\c.txt": "string"}),
    ],
)
def test_what_a_line_is_made_of(line: str, wanted: dict[str, str]) -> None:
    assert {text: f"{kind} {named}".strip() for _, text, kind, named in told(f"{line}\n")} == wanted


def test_colours_frames_and_wide_characters_do_not_move_tokens() -> None:
    text = "old 1%\r\x1b[31mERROR\x1b[0m 😀 exit code 3\n"
    analysis = analysed(text)
    for counting, rows in (
        (Counting("utf-32", cr_ends_line=False), text.split("\n")),
        (Counting("utf-32", cr_ends_line=True), text.replace("\r", "\n").split("\n")),
    ):
        data = tokens.all_tokens(analysis, Coordinates(analysis.text, counting))
        assert data is not None
        found = [(text, kind) for _, text, kind, _ in decoded(data, rows)]
        assert found == [("ERROR", "keyword"), ("3", "enumMember")]


def test_a_range_has_the_tokens_that_the_whole_has_there() -> None:
    analysis = analysed(RUN)
    at, rows = Coordinates(analysis.text, Counting()), RUN.split("\n")
    whole = decoded(tokens.tokens(analysis, at, 0, len(rows)), rows)
    part = decoded(tokens.tokens(analysis, at, 400, 412), rows)
    assert part == [token for token in whole if 400 <= token[0] <= 412]
    assert part


def test_hints_are_of_the_lines_that_were_asked_for() -> None:
    analysis = analysed(RUN)
    at = Coordinates(analysis.text, Counting())
    width = len(f"{LINE}polling worker 0")
    assert [hint[:3] for hint in hints.hints(analysis, at, 0, 500)] == [
        (0, width, "x412"),
        (412, len(f"{LINE}error: shelf 12 broke"), "+38 s"),
        (413, len(f"{LINE}Process completed with exit code 1"), "+1 h 1 min"),
    ]
    assert hints.hints(analysis, at, 1, 411) == []
    assert [hint[0] for hint in hints.hints(analysis, at, 412, 412)] == [412]
    assert hints.hints(analysed(""), Coordinates(analysed("").text, Counting()), 0, 5) == []


async def asked(client: Client, method: str, uri: str, first: int, last: int) -> Any:
    return await client.request(
        f"textDocument/{method}", {"textDocument": {"uri": uri}, "range": span(first, 0, last, 0)}
    )


async def test_tokens_and_hints_over_the_wire(client: Client) -> None:
    announced = (await client.initialize())["capabilities"]
    legend = announced["semanticTokensProvider"]["legend"]
    assert legend == {"tokenTypes": list(tokens.LEGEND), "tokenModifiers": list(tokens.MODIFIERS)}
    assert announced["inlayHintProvider"]
    client.open(URI, RUN)
    await client.settled(URI)
    rows = RUN.split("\n")
    whole = await client.request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}})
    part = await asked(client, "semanticTokens/range", URI, 410, 413)
    assert decoded(part["data"], rows) == [t for t in decoded(whole["data"], rows) if 410 <= t[0] <= 413]
    found = await asked(client, "inlayHint", URI, 0, 412)
    assert [(h["label"], h["position"]["line"]) for h in found] == [("x412", 0), ("+38 s", 412)]
    assert found[0]["tooltip"] == "412 lines in a row differ in numbers only"

    view = await client.request("logsieve/reducedView", {"uri": URI})
    shown = (await client.request("workspace/textDocumentContent", {"uri": view["uri"]}))["text"].split("\n")
    part = await asked(client, "semanticTokens/range", view["uri"], 0, len(shown))
    assert (view["line"], "error", "keyword", "error") in decoded(part["data"], shown)
    [gap] = [n for n, row in enumerate(shown) if row.lstrip().startswith("...")]
    assert (gap, shown[gap], "comment", "") in decoded(part["data"], shown)
    assert "+38 s" in [h["label"] for h in await asked(client, "inlayHint", view["uri"], 0, len(shown))]
    assert await client.shut_down() == 0


async def test_hints_go_and_come_with_their_setting(client: Client) -> None:
    await client.initialize()
    client.open(URI, RUN)
    await client.settled(URI)
    for value, wanted in (("off", 0), ("on", 2)):
        client.settings = {"inlayHints": value}
        heard = len(client.heard)
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        await client.wait_for("workspace/inlayHint/refresh", skip=heard)
        assert len(await asked(client, "inlayHint", URI, 0, 412)) == wanted


async def test_a_long_document_is_told_by_ranges_only(server: Client) -> None:
    lines = tokens.FULL + 1
    server.open(URI, "error: shelf 1 broke\n" * lines)
    await server.settled(URI)
    assert await server.request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}}) is None
    assert (await asked(server, "semanticTokens/range", URI, lines - 2, lines - 1))["data"]


async def test_other_text_is_left_alone(server: Client) -> None:
    server.open(URI, "chapter 1\nabout 12 apples\n", language="plaintext")
    await server.diagnostics(URI)
    assert await server.request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}}) is None
    assert await asked(server, "inlayHint", URI, 0, 1) is None
