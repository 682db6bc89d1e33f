"""Built-in packs: sound patterns, samples that hold, negatives beside positives, the same hits by every engine."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from logsieve import packs
from logsieve.core.samples import check
from logsieve.core.scanner import HyperscanScanner, Re2Scanner
from logsieve.packs.load import read
from logsieve.text import LogText

DATA = files("logsieve.packs").joinpath("data")
NAMES = sorted(entry.name.removesuffix(".toml") for entry in DATA.iterdir() if entry.name.endswith(".toml"))
FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def pack_set() -> packs.PackSet:
    return packs.load()


def pack_named(name: str) -> packs.Pack:
    return next(p for p in pack_set().packs if p.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_patterns_are_sound(name: str) -> None:
    pack, problems = read(DATA.joinpath(f"{name}.toml").read_text("utf-8"), f"{name}.toml")
    assert [str(p) for p in problems] == []
    assert pack is not None
    assert pack.name == name


@pytest.mark.parametrize("name", NAMES)
def test_samples_hold(name: str) -> None:
    assert [str(p) for p in check(pack_named(name), pack_set())] == []


@pytest.mark.parametrize("name", NAMES)
def test_has_both_kinds_of_samples(name: str) -> None:
    pack = pack_named(name)
    assert any(not s.rule for s in pack.samples), "no negative sample"
    assert any(s.rule for s in pack.samples) or not pack.rules, "no positive sample"


def test_samples_name_rules_of_their_pack() -> None:
    for pack in pack_set().packs:
        assert {s.rule for s in pack.samples} <= {r.id for r in pack.rules} | {""}, pack.name


def test_negatives_are_as_many_as_positives() -> None:
    samples = [s for pack in pack_set().packs for s in pack.samples]
    assert sum(not s.rule for s in samples) >= sum(bool(s.rule) for s in samples)


def test_a_sample_that_does_not_hold_is_told_with_its_place() -> None:
    text = "name = 'x'\n[[rule]]\nid = 'a'\npattern = '^boom'\n\n"
    text += "[[sample]]\ntext = 'boom'\nrule = 'a'\nline = 1\nblock = [1, 2]\n"
    pack, _ = read(text, "x.toml")
    assert pack is not None
    assert [str(p) for p in check(pack, packs.PackSet((pack,)))] == ["x.toml:6: x/a: block [1, 2] expected, got [1, 1]"]


def test_a_negative_that_finds_an_error_is_told() -> None:
    text = "name = 'x'\n[[rule]]\nid = 'a'\npattern = '^boom'\n[[sample]]\ntext = 'boom'\n"
    pack, _ = read(text, "x.toml")
    assert pack is not None
    (problem,) = check(pack, packs.PackSet((pack,)))
    assert problem.line == 5
    assert problem.reason.startswith("no error expected, got x/a on line 1")


def _lines() -> bytes:
    """The lines of all samples and of all fixtures, cleaned as the pipeline does it, without doubles."""
    logs = [s.text.encode() for p in pack_set().packs for s in p.samples]
    logs += [path.read_bytes()[: 1 << 17] for path in sorted(FIXTURES.glob("*/*/log.txt"))]
    lines: dict[bytes, None] = {}
    for log in logs:
        text = LogText.from_bytes(log)
        lines |= dict.fromkeys(text.clean_bytes(0, len(text)).split(b"\n"))
    return b"\n".join(line[:2000] for line in lines if line.strip()) + b"\n"


def test_engines_find_the_same_lines() -> None:
    patterns = [p.regex for p in pack_set().patterns]
    data = _lines()
    numbers, lines = HyperscanScanner(patterns).scan(data)
    ours = set(zip(numbers.tolist(), lines.tolist(), strict=True))
    numbers, lines = Re2Scanner(patterns).scan(data)
    theirs = set(zip(numbers.tolist(), lines.tolist(), strict=True))
    texts = data.split(b"\n")
    differ = sorted(ours ^ theirs)
    assert [(patterns[n], texts[line]) for n, line in differ[:5]] == []
    wanted = {
        (number, line)
        for number, pattern in enumerate(patterns)
        for search in [re.compile(pattern.encode()).search]
        for line, text in enumerate(texts[:-1])
        if search(text)
    }
    differ = sorted(ours ^ wanted)
    assert [(patterns[n], texts[line]) for n, line in differ[:5]] == []
    assert len(np.unique(numbers)) > len(patterns) // 2, "the samples reach too few patterns to compare engines by"
