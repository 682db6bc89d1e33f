"""Packs of users and workspaces: a bad one is a message with file, line and reason, and the others still load."""

from __future__ import annotations

from pathlib import Path

import pytest

from logsieve import packs

GOOD = """name = "shop"
[[rule]]
id = "oversold"
pattern = '^OVERSOLD (?P<message>.+)'

[[sample]]
text = "OVERSOLD 3 books"
rule = "oversold"
line = 1
block = [1, 1]
"""


def load(folder: Path, **files: str) -> packs.PackSet:
    for name, text in files.items():
        folder.joinpath(f"{name}.toml").write_text(text, "utf-8")
    return packs.load([folder])


def names(found: packs.PackSet) -> set[str]:
    return {p.name for p in found.packs}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("name = 'bad'\nrule = [\n", 0, "not valid TOML"),
        ("name = 'bad'\n[[rule]\n", 2, "not valid TOML"),
        (GOOD.replace("shop", "My Shop"), 1, "name is missing or not made of"),
        (GOOD.replace("[[rule]]", "[[rules]]"), 2, "no such key: rules; known are name, title, url, category, rule,"),
        (GOOD.replace("pattern", "patern"), 4, "[[rule]] 1: no such key: patern; known are id, pattern,"),
        (GOOD.replace("OVERSOLD (", "OVERSOLD(?= ("), 4, "[[rule]] 1 pattern: not a regular expression"),
        (GOOD.replace("OVERSOLD (?P<message>.+)", "(?P<a>x)(?P=a)"), 4, "cannot be matched in linear time"),
        (
            GOOD.replace("OVERSOLD (?P<message>.+)", "OVERSOLD(?=x)"),
            4,
            "look-around and back-references are not possible",
        ),
        (GOOD.replace("OVERSOLD (", "OVERSOLD\\s("), 4, "can match across a line end"),
        (GOOD.replace("OVERSOLD (?P<message>.+)", "[^x]+"), 4, "can match across a line end"),
        (GOOD.replace("^OVERSOLD (?P<message>.+)", "x*"), 4, "matches the empty text"),
        (GOOD.replace("OVERSOLD (?P<message>.+)", "[✕x]"), 4, "holds a character beyond ASCII"),
        (GOOD.replace("OVERSOLD (?P<message>.+)", "✕+ (?P<message>.+)"), 4, "repeats a character beyond ASCII"),
        (
            GOOD.replace("'^OVERSOLD", "'OVERSOLD").replace("[[sample]]", "severity = 'bad'\n[[sample]]"),
            6,
            "expected one of",
        ),
        (GOOD.replace("id = ", "category = 'oops'\nid = "), 3, "expected one of compile, test,"),
        (GOOD.replace("id = ", "specificity = 'high'\nid = "), 3, "expected int, got 'high'"),
        (GOOD.replace("id = ", "role = 'culprit'\nid = "), 3, "expected one of cause, summary, consequence, hint"),
        (GOOD.replace("id = ", "block = { throug = 'x' }\nid = "), 3, "no such key: throug"),
        (GOOD.replace('id = "oversold"', ""), 0, "[[rule]] 1: id is missing"),
        (GOOD.replace("pattern = '^OVERSOLD (?P<message>.+)'", ""), 3, "write either pattern or at_level"),
        (GOOD.split("[[sample]]", maxsplit=1)[0], 1, "a pack needs at least one [[sample]]"),
        (
            GOOD.replace("[[sample]]", "[[rule]]\nid = 'oversold'\npattern = 'x'\n[[sample]]"),
            3,
            "two rules are called oversold",
        ),
        (GOOD + "at = 3\n", 11, "no such key: at"),
    ],
)
def test_a_bad_pack_is_told_and_the_others_load(tmp_path: Path, text: str, line: int, reason: str) -> None:
    found = load(tmp_path, bad=text, good=GOOD.replace('"shop"', '"stock"'))
    assert "stock" in names(found)
    assert not names(found) & {"bad", "shop", "My Shop"}
    problem = found.problems[0]
    assert problem.file == str(tmp_path / "bad.toml")
    assert problem.line == line
    assert reason in problem.reason


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("latin.toml").write_bytes(b"name = 'caf\xe9'\n")
    tmp_path.joinpath("folder.toml").mkdir()
    found = load(tmp_path, good=GOOD)
    assert "shop" in names(found)
    assert [Path(p.file).name for p in found.problems] == ["folder.toml", "latin.toml"]
    assert all("cannot be read" in p.reason for p in found.problems)


def test_a_later_pack_replaces_an_earlier_one_of_its_name(tmp_path: Path) -> None:
    found = load(tmp_path, pytest=GOOD.replace('"shop"', '"pytest"'))
    assert [r.id for p in found.packs if p.name == "pytest" for r in p.rules] == ["oversold"]


def test_disabled_packs_are_left_out_and_unknown_names_told() -> None:
    found = packs.load(disabled=["pytest", "nonesuch"])
    assert "pytest" not in names(found)
    assert [str(p) for p in found.problems] == ["settings: packs.disabled names no pack: nonesuch"]


def test_a_missing_folder_is_no_problem(tmp_path: Path) -> None:
    assert packs.load([tmp_path / "none"]).problems == ()


@pytest.mark.parametrize("head", ["[[sample]]", "[[sample]]   # no failure", "  [[ sample ]]"])
def test_samples_know_their_line(tmp_path: Path, head: str) -> None:
    found = load(tmp_path, shop=GOOD + f"\n{head}\ntext = 'sold'\n")
    assert samples(found) == [(6, "OVERSOLD 3 books"), (12, "sold")]


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "\n[[sample]]\ntext = '''\n[[sample]]\n'''\n",
        GOOD + "\n[['sample']]\ntext = \"[[sample]]\\n\"\n",
    ],
)
def test_samples_whose_line_is_not_sure_are_kept(tmp_path: Path, text: str) -> None:
    assert samples(load(tmp_path, shop=text)) == [(0, "OVERSOLD 3 books"), (0, "[[sample]]\n")]


def samples(found: packs.PackSet) -> list[tuple[int, str]]:
    return [(s.at, s.text) for p in found.packs if p.name == "shop" for s in p.samples]
