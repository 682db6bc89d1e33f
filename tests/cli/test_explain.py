"""`logsieve explain` against a real HTTP server on loopback: what is sent, when, and what is made of the answer."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import openai_server
from command import COMMAND, Command
from logsieve import many, packs
from logsieve.archive import Log
from logsieve.parameters import Operation
from markdown import UNSEEN, hostile_answer, live
from openai_server import Endpoint
from terminal import Terminal
from wire import ANTHROPIC, OPENAI, Anthropic, OpenAI, http, sse, wire


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


@pytest.mark.parametrize("named", [True, False])
def test_functions_of_ones_own_go_along(run: Command, endpoint: Endpoint, tmp_path: Path, named: bool) -> None:
    log = tmp_path / "build.log"
    log.write_text(
        'Traceback (most recent call last):\n  File "/ci/shop/tax.py", line 2, in rate\n'
        "    return RATES[country]\nKeyError: 'xx'\n"
    )
    workspace = tmp_path / "code" if named else run.folder
    (workspace / "shop").mkdir(parents=True)
    (workspace / "shop/tax.py").write_text("def rate(country):\n    return RATES[country]\n")
    options: list[str | Path] = ["--workspace", workspace] if named else []
    assert b"shop/tax.py\\n1 | def rate(country):" in run(*to(endpoint), *options, "--dry-run", log).stdout
    without = run(*to(endpoint), *options, "--source", "0", "--dry-run", log).stdout
    assert b"def rate(country)" not in without


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


def test_nothing_of_an_answer_is_obeyed_or_live(run: Command, failing: Path) -> None:
    with openai_server.serve(answer=hostile_answer()) as endpoint:
        shown = run(*to(endpoint), "--yes", failing).stdout.decode()
    assert "## Fix" in shown
    assert not UNSEEN.search(shown)
    assert live(shown.partition("references to the log hold")[0]) == []


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


# More than one request


def calling(name: str, **given: int) -> bytes:
    return sse(*OPENAI.calls(("one", name, json.dumps(given))), *OPENAI.end("tools"))


ANSWER = sse(*OPENAI.text("## Cause\nIt is so.\n"), *OPENAI.end())


async def test_further_lines_are_listed_while_they_go_and_at_the_end(run: Command, failing: Path) -> None:
    turns = [calling("lines", a=1, b=2), ANSWER] * 2
    async with wire(turns=turns) as server:
        options: list[str | Path] = ["explain", "--endpoint", server.url, "--model", "m", "--yes", failing]
        done = await asyncio.to_thread(run, *options)
        answers = json.loads((await asyncio.to_thread(run, *options, "--format", "json")).stdout)
    assert "Sending what the model asks for: lines: L1-L2" in done.stderr.decode()
    assert "Sent as well, because the model asked for it:\n  lines: L1-L2\n" in done.stdout.decode()
    assert answers[0]["further"] == ["lines: L1-L2"]
    assert (done.returncode, len(server.requests)) == (0, 4)


@pytest.mark.parametrize("api", [OPENAI, ANTHROPIC], ids=lambda api: api.provider)
async def test_what_either_api_gets_is_the_dry_run_byte_for_byte(
    run: Command, failing: Path, api: OpenAI | Anthropic
) -> None:
    async with wire(sse(*api.text("It is so."), *api.end())) as server:
        options: list[str | Path] = [
            "explain",
            "--provider",
            api.provider,
            "--endpoint",
            server.url,
            "--model",
            "m",
            failing,
        ]
        shown = await asyncio.to_thread(run, *options, "--dry-run")
        done = await asyncio.to_thread(run, *options, "--yes")
    assert (shown.returncode, done.returncode) == (0, 0)
    assert [body + b"\n" for body in server.bodies] == [shown.stdout]


async def test_waiting_is_told(run: Command, failing: Path) -> None:
    busy = http("429 Too Many Requests", b'{"error": {"message": "slow down"}}', Retry_After="1")
    async with wire(turns=[busy, ANSWER]) as server:
        done = await asyncio.to_thread(run, "explain", "--endpoint", server.url, "--model", "m", "--yes", failing)
    assert done.stderr == b"logsieve: 127.0.0.1 is busy: trying again in 1 s (1 of 3).\n"
    assert done.returncode == 0


async def test_an_interrupt_closes_the_connection(run: Command, failing: Path) -> None:
    async with wire(sse(*OPENAI.text("## Cause\nIt is so.\nAnd "), length=10_000), None) as server:
        options: list[str | Path] = ["explain", "--endpoint", server.url, "--model", "m", "--yes", str(failing)]
        process = await asyncio.create_subprocess_exec(
            COMMAND, *options, env=run.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert process.stdout
        assert await process.stdout.readline() == b"## Cause\n"
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(server.left.wait(), 60)
        assert await process.wait() == 130
        await process.communicate()


# Consent


def test_consent_goes_for_one_folder_and_says_what_else_it_covers(
    run: Command, failing: Path, endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> None:
    command = [COMMAND, *to(endpoint), "--input-price", "3", failing]
    agreed = Terminal(command, run.environment, folder=run.folder)
    asked = " ".join(agreed.until(b"[y/N]").decode().split())
    assert "at the prices set about 0.0" in asked
    assert "The model may ask for up to 4,000 tokens of further lines of this log" in asked
    agreed.type(b"y\n")
    agreed.end()
    assert run("consent").stdout.decode() == f"{endpoint.url}  {run.folder}\n"
    assert run(*to(endpoint), failing).returncode == 0

    elsewhere = Command(tmp_path_factory.mktemp("elsewhere"))
    assert b"nothing was sent" in elsewhere(*to(endpoint), failing).stderr
    assert len(endpoint.received) == 2

    assert run("consent", "--revoke", endpoint.url).returncode == 0
    assert run("consent").stdout == b""
    assert b"nothing was sent" in run(*to(endpoint), failing).stderr
    again = run("consent", "--revoke", endpoint.url)
    assert (again.returncode, again.stderr.decode()) == (2, f"logsieve: {endpoint.url} was not agreed to\n")


# Keys


def test_a_key_of_the_keyring_is_sent_where_the_environment_has_none(
    run: Command, failing: Path, endpoint: Endpoint
) -> None:
    kept = run("keys", "set", "ACME_KEY", input=b"made-up-key\n")
    assert (kept.returncode, kept.stdout, kept.stderr) == (0, b"", b"logsieve: kept ACME_KEY\n")
    asked = [*to(endpoint), "--key-variable", "ACME_KEY", "--yes", failing]
    run(*asked)
    run(*asked, ACME_KEY="from-the-environment")
    assert run("keys", "delete", "ACME_KEY").stderr == b"logsieve: deleted ACME_KEY\n"
    assert run("keys", "delete", "ACME_KEY").stderr == b"logsieve: there was no ACME_KEY\n"
    run(*asked)
    told = [request.headers.get("Authorization") for request in endpoint.received]
    assert told == ["Bearer made-up-key", "Bearer from-the-environment", None]


def test_a_key_that_is_typed_is_not_shown(run: Command) -> None:
    typed = Terminal([COMMAND, "keys", "set", "ACME_KEY"], run.environment)
    typed.until(b"Key: ")
    typed.type(b"made-up-key\n")
    code, shown = typed.end()
    assert code == 0
    assert "kept ACME_KEY" in shown
    assert "made-up-key" not in shown


@pytest.mark.parametrize("key", [b"", b"\n", b"schl\xc3\xbcssel\n", b"a\x1b[31mb\n"])
def test_what_is_no_key_is_not_kept(run: Command, key: bytes) -> None:
    done = run("keys", "set", "ACME_KEY", input=key)
    assert done.returncode == 2
    assert b"is no API key" in done.stderr
    assert run("keys", "delete", "ACME_KEY").stderr == b"logsieve: there was no ACME_KEY\n"


def test_a_machine_without_a_keyring_is_told(run: Command, failing: Path, endpoint: Endpoint) -> None:
    none = "keyring.backends.fail.Keyring"
    done = run("keys", "set", "ACME_KEY", input=b"made-up-key\n", PYTHON_KEYRING_BACKEND=none)
    assert b"keyring cannot be used" in done.stderr
    assert done.returncode == 2
    asked = [*to(endpoint), "--key-variable", "ACME_KEY", "--yes", failing]
    assert run(*asked, PYTHON_KEYRING_BACKEND=none).returncode == 0
    assert run(*asked, PYTHON_KEYRING_BACKEND="no.such.Backend").returncode == 0


def test_headers_of_the_environment_are_its_lines(run: Command, failing: Path, endpoint: Endpoint) -> None:
    given = "X-Team: build farm\nX-Gateway-Key: ${GATEWAY}"
    done = run(*to(endpoint), "--yes", failing, LOGSIEVE_EXPLAIN_HEADERS=given, GATEWAY="s3cr3t")
    assert done.returncode == 0
    told = endpoint.received[0].headers
    assert (told["X-Team"], told["X-Gateway-Key"]) == ("build farm", "s3cr3t")
    refused = run(*to(endpoint), "--yes", "--headers", "X-Api-Key: literal", failing)
    assert b"--headers: what X-Api-Key says is no business of a settings file" in refused.stderr
    assert len(endpoint.received) == 1


def test_a_progress_bar_is_gone_before_an_operation_may_ask(failing: Path) -> None:
    shares: list[float] = []

    def ask(_analysis: object, path: str) -> dict[str, str]:
        assert shares[-1] == 1
        return {"path": path}

    job = many.Job(Operation("ask", "", "", ask), {}, packs.load(), "json", 80)
    job(Log(str(failing), failing.read_bytes()), shares.append)
    assert shares
