"""JSON, XML and YAML in logs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import analysed, pack_of
from logsieve.codebase import payloads
from logsieve.source.payloads import blocks

JSON = 'response: {\n  "a": [\n    1,\n    "}"\n  ]\n},'
XML = '<?xml version="1.0"?>\n<suite name="a">\n  <case>x &lt; y\n  </case>\n</suite>'
YAML = 'metadata:\n  name: web\n  labels:\n    - a: "1"\n      b: |\n        some words\n        more'

NOTHING = pack_of('[[rule]]\nid = "none"\npattern = "no line says this"\n')


def found(text: str) -> list[tuple[int, int, str]]:
    return [(p.start, p.end, p.kind) for p in blocks(text.split("\n"))]


@pytest.mark.parametrize(("text", "kind"), [(JSON, "json"), (XML, "xml"), (YAML, "yaml")])
def test_a_value_over_several_lines_is_one_block(text: str, kind: str) -> None:
    size = text.count("\n") + 1
    assert found(text) == [(0, size, kind)]
    assert found(f"before\n{text}\n\n[INFO] after it: no\n{text}\nend") == [
        (1, 1 + size, kind),
        (3 + size, 3 + 2 * size, kind),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "at main() {\n  return 1;\n  }\n}",
        "[INFO] one,\n[INFO] two,\n[INFO] three",
        "[\n  not json\n]\n",
        '{\n  "a": 1,\n  "cut"',
        "<anonymous>\n<eval>\n  at x\n",
        "<a>\n<b>\n</a>\n</b>",
        "error: no\n  note: here\n  help: there",
        "Summary:\nall is well\nbye",
        "a: 1\nb: 2\nc: 3",
        "Loading:\nLoading: 0 packages\nINFO: no",
        "Expected:\n  [1, 2]\n  or none\n",
        "Message:\n  Error: no\n    at main (a.js:1:2)\n    at run (b.js:3:4)",
        'one line: {"a": 1}',
        'code {\n  "a": 1\n} and words\n',
    ],
)
def test_what_is_none(text: str) -> None:
    assert found(text) == []


def test_an_inner_value_is_found_where_what_is_around_it_is_none() -> None:
    assert found('call(x, [\n{\n  "a": 1,\n  "b": 2\n}\n  at x\n') == [(1, 5, "json")]


def test_entities_are_not_expanded() -> None:
    lines = ['<?xml version="1.0"?>', "<!DOCTYPE a [", '<!ENTITY b "ha">', "]>", "<a>&b;", "</a>"]
    assert found("\n".join(lines)) == []


@pytest.mark.parametrize(
    "unit", ["[", "{", '{"a":', "[1,", "<a>", "<a", "a:", "a:\n  - b:", '"', "---", "{{[", '[["x",']
)
def test_what_begins_again_and_again_ends(unit: str) -> None:
    assert len(list(blocks([unit] * 20_000))) <= 1
    assert len(list(blocks((unit + "\n  1,\n").split("\n") * 5_000))) <= 1


@given(st.lists(st.sampled_from([*JSON.split("\n"), *XML.split("\n"), *YAML.split("\n"), "", "x"]), max_size=40))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_blocks_lie_apart_in_their_order(lines: list[str]) -> None:
    last = 0
    for block in blocks(lines):
        assert last <= block.start < block.end <= len(lines)
        last = block.end


@given(st.lists(st.sampled_from([*JSON.split("\n"), *XML.split("\n"), *YAML.split("\n"), "", "x: {"]), max_size=40))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_of_a_log_the_same_are_found_without_a_look_at_each_line(lines: list[str]) -> None:
    analysis = analysed("".join(f"2026-01-02T03:04:05.678Z \x1b[1m{line}\x1b[0m\n" for line in lines), NOTHING)
    assert payloads(analysis) == list(blocks([analysis.line(n).message for n in range(len(lines))]))


def test_a_value_in_a_log_is_found_behind_what_a_runner_writes_before_each_line() -> None:
    lines = ["begin", *JSON.split("\n"), "", *XML.split("\n"), "", *YAML.split("\n"), "end"]
    log = "".join(f"web_1  | {line}\n" for line in lines) * 2
    found = [(p.start, p.end, p.kind) for p in payloads(analysed(log))]
    assert found[:3] == [(1, 7, "json"), (8, 13, "xml"), (14, 21, "yaml")]
    assert [(start - len(lines), end - len(lines), kind) for start, end, kind in found[3:]] == found[:3]
