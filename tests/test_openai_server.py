"""The endpoint that other tests talk to does what its modes say, as seen by the real client library."""

from __future__ import annotations

import openai
import pytest

import openai_server
from openai_server import Mode, serve

PROMPT = "  40 | collecting\n  41 | E   assert 3 == 4\n"


def ask(url: str, timeout: float = 5) -> str:
    with openai.OpenAI(base_url=url, api_key="test", timeout=timeout, max_retries=0) as client:
        stream = client.chat.completions.create(
            model="test-model", messages=[{"role": "user", "content": PROMPT}], stream=True
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def test_ok_quotes_a_line_of_the_prompt_and_records_the_request() -> None:
    with serve() as endpoint:
        assert "> 41 | E   assert 3 == 4\n" in ask(endpoint.url)
    assert [(r.method, r.path) for r in endpoint.received] == [("POST", "/v1/chat/completions")]
    assert endpoint.received[0].json["messages"][0]["content"] == PROMPT


def test_a_given_answer_comes_whole() -> None:
    with serve(answer="any text") as endpoint:
        assert ask(endpoint.url) == "any text"


def test_lies_quotes_what_was_not_there() -> None:
    with serve("lies") as endpoint:
        assert openai_server.LIE in ask(endpoint.url)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("500", openai.InternalServerError),
        ("401", openai.AuthenticationError),
        ("garbage", Exception),
        ("cut", Exception),
        ("stall", Exception),
    ],
)
def test_failures(mode: Mode, error: type[Exception]) -> None:
    with serve(mode) as endpoint, pytest.raises(error):
        ask(endpoint.url, timeout=0.5)


def test_slow_waits_for_each_step() -> None:
    with serve("slow", answer="x" * 24) as endpoint:
        endpoint.step.release(2)
        assert ask(endpoint.url) == "x" * 24


def test_a_client_that_leaves_is_noticed() -> None:
    with serve("stall") as endpoint:
        with pytest.raises(Exception, match=r"(?i)time"):
            ask(endpoint.url, timeout=0.5)
        assert endpoint.gone.acquire(timeout=5)
