"""Redaction: how much of a corpus of made-up secrets is found, what of look-alikes is left alone, and what stands in
the place of what was found.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.redaction.corpus import lookalikes, secrets
from engine import analysed
from logsieve.core.redact import Redactor, problems, redact
from logsieve.operations import triage
from logsieve.settings import Redact

# Made-up secrets are put together at run time, so that no scanner takes this file for a leak.
LOWER = "q7w2e9r4t1y6u3i8o5p0a9s4d7f2g1h6"  # 32
MIXED = "aB3dE7fG1hJ9kL2mN5pQ8rS4tU6vW0xYz1C3"  # 36
HEX = "9f8b7c6d5e4a3f2b1c0d9e8f7a6b5c4d"  # 32
WORD = "hunter" + "2-Tr0ub4dor"
GITHUB = "ghp_" + MIXED

PLACEHOLDER = re.compile(r"<(?:secret|email|ip|user):\d+>")
SECRETS = list(secrets())
LOOKALIKES = list(lookalikes())
ON_SCREEN = Redactor(leaving=False)


# The corpus


def left(secret: str, around: str, shown: str) -> bool:
    """Whether eight letters in a row of a secret, or all of a shorter one, are still shown."""
    shown = PLACEHOLDER.sub(" ", shown)
    parts = [part for line in secret.split("\n") for part in [line[i : i + 8] for i in range(max(1, len(line) - 7))]]
    return any(part in shown and part not in around for part in parts)


def test_the_corpus_is_as_wide_as_it_should_be() -> None:
    assert len(SECRETS) >= 300
    assert len({secret.kind for secret in SECRETS}) >= 60
    assert len({secret.value for secret in SECRETS}) >= 300
    assert len(LOOKALIKES) >= 300


def test_nearly_every_secret_is_found_and_little_else_is_touched(capsys: pytest.CaptureFixture[str]) -> None:
    missed: Counter[str] = Counter()
    whole = 0
    for kind, before, value, after in SECRETS:
        shown = "\n".join(redact((before + value + after).split("\n")).lines)
        missed[kind] += left(value, before + after, shown)
        whole += PLACEHOLDER.sub("@", shown).replace("@\n@", "@") == before + "@" + after
    recall = 1 - missed.total() / len(SECRETS)
    with capsys.disabled():
        print(f"\nredaction: {recall:.2%} of {len(SECRETS)} secrets of {len(missed)} kinds")
    assert recall >= 0.99, [f"{kind}: {count}" for kind, count in missed.most_common() if count]
    assert whole / len(SECRETS) >= 0.95


def test_look_alikes_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [
        f"{kind}: {line}: {', '.join(found.kind for found in result.found)}"
        for kind, line in LOOKALIKES
        if "\n".join((result := redact(line.split("\n"))).lines) != line
    ]
    with capsys.disabled():
        print(f"\nredaction: {len(wrong) / len(LOOKALIKES):.2%} of {len(LOOKALIKES)} look-alikes touched")
    assert len(wrong) / len(LOOKALIKES) <= 0.02, wrong


def test_on_the_screen_only_known_secrets_are_replaced() -> None:
    personal = {"e-mail address", "IPv4 address", "IPv6 address", "home folder", "user name", "opaque token"}
    known = ("GitHub", "Slack", "password", "cookie", "JSON", "Anthropic", "private key")
    for kind, before, value, after in SECRETS:
        lines = (before + value + after).split("\n")
        if kind in personal:
            assert ON_SCREEN.redact(lines).lines == tuple(lines)
        elif kind.startswith(known):
            assert not left(value, before + after, "\n".join(ON_SCREEN.redact(lines).lines)), kind


# Placeholders


def test_the_same_value_has_the_same_number_wherever_it_stands() -> None:
    result = redact([f"A_TOKEN={GITHUB}", "B_TOKEN=" + LOWER, f"remote said {GITHUB}!", f"echo {LOWER}"])
    assert result.lines == ("A_TOKEN=<secret:1>", "B_TOKEN=<secret:2>", "remote said <secret:1>!", "echo <secret:2>")
    assert [found.line_index for found in result.found] == [0, 1, 2, 3]
    assert [found.placeholder for found in result.found] == ["<secret:1>", "<secret:2>", "<secret:1>", "<secret:2>"]


def test_each_sort_is_numbered_by_itself() -> None:
    lines = (
        f"ada@acme.dev logged in from 81.201.3.4 with {GITHUB}",
        "Ada@acme.dev wrote /home/alovelace/x, bob@acme.dev /home/bob/y",
        "dial tcp 81.201.3.4:443: refused; ping 81.201.3.40",
        "known: 81.201.3.4",
    )
    assert redact(lines).lines == (
        "<email:1> logged in from <ip:1> with <secret:1>",
        "<email:1> wrote /home/<user:1>/x, <email:2> /home/<user:2>/y",
        "dial tcp <ip:1>:443: refused; ping <ip:2>",
        "known: <ip:1>",
    )


def test_a_redactor_keeps_its_numbers_and_what_it_found_over_several_texts() -> None:
    redactor = Redactor()
    redactor.redact(["A_TOKEN=" + LOWER])
    assert redactor.redact(["B_TOKEN=" + HEX, f"echo {LOWER}"]).lines == ("B_TOKEN=<secret:2>", "echo <secret:1>")
    assert redactor.texts([f"{HEX} is bad"]) == ("<secret:2> is bad",)


def test_a_value_has_one_number_in_all_that_is_said_of_a_log() -> None:
    log = f"error: push with {GITHUB} failed\nerror: A_TOKEN={LOWER} of {GITHUB} is bad\nerror: {LOWER} again\n"
    told = triage(analysed(log), "x.log")["findings"]
    assert {one["title"] for one in told} == {one["message"] for one in told}
    assert {one["message"] for one in told} == {
        "push with <secret:1> failed",
        "A_TOKEN=<secret:2> of <secret:1> is bad",
        "<secret:2> again",
    }


def test_texts_that_do_not_follow_each_other_are_no_private_key() -> None:
    opened = "-----BEGIN RSA " + "PRIVATE KEY-----"
    assert Redactor().texts([opened, "AbstractSingletonProxyFactory"]) == (opened, "AbstractSingletonProxyFactory")


def test_several_secrets_of_a_line_are_all_replaced() -> None:
    line = f"https://a:{WORD}@h/x?access_token={LOWER} Authorization: Bearer {MIXED}"
    assert redact([line]).lines == (
        "https://a:<secret:1>@h/x?access_token=<secret:2> Authorization: Bearer <secret:3>",
    )


def test_what_was_found_is_told_without_the_value() -> None:
    result = redact(["ok", f"A_TOKEN={LOWER}", f"push with {GITHUB} by ada@acme.dev"])
    assert [(found.kind, found.line_index, found.placeholder) for found in result.found] == [
        ("secret assignment", 1, "<secret:1>"),
        ("GitHub token", 2, "<secret:2>"),
        ("e-mail address", 2, "<email:1>"),
    ]
    assert LOWER not in repr(result)
    assert MIXED not in repr(result)


# What a user chooses


def test_the_user_chooses_what_is_personal() -> None:
    line = f"ada@acme.dev at 81.201.3.4:22 and [2a01:4f8::7]:22 in /home/ada with {MIXED}{LOWER} and {GITHUB}"
    shown = {kind: Redactor(Redact(kinds=(kind,))).redact([line]).lines[0] for kind in Redact().kinds}
    assert "<email:1> at 81.201.3.4:22 and [2a01:4f8::7]" in shown["email"]
    assert "ada@acme.dev at <ip:1>:22 and [2a01:4f8::7]" in shown["ipv4"]
    assert "ada@acme.dev at 81.201.3.4:22 and [<ip:1>]" in shown["ipv6"]
    assert "/home/<user:1> with" in shown["user"]
    assert "/home/ada with <secret:1> and <secret:2>" in shown["entropy"]
    assert all(GITHUB not in text for text in (*shown.values(), Redactor(Redact(kinds=())).redact([line]).lines[0]))


def test_own_patterns_are_secrets_on_the_screen_too() -> None:
    chosen = Redact(patterns=(r"ticket (ACME-\d+)", r"(?i)project blue\w+"))
    line = "ticket ACME-4711 of Project Bluebird failed"
    for leaving in (True, False):
        result = Redactor(chosen, leaving).redact([line])
        assert result.lines == ("ticket <secret:1> of <secret:2> failed",)
        assert {found.kind for found in result.found} == {"own pattern"}


def test_what_is_allowed_stays() -> None:
    chosen = Redact(allow=(r".+@acme\.dev", "postgres", r"10\.0\.\d+\.\d+"))
    lines = ("mail ci@acme.dev, ada@initech.com", "POSTGRES_PASSWORD=postgres", "dial tcp 10.0.3.4:5432, 10.1.3.4:5432")
    assert Redactor(chosen).redact(lines).lines == (
        "mail ci@acme.dev, <email:1>",
        "POSTGRES_PASSWORD=postgres",
        "dial tcp 10.0.3.4:5432, <ip:1>:5432",
    )


def test_an_allowed_value_is_the_whole_value() -> None:
    assert Redactor(Redact(allow=("postgres",))).redact(["DB_PASSWORD=postgres-prod"]).lines == (
        "DB_PASSWORD=<secret:1>",
    )


def test_patterns_that_cannot_be_used_are_told_and_the_others_are_used() -> None:
    chosen = Redact(patterns=("(a+", r"(?=x)y", "x*", r"ticket-\d+"), allow=("[",))
    told = problems(chosen)
    assert [text.partition(":")[0] for text in told] == ["logsieve.redact.patterns"] * 3 + ["logsieve.redact.allow"]
    assert "linear time" in told[1]
    assert Redactor(chosen).redact(["ticket-12 (a+ xxx"]).lines == ("<secret:1> (a+ xxx",)


# Private keys


def key_block() -> list[str]:
    body = [(MIXED * 2)[i : i + 64] for i in range(6)]
    return ["-----BEGIN RSA " + "PRIVATE KEY-----", *body, "c2hvcnQ=", "-----END RSA " + "PRIVATE KEY-----"]


def test_a_private_key_is_replaced_line_by_line() -> None:
    lines = ["+ cat key.pem", *key_block(), "done with it"]
    result = redact(lines)
    assert result.lines == (lines[0], lines[1], *["<secret:1>"] * 7, lines[-2], lines[-1])


def test_a_private_key_behind_timestamps_is_replaced() -> None:
    stamp = "2026-07-29T04:36:28.4412345Z "
    result = redact([stamp + line for line in key_block()])
    assert result.lines[1:-1] == (stamp + "<secret:1>",) * 7


def test_a_private_key_without_an_end_is_replaced_as_far_as_it_goes() -> None:
    lines = [*key_block()[:-1], "Error: Process completed with exit code 1."]
    assert redact(lines).lines == (lines[0], *["<secret:1>"] * 7, lines[-1])


def test_a_private_key_on_one_line_is_replaced() -> None:
    line = 'KEY="' + "\\n".join(key_block()) + '" ./deploy'
    assert MIXED[:12] not in redact([line]).lines[0]
    assert redact([line]).lines[0].endswith("./deploy")


# Any text


@pytest.mark.parametrize("start", range(8, 30, 3))
def test_a_cut_through_a_secret_shows_none_of_it(start: int) -> None:
    line = f"A_TOKEN={GITHUB} and more"
    assert Redactor().redact([line], {0: (start, len(line))}).lines == ("<secret:1> and more",)


def test_what_a_cut_left_out_is_not_told() -> None:
    line = f"A_TOKEN={GITHUB} and more"
    result = Redactor().redact([line], {0: (line.index(" and"), len(line))})
    assert result.lines == (" and more",)
    assert result.found == ()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=200), max_size=5))
def test_any_text_is_redacted_line_for_line(lines: list[str]) -> None:
    assert len(redact(lines).lines) == len(lines)


@pytest.mark.parametrize(
    "pattern",
    [
        *("token=", "://a:", "authorization: ", "eyJ.", "key", "a@", "-----BEGIN PRIVATE KEY-----", "AC", "curl -u "),
        *(
            "10.0.0.1 ",
            "1.2.3.4.",
            "2a01:4f8::1 ",
            "/home/a",
            "C:\\Users\\a b",
            "A B <a@b.cd> ",
            "ssh a@",
            MIXED,
            "aB3/",
        ),
    ],
)
def test_repetition_costs_linear_time(pattern: str) -> None:
    # A quadratic pattern would need minutes for this; the test's own limit is that it ends.
    line = pattern * (200_000 // len(pattern))
    assert len(redact([line]).lines) == 1


def test_many_secrets_cost_linear_time() -> None:
    lines = [f"A_TOKEN={number:08}{LOWER * 4}" for number in range(5_000)]
    assert redact(lines).lines[-1] == "A_TOKEN=<secret:5000>"
