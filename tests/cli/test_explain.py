"""`logsieve explain` against a real HTTP server on loopback: what is sent, when, and what is made of the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import openai_server
from command import COMMAND, Command
from openai_server import Endpoint
from terminal import Terminal


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that answers with a quote of a line it was given."""
    with openai_server.serve() as running:
        yield running


def to(endpoint: Endpoint) -> list[str | Path]:
    return ["explain", "--endpoint", endpoint.url, "--model", "m"]


def test_a_dry_run_prints_the_payload_and_sends_nothing(run: Command, failing: Path, endpoint: Endpoint) -> None:
    done = run(*to(endpoint), "--dry-run", failing)
    assert done.returncode == 0
    payload = json.loads(done.stdout)
    assert payload["model"] == "m"
    assert "cannot find the file `config.yaml`" in done.stdout.decode()
    assert endpoint.received == []


def test_what_is_sent_is_what_was_shown(run: Command, failing: Path, endpoint: Endpoint) -> None:
    shown = run(*to(endpoint), "--dry-run", failing).stdout.decode()
    assert run(*to(endpoint), "--yes", failing).returncode == 0
    assert [request.body.decode() + "\n" for request in endpoint.received] == [shown]


def test_without_consent_nothing_is_sent(run: Command, failing: Path, endpoint: Endpoint) -> None:
    done = run(*to(endpoint), failing)
    assert done.returncode == 2
    assert b"nothing was sent" in done.stderr
    assert b"--yes" in done.stderr
    assert endpoint.received == []


def test_the_answer_is_printed_and_checked(run: Command, failing: Path, endpoint: Endpoint) -> None:
    shown = run(*to(endpoint), "--yes", failing).stdout.decode()
    assert shown.startswith("## Cause\n")
    assert "references to the log hold." in shown
    (answer,) = json.loads(run(*to(endpoint), "--yes", "--format", "json", failing).stdout)
    assert answer["verified"] > 0
    assert answer["unverified"] == 0
    assert answer["error"] is None


def test_a_lie_is_marked(run: Command, failing: Path) -> None:
    with openai_server.serve("lies") as endpoint:
        shown = run(*to(endpoint), "--yes", failing).stdout.decode()
    assert "0 of " in shown
    assert "not found in the log" in shown


@pytest.mark.parametrize("mode", ["401", "garbage", "cut"])
def test_a_failure_is_told_and_exits_with_1(run: Command, failing: Path, mode: openai_server.Mode) -> None:
    with openai_server.serve(mode) as endpoint:
        done = run(*to(endpoint), "--yes", failing)
    told = done.stderr.decode()
    assert told.startswith(f"logsieve: {failing}: ")
    assert told.count("\n") == 1
    assert "logsieve.llm" not in told
    assert done.returncode == 1


def test_a_missing_endpoint_names_the_option(run: Command, failing: Path) -> None:
    done = run("explain", failing)
    assert b"No endpoint is set. Set --endpoint to the base URL" in done.stderr
    assert done.returncode == 1


def test_the_first_send_shows_the_payload_and_asks_and_the_answer_is_remembered(
    run: Command, failing: Path, endpoint: Endpoint
) -> None:
    refused = Terminal([COMMAND, *to(endpoint), failing], run.environment)
    assert b'"messages"' in refused.until(b"[y/N]")
    refused.type(b"n\n")
    refused.end()
    assert endpoint.received == []

    agreed = Terminal([COMMAND, *to(endpoint), failing], run.environment)
    asked = agreed.until(b"[y/N]").decode()
    assert endpoint.url in asked
    agreed.type(b"y\n")
    code, shown = agreed.end()
    assert (code, len(endpoint.received)) == (0, 1)
    assert "## Cause" in shown

    code, shown = Terminal([COMMAND, *to(endpoint), failing], run.environment).end()
    assert (code, len(endpoint.received)) == (0, 2)
    assert "[y/N]" not in shown


def test_one_finding_is_explained_by_its_number(run: Command, failing: Path, endpoint: Endpoint) -> None:
    with failing.open("a") as log:
        log.write("error: cannot write the answer\n")
    whole = run(*to(endpoint), "--dry-run", failing).stdout
    second = run(*to(endpoint), "--dry-run", "--finding", "2", failing).stdout
    assert second
    assert second != whole
    done = run(*to(endpoint), "--dry-run", "--finding", "99", failing)
    assert b"there is no finding 99" in done.stderr
    assert done.returncode == 1


def test_the_answer_commands_no_terminal(run: Command, failing: Path) -> None:
    with openai_server.serve(answer="## Cause\n\x1b]0;owned\x07\x1b[2Jdone\n") as endpoint:
        shown = run(*to(endpoint), "--yes", failing).stdout.decode()
    assert "done" in shown
    assert "\x1b" not in shown
