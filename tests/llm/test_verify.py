"""Verification: what an answer cites and quotes is looked up; the rest is marked. `claims.toml` is the table."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsieve.llm import verify as module
from logsieve.llm.verify import Code, Verified, verify
from logsieve.settings import DEFAULTS, Redact
from logsieve.text import LogText
from markdown import live

TOKEN = "ghp_" + "a1B2" * 9


@dataclass(frozen=True)
class Log:
    """All that verification needs of an analysis."""

    text: LogText
    redact: Redact = DEFAULTS.redact


LINES = (
    "$ pytest -q",
    "\x1b[31mE   AssertionError:   assert 3 == 4\x1b[0m",
    "tests/test_sum.py:12: AssertionError",
    f"fatal: cannot clone https://ci:{TOKEN}@github.com/acme/app",
    "10 %\r100 % fetched",
    "FAILED tests/test_sum.py::test_sum - assert 3 == 4",
    "##[error]Process completed with exit code 1.",
)
LOG = Log(LogText.from_bytes("".join(f"{line}\n" for line in LINES).encode()))
URI = "file:///b.log"
TABLE = tomllib.loads((Path(__file__).parent / "claims.toml").read_text("utf-8"))["log"]
CLAIMS = [(part["path"], answer, expected) for part in TABLE for answer, expected in part["claims"]]


def shown(answer: str, uri: str = "", log: Log = LOG) -> str:
    """The answer as it is shown."""
    return verify(answer, log, uri).text


def verdicts(answer: str, log: Log) -> str:
    """What links and marks say of each claim, in their order."""
    marks = r"\]\(file:///b\.log#L(\d+)\)(?!\)\*)|\*\((.*?)\)\*|(?<= )\*\((not found in the log)\)\*"
    said: list[str] = []
    for link, mark, _ in re.findall(marks, shown(answer, URI, log)):
        number = "".join(re.findall(r"L(\d+)", mark)[:1])
        said.append(
            f"found {link}"
            if link
            else f"elsewhere {number}"
            if "but at" in mark
            else f"differs {number}"
            if "word for word" in mark
            else "range"
            if "which has" in mark
            else "missing"
        )
    return ", ".join(said) or "none"


def test_the_table_is_long_enough() -> None:
    assert len(CLAIMS) >= 80
    assert len(TABLE) >= 4


@pytest.mark.parametrize(("path", "answer", "expected"), CLAIMS)
def test_every_claim_of_the_table_is_judged_right(path: str, answer: str, expected: str, fixtures: Path) -> None:
    log = Log(LogText.from_bytes((fixtures / path / "log.txt").read_bytes()))
    if "```" in answer or "~~~" in answer:  # no links there
        result = verify(answer, log, URI)
        missing = sum(not v.startswith("found") for v in expected.split(", "))
        if expected == "none":
            assert (result.verified, result.unverified) == (0, 0)
        else:
            assert (result.verified, result.unverified) == (expected.count("found"), missing)
            assert result.text.count(")*") == missing
    else:
        assert verdicts(answer, log) == expected
        result = verify(answer, log)
        assert result.verified == expected.count("found")
        assert result.unverified == (0 if expected == "none" else expected.count(",") + 1 - result.verified)


def test_the_header_says_how_many_hold() -> None:
    assert Verified("", 0, 0).header.startswith("*Checked against the log: nothing")
    assert Verified("", 3, 0).header == "*Checked against the log: 3 of 3 lines and quotes found.*"
    assert "3 of 5 " in Verified("", 3, 2).header
    assert "**2 not, and marked so**" in Verified("", 3, 2).header


UNFINISHED = """\
It says `100 %
fetched` in L5, and don`t
forget `L6: FAILED

## Evidence

```
E AssertionError: assert 3 == 5
not quite
```

- `L2: E AssertionError: assert 3 == 4`, `L9: x`
~~~
open"""


def test_what_is_shown_of_an_unfinished_answer_does_not_change() -> None:
    shown, checked = "", 0
    for end in range(len(UNFINISHED) + 1):
        found = verify(UNFINISHED[:end], LOG, URI, unfinished=True)
        assert found.text.startswith(shown)
        assert found.verified + found.unverified >= checked
        shown, checked = found.text, found.verified + found.unverified
    assert verify(UNFINISHED, LOG, URI).text.startswith(shown)
    assert shown.endswith("~~~\n")
    assert "[`100 % fetched`](file:///b.log#L5)" in shown


def test_what_holds_is_a_link_and_what_does_not_leads_to_where_it_is() -> None:
    answer = "See L2 and `L6: FAILED tests/test_sum.py::test_sum`, not L9, nor `L3: 100 % fetched`."
    assert shown(answer, URI) == (
        "See [L2](file:///b.log#L2) and [`L6: FAILED tests/test_sum.py::test_sum`](file:///b.log#L6), not L9 "
        "*(not found in the log, which has 7 lines)*, nor `L3: 100 % fetched` "
        "*(not there, but at [L5](file:///b.log#L5))*."
    )


def test_without_an_address_there_are_no_links() -> None:
    assert shown("See L2 and `L6: FAILED tests/test_sum.py`.") == "See L2 and `L6: FAILED tests/test_sum.py`."


@pytest.mark.parametrize("uri", ["file:///a(1)/b.log", "file:///a b)/<c>.log", "untitled:x](https://evil.example)"])
def test_an_address_cannot_break_its_link(uri: str) -> None:
    found = live(verify("See L2.", LOG, uri).text)
    assert len(found) == 1
    assert found[0].endswith("#L2")
    assert not found[0].startswith("link https:")


def test_links_of_the_answer_are_text_and_its_images_too() -> None:
    assert shown("[L2](file:///b.log#L2)", URI) == "[[L2](file:///b.log#L2)\\](`file:///b.log#L2`)"
    assert shown("![x](https://evil.example/a.png 'title')") == "\\![x\\](`https://evil.example/a.png` 'title')"


def test_a_token_in_the_clear_is_not_borne_out_by_its_line() -> None:
    # The model never saw the token; verification must not tell whether a guess of it is right.
    guess = verify(f"- `L4: fatal: cannot clone https://ci:{'x' * 40}@github.com/acme/app`", LOG)
    right = verify(f"- `L4: fatal: cannot clone https://ci:{TOKEN}@github.com/acme/app`", LOG)
    said = verify(f"It says `cannot clone https://ci:{TOKEN}@github.com/acme/app` there.", LOG)
    assert [guess.unverified, right.unverified, said.unverified] == [1, 1, 1]
    assert guess.text.replace("x" * 40, "") == right.text.replace(TOKEN, "")
    for number in (1, 3):
        held = verify(f"- `L4: fatal: cannot clone https://ci:<secret:{number}>@github.com/acme/app`", LOG)
        assert held.verified == 1


def test_a_line_of_a_private_key_is_not_borne_out() -> None:
    body = [f"MIIEpAIBAAKCAQEAx{n:03}" + "yZ01" * 11 for n in range(20)]
    key = ["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"]
    log = Log(LogText.from_bytes("\n".join(key).encode()))
    assert verify(f"- `L5: {body[3]}`", log).verified == 0


def test_what_a_log_hides_from_chat_templates_is_found() -> None:
    log = Log(LogText.from_bytes(b"error: <|im_end|> in [INST] of the answer\n"))
    for said in ("error: <|im_end|> in [INST] of", "error: < |im_end|> in [ INST] of"):
        assert verify(f"- `L1: {said}`", log).verified == 1


def test_a_very_long_line_is_compared_where_the_quote_stands() -> None:
    log = Log(LogText.from_bytes(b"a b " * 100_000 + b"error: the disk is full " + b"c d " * 100_000 + b"\n"))
    assert verify("- `L1: error: the disk is full`", log).verified == 1
    assert verify("It says `error: the disk is full c d`.", log).verified == 1
    assert verify("- `L1: error: the disk was full`", log).verified == 0


def test_a_quote_is_found_far_down_and_past_its_likes() -> None:
    lines = [f"step {n}: took 1{n} ms in the end" for n in range(40_000)]
    log = Log(LogText.from_bytes("\n".join(lines).encode()))
    assert "#L30001)" in shown("It says `step 30000: took 130000 ms`.", URI, log)
    assert verify("It says `step 30000: took 13000 ms`.", log).unverified == 1
    assert "but at L39991" in shown("- `L7: step 39990: took 139990 ms`", "", log)


def test_a_flood_of_claims_ends() -> None:
    result = verify("L2 " * 5000, LOG)
    assert result.verified + result.unverified == 5000
    assert result.verified <= module.MOST


@given(st.text(st.sampled_from('L123-: `>|#*\n[](~to ine.…"“”\\'), max_size=80))
def test_any_answer_keeps_its_words(answer: str) -> None:
    words = re.findall(r"\w+", answer)
    left = iter(re.findall(r"\w+", verify(answer, LOG).text))
    assert all(word in left for word in words)


CODE = [
    Code(
        "src/a b.py",
        "file:///w/src/a%20b.py",
        5,
        (
            "def g(total):",
            "    if total < 0:  # never",
            "        raise ValueError(total)",
            f"    return '{TOKEN[:3]}<secret:1>', 2",
        ),
    ),
    Code("b_test.go", "", 11, ("if err != nil { // a_b", "\tt.Fatal(err, total)")),
]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        # of the code, with its place or without
        (
            "It says `raise ValueError(total)`.",
            "[`raise ValueError(total)`](file:///w/src/a%20b.py#L7) (src/a b.py:7).",
        ),
        (
            "`raise ValueError(total)` (src/a b.py:7)",
            "[`raise ValueError(total)`](file:///w/src/a%20b.py#L7) (src/a b.py:7)",
        ),
        (
            "`src/a b.py:7: raise ValueError(total)`",
            "[`src/a b.py:7: raise ValueError(total)`](file:///w/src/a%20b.py#L7)",
        ),
        (
            "> 7 |     raise ValueError(total)",
            "> [`7 |     raise ValueError(total)`](file:///w/src/a%20b.py#L7) (src/a b.py:7)",
        ),
        ("`if total < 0: # never raise ValueError(total)`", "L6) (src/a b.py:6)"),
        ("`t.Fatal(err, total)`", "`t.Fatal(err, total)` (b_test.go:12)"),
        ("- `L12: t.Fatal(err, total)`", "- `L12: t.Fatal(err, total)` (b_test.go:12)"),
        ("```\n12 | t.Fatal(err, total)\n```", "12 | t.Fatal(err, total) (b_test.go:12)"),
        # of the log, though the code is there
        ("- `L6: FAILED tests/test_sum.py::test_sum`", "](file:///b.log#L6)"),
        ("`tests/test_sum.py:12: AssertionError`", "](file:///b.log#L3)"),
        # of neither
        ("`raise ValueError(sum)`", "*(not found in the log or the code)*"),
        ("`raise ValueError(total)` (src/a b.py:9)", "*(not there, but at src/a b.py:7)*"),
        ("`t.Fatal(err, total)`, b_test.go line 11", "*(not there, but at b_test.go:12)*"),
        ("- `L2: t.Fatal(err, total)`", "*(not there, but at b_test.go:12)*"),
        (f"`return '{TOKEN}', 2`", "*(not found in the log or the code)*"),
    ],
)
def test_a_quote_of_the_code_is_one_of_its_file_and_line(answer: str, expected: str) -> None:
    result = verify(answer, LOG, URI, CODE)
    assert expected in result.text
    assert result.unverified == ("*(not" in expected)
    assert result.header.startswith("*Checked against the log and the code: ")


def test_what_only_the_code_says_is_not_found_without_it() -> None:
    assert (
        shown("It says `raise ValueError(total)`.", URI)
        == "It says `raise ValueError(total)` *(not found in the log)*."
    )


def test_what_the_log_and_the_code_say_is_of_the_code_beside_its_name() -> None:
    log = Log(LogText.from_bytes(b"    raise ValueError(total)\n"))
    assert "](file:///b.log#L1)" in verify("`raise ValueError(total)`", log, URI, CODE).text
    assert "b.py#L7)" in verify("`raise ValueError(total)`, `src/a b.py:7`", log, URI, CODE).text


def test_a_hostile_answer_about_code_ends() -> None:
    name = "a b.py"
    for unit in ("/", "a/", f"{name}:", f"{name}:1", "a b.py line ", "`a b c d e f g h` "):
        verify(unit * (200_000 // len(unit)), LOG, URI, CODE)
