"""GitHub's annotations: read back as GitHub's runner reads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from command import FIXTURES, Command
from formats.conftest import TOKEN


class Read(NamedTuple):
    """A workflow command, as the runner understands it."""

    level: str
    properties: dict[str, str]
    message: str


def read(output: bytes) -> tuple[list[Read], list[str]]:
    """The commands, and the lines that are none."""
    commands, others = [], []
    for line in output.decode().split("\n")[:-1]:
        found = re.fullmatch(r"::([a-z]+) ([^:]*(?:%3A[^:]*)*)::(.*)", line)
        if not found:
            others.append(line)
            continue
        pairs = (pair.split("=", 1) for pair in found[2].split(","))
        commands.append(Read(found[1], {k: unescaped(v, True) for k, v in pairs}, unescaped(found[3])))
    return commands, others


def unescaped(text: str, of_property: bool = False) -> str:
    codes = {"%0D": "\r", "%0A": "\n"} | ({"%3A": ":", "%2C": ","} if of_property else {}) | {"%25": "%"}
    for code, character in codes.items():
        text = text.replace(code, character)
    return text


def annotated(run: Command, *paths: str | Path, workspace: str = "") -> tuple[list[Read], list[str]]:
    return read(run("triage", "--exit-zero", "--format", "github", *paths, GITHUB_WORKSPACE=workspace).stdout)


def test_a_finding_that_names_no_place_is_annotated_on_the_log(run: Command, tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    log.write_text("start\nerror: the disk is full\n")
    [command], _ = annotated(run, log)
    assert (command.properties["file"], command.properties["line"]) == ("build.log", "2")


def test_a_finding_is_annotated_on_the_code_where_the_log_names_it(run: Command) -> None:
    log = FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt"
    commands, others = annotated(run, log)
    assert [c.level for c in commands] == ["error", "error"]
    first = commands[0]
    assert first.properties == {
        "file": "tests/test_prices.py",
        "line": "16",
        "title": "test_standard_tax[23400]: AssertionError: assert 4446 == 4447",
    }
    assert "\nE       AssertionError: assert 4446 == 4447\n" in first.message
    assert first.message.endswith(f"(line 3,099 of {log})")
    assert others == ["logsieve: 2 errors and 0 warnings in 1 log"]


@pytest.mark.parametrize(
    ("printed", "workspace", "file"),
    [
        ("src/a.c", "", "src/a.c"),
        ("./src/a.c", "", "src/a.c"),
        ("/builds/shop/src/a.c", "/builds/shop", "src/a.c"),
        ("/home/runner/work/shop/shop/src/a.c", "", "src/a.c"),
        ("D:\\a\\shop\\shop\\src\\a.c", "", "src/a.c"),
        ("/usr/include/stdio.h", "", "build.log"),
        ("../../etc/passwd", "", "build.log"),
    ],
)
def test_a_source_file_is_annotated_where_it_is_in_the_repository(
    run: Command, tmp_path: Path, printed: str, workspace: str, file: str
) -> None:
    place = f"{printed}(12,7): error C2059:" if "\\" in printed else f"{printed}:12:7: error:"
    (tmp_path / "build.log").write_text(f"{place} expected ';' before '}}'\nmake: *** [all] Error 1\n")
    commands, _ = annotated(run, "build.log", workspace=workspace)
    properties = commands[0].properties
    line = {"src/a.c": ("12", "7"), "build.log": ("1", None)}[file]
    assert (properties["file"], properties["line"], properties.get("col")) == (file, *line)


def test_as_many_as_github_shows_the_most_important_of_all_logs_first(run: Command, tmp_path: Path) -> None:
    for log in ("one.log", "two.log"):
        (tmp_path / log).write_text(
            "".join(f"a.c:{n}:1: error: no type {chr(65 + n) * 5} in {log}\n" for n in range(9))
        )
    commands, others = annotated(run, "one.log", "two.log")
    assert len(commands) == 10
    assert sum("in one.log" in c.properties["title"] for c in commands) == 5
    left = "the 8 least important are not annotated: GitHub shows 10 of each for a step"
    assert others == [f"logsieve: 18 errors and 0 warnings in 2 logs; {left}"]


def test_a_failure_without_a_reason_is_annotated(run: Command, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text(
        "##[group]Run x\nworking\n##[endgroup]\n##[error]Process completed with exit code 2.\n"
    )
    commands, _ = annotated(run, "build.log")
    assert commands[0].level == "error"


def test_the_runners_times_are_left_out(run: Command) -> None:
    commands, _ = annotated(run, FIXTURES / "github-actions" / "pytest-failed" / "log.txt")
    assert "\nE       AssertionError: assert 4446 == 4447\n" in commands[0].message
    assert "2026-" not in commands[0].message


def test_a_passing_log_has_none(run: Command, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text("all fine\n")
    assert annotated(run, "build.log") == ([], ["logsieve: 0 errors and 0 warnings in 1 log"])


def test_nothing_in_a_log_gives_a_command(run: Command, hostile: Path) -> None:
    commands, others = annotated(run, hostile)
    assert len(commands) == 10 + sum(c.level == "warning" for c in commands)
    assert {frozenset(c.properties) - {"col", "endLine"} for c in commands} == {frozenset({"file", "line", "title"})}
    assert [line for line in others if not line.startswith("logsieve: ")] == []
    output = run("triage", "--format", "github", hostile).stdout.decode()
    assert TOKEN not in output
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", output)
