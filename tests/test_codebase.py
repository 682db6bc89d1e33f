"""What of the workspace's code a log leads to, and how much of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import analysed
from logsieve.codebase import Codebase
from logsieve.core.render import tokens_of

LONG = "def long():\n" + "".join(f"    x = {n}\n" for n in range(500))
FILES = {
    "src/a.py": "def f():\n    g()\n\n\ndef g():\n    raise ValueError\n",
    "src/long.py": LONG,
    "src/C.cs": "class C {\r\n  void M() {\r\n    N();\r\n  }\r\n}\r\n",
}
TRACE = """\
Traceback (most recent call last):
  File "/x/src/a.py", line 2, in f
    g()
  File "/x/src/a.py", line 6, in g
    raise ValueError
  File "/usr/lib/python3.12/json/decoder.py", line 2, in loads
ValueError
"""


@pytest.fixture
def code(tmp_path: Path) -> Codebase:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    code = Codebase([str(tmp_path)])
    code.index()
    return code


def places(code: Codebase, log: str) -> list[tuple[str, int]]:
    analysis = analysed(log)
    return [(code.inside(p.path), p.line) for _, _, p in code.frames(analysis, analysis.findings[0])]


def test_the_innermost_frame_of_ones_own_comes_first(code: Codebase) -> None:
    assert places(code, TRACE) == [("src/a.py", 6), ("src/a.py", 2)]
    dotnet = "Unhandled exception. System.Exception: x\n"
    dotnet += "   at A.C.M() in /x/src/C.cs:line 3\n   at B.D() in /x/src/a.py:line 1\n"
    assert places(code, dotnet) == [("src/C.cs", 3), ("src/a.py", 1)]


def test_a_trace_that_is_very_long_is_looked_at_at_both_its_ends(code: Codebase) -> None:
    middle = '  File "/usr/lib/python3.12/x.py", line 1, in x\n    x()\n' * 300
    head, _, tail = TRACE.partition("    g()\n")
    assert places(code, f"{head}    g()\n{middle}{tail}") == [("src/a.py", 6), ("src/a.py", 2)]


def test_functions_come_once_and_within_their_tokens(code: Codebase) -> None:
    analysis = analysed(TRACE)
    found = code.functions(analysis, None, 1000)
    assert found == [
        ("src/a.py", 5, ("def g():", "    raise ValueError")),
        ("src/a.py", 1, ("def f():", "    g()")),
    ]
    assert code.functions(analysis, 0, 20) == found[:1]
    assert code.functions(analysis, 0, 0) == []


def test_of_a_long_function_the_lines_around_the_frame_come(code: Codebase) -> None:
    [(path, first, lines)] = code.functions(analysed("error: boom\n  at src/long.py:300\n"), None, 1000)
    assert path == "src/long.py"
    assert first < 300 < first + len(lines)
    assert len(lines) == 60
    assert tokens_of("\n".join(lines)) < 1000


def test_code_that_has_changed_since_is_not_told(code: Codebase, tmp_path: Path) -> None:
    (tmp_path / "src/a.py").write_text("def f():\n    h()\n\n\ndef g():\n    raise KeyError\n")
    assert code.functions(analysed(TRACE), None, 1000) == []


def test_lines_of_other_ends_are_lines(code: Codebase, tmp_path: Path) -> None:
    assert code.file(str(tmp_path / "src/C.cs")).lines[2] == "    N();"


def test_a_file_that_cannot_be_read_has_no_lines(code: Codebase, tmp_path: Path) -> None:
    assert code.file(str(tmp_path / "none.py")).lines == ()
