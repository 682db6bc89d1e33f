"""`logsieve packs` and packs of a user's own: where they are found, and how a bad one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from command import Command

GOOD = """\
name = "widgets"
title = "Widget maker"

[[rule]]
id = "jam"
pattern = '^WIDGET JAM: '
specificity = 80

[[sample]]
text = '''
making widgets
WIDGET JAM: roller 3
'''
rule = "jam"
line = 2
block = [2, 2]

[[sample]]
text = "no jam today"
"""
BAD = GOOD.replace("'^WIDGET JAM: '", "'(unclosed'")
LOG = "making widgets\nWIDGET JAM: roller 3\n"


def test_the_list_says_where_each_pack_comes_from(run: Command, tmp_path: Path, private_folders: Path) -> None:
    folder = tmp_path / ".logsieve" / "packs"
    folder.mkdir(parents=True)
    (folder / "widgets.toml").write_text(GOOD)
    rows = {line.split()[0]: line for line in run("packs").stdout.decode().split("\n") if line}
    assert rows["generic"].endswith("built in")
    assert rows["Your"].startswith(
        f"Your own: {private_folders / 'config' / 'logsieve' / 'packs'}, and .logsieve/packs "
    )
    assert rows["widgets"].endswith(".logsieve/packs/widgets.toml")


@pytest.mark.parametrize("place", ["user", "workspace", "option"])
def test_a_users_pack_takes_part(run: Command, tmp_path: Path, private_folders: Path, place: str) -> None:
    folder = {
        "user": private_folders / "config" / "logsieve" / "packs",
        "workspace": tmp_path / ".logsieve" / "packs",
        "option": tmp_path / "elsewhere",
    }[place]
    folder.mkdir(parents=True)
    (folder / "widgets.toml").write_text(GOOD)
    (tmp_path / "build.log").write_text(LOG)
    more = ["--packs", "elsewhere"] if place == "option" else []
    assert b'"rule": "widgets/jam"' in run("triage", "--format", "jsonl", *more, "build.log").stdout


def test_a_bad_pack_is_told_once_and_the_others_still_work(run: Command, tmp_path: Path) -> None:
    folder = tmp_path / ".logsieve" / "packs"
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text(BAD)
    (folder / "good.toml").write_text(GOOD)
    (tmp_path / "build.log").write_text(LOG)
    done = run("triage", "--format", "jsonl", "build.log", "build.log")
    assert done.stdout.count(b'"rule": "widgets/jam"') == 2
    assert done.stderr.decode().startswith("logsieve: warning: .logsieve/packs/bad.toml:6: [[rule]] 1 pattern: ")
    assert done.stderr.count(b"\n") == 1
    assert done.returncode == 1


def test_check_accepts_a_good_pack(run: Command, tmp_path: Path) -> None:
    (tmp_path / "widgets.toml").write_text(GOOD)
    done = run("packs", "--check", "widgets.toml", tmp_path)
    assert done.stdout.decode().split("\n") == [
        "widgets.toml: fine, 1 rule, 2 samples",
        f"{tmp_path}/widgets.toml: fine, 1 rule, 2 samples",
        "",
    ]
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BAD, "logsieve: widgets.toml:6: [[rule]] 1 pattern: "),
        (GOOD.replace("line = 2", "line = 1"), "logsieve: widgets.toml:9: widgets/jam: anchor expected on line 1"),
        (GOOD.replace('name = "widgets"', 'name = "Widgets!"'), "logsieve: widgets.toml:1: name is missing or not"),
        ("name = \n", "logsieve: widgets.toml:1: not valid TOML: Invalid value (column 8)\n"),
        ("name = [\n", "logsieve: widgets.toml: not valid TOML: Invalid value (at end of document)\n"),
        ("name = " + "[" * 5000, "logsieve: widgets.toml: not valid TOML: it is nested too deeply\n"),
        ("name = " + "9" * 5000, "logsieve: widgets.toml: not valid TOML: "),
        ("\x00", "logsieve: widgets.toml:1: not valid TOML"),
    ],
)
def test_check_names_file_line_and_reason(run: Command, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "widgets.toml").write_text(text)
    done = run("packs", "--check", "widgets.toml")
    assert done.stderr.decode().startswith(told)
    assert done.returncode == 2


def test_check_says_in_words_what_cannot_be_read(run: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "d.toml").mkdir(parents=True)
    (folder / "latin.toml").write_bytes(b"name = 'caf\xe9'\n")
    told = (
        "mine/d.toml: cannot be read: is a directory\nlogsieve: mine/latin.toml: cannot be read: byte 12 is no UTF-8\n"
    )
    assert run("packs", "--check", "mine").stderr.decode() == f"logsieve: {told}"
    listed = run("triage", "--packs", "mine", "nothing.log").stderr.decode()
    assert listed.startswith("logsieve: warning: mine/d.toml: cannot be read: is a directory\n")


def test_the_list_says_which_packs_replace_built_in_ones(run: Command, tmp_path: Path) -> None:
    folder = tmp_path / ".logsieve" / "packs"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(GOOD.replace('"widgets"', '"pytest"'))
    rows = {line.split()[0]: line for line in run("packs").stdout.decode().split("\n") if line}
    assert rows["pytest"].endswith("  1 rule     2 samples  .logsieve/packs/mine.toml, replaces the built-in pack")
    assert rows["generic"].endswith(" samples  built in")


def test_check_wants_something_to_check(run: Command, tmp_path: Path) -> None:
    assert run("packs", "--check").returncode == 2
    assert run("packs", tmp_path).returncode == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert b"holds no pack" in run("packs", "--check", empty).stderr


def test_nvim_path_is_a_runtime_folder(run: Command) -> None:
    path = Path(run("nvim-path").stdout.decode().removesuffix("\n"))
    assert (path / "plugin" / "logsieve.lua").is_file()
