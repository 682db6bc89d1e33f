"""What a model may ask for and what it gets, over real HTTP: further lines within bounds, less where it is too much."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from logsieve import packs
from logsieve.core.analysis import Analysis, analyse
from logsieve.llm import errors, explain, openai_api, reading
from logsieve.llm.provider import Call, Turn
from logsieve.settings import DEFAULTS, Settings
from logsieve.text import LogText
from wire import ANTHROPIC, OPENAI, Anthropic, OpenAI, Wire, http, sse, wire

Api = OpenAI | Anthropic
TOKEN = "ghp_" + "a1B2" * 9
OTHER = "ghp_" + "z9Y8" * 9


@cache
def _packs() -> packs.PackSet:
    return packs.load()


@cache
def log() -> Analysis:
    """A step that passed and holds what the excerpt leaves out, and one that failed."""
    lines = [
        "##[group]Run ./fetch",
        f"cloning https://ci:{TOKEN}@github.com/acme/app",
        *(f"fetched part {n} of the archive" for n in range(400)),
        f"the mirror at {OTHER} and {TOKEN} is stale ```",
        *(f"unpacked file {n}" for n in range(400)),
        "##[endgroup]",
        "##[group]Run pytest",
        "tests/test_sum.py::test_sum FAILED",
        "    def test_sum():",
        f">       assert clone('https://ci:{TOKEN}@github.com/a/b') == 4",
        "E       AssertionError: assert 3 == 4",
        "tests/test_sum.py:12: AssertionError",
        "FAILED tests/test_sum.py::test_sum - AssertionError: assert 3 == 4",
        "1 failed in 0.1s",
        "##[error]Process completed with exit code 1.",
    ]
    return analyse(LogText.from_bytes("".join(f"{line}\n" for line in lines).encode()), _packs())


def many_failures() -> Analysis:
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
    lines = [f"src/{a}/{b}.c:{n}:3: error: unknown type name '{a}_{b}'" for n, a in enumerate(words) for b in words]
    return analyse(LogText.from_bytes("".join(f"{line}\n\n" for line in lines).encode()), _packs())


@pytest.fixture(params=[OPENAI, ANTHROPIC], ids=lambda api: api.provider)
def api(request: pytest.FixtureRequest) -> Api:
    """Each of the two APIs."""
    chosen: Api = request.param
    return chosen


def settings(server: Wire | None = None, api: Api = OPENAI, **changes: Any) -> Settings:
    url = server.url if server else "http://127.0.0.1:1/v1"
    llm = replace(DEFAULTS.llm, provider=api.provider, endpoint=url, model="test-model", timeout=20)  # type: ignore[arg-type]  # one of the two
    return replace(DEFAULTS, llm=replace(llm, **changes))


class Asked:
    """One explanation as a face runs it."""

    def __init__(self, to: Settings, analysis: Analysis, shown: Analysis | None = None) -> None:
        self.to, self.analysis = to, analysis
        self.prepared = explain.prepare(shown or analysis, to)
        self.notes: list[str] = []
        self.pieces: list[str] = []

    async def __call__(self) -> explain.Answer:
        payload = self.prepared.payload

        async def look(calls: Sequence[Call]) -> Sequence[reading.Looked]:
            return explain.looked(self.analysis, self.to, None, payload, calls)

        async def less(times: int, tools: bool) -> str | None:
            return explain.smaller(self.analysis, self.to, None, payload, times, tools)

        return await explain.run(payload, self.to, self.pieces.append, note=self.notes.append, look=look, less=less)


def results(body: bytes) -> list[str]:
    """What the model got for its calls, in a follow-up of either API."""
    out: list[str] = []
    for message in json.loads(body)["messages"]:
        if message["role"] == "tool":
            out.append(message["content"])
        elif isinstance(message["content"], list):
            out += [block["content"] for block in message["content"] if block["type"] == "tool_result"]
    return out


def calling(api: Api, name: str, said: str = "", **given: Any) -> bytes:
    """A turn in which the model asks for one thing."""
    return sse(*(api.text(said) if said else ()), *api.calls(("one", name, json.dumps(given))), *api.end("tools"))


def done(api: Api, text: str = "## Cause\nIt is so.") -> bytes:
    return sse(*api.text(text), *api.end())


def refused(message: str, status: str = "400 Bad Request") -> bytes:
    return http(status, json.dumps({"error": {"message": message}}).encode())


# Further lines


async def test_the_model_gets_the_lines_it_asks_for_and_the_user_is_told(api: Api) -> None:
    async with wire(turns=[calling(api, "lines", "Let me look.", a=402, b=404), done(api)]) as server:
        asked = Asked(settings(server, api), log())
        answer = await asked()
    first, second = map(json.loads, server.bodies)
    assert server.bodies[0] == asked.prepared.payload.encode()
    assert {**second, "messages": second["messages"][: len(first["messages"])]} == first
    (result,) = results(server.bodies[1])
    assert "402 | fetched part 399 of the archive" in result
    assert answer.further == ("lines: L402-L404",)
    assert asked.notes == ["Sending what the model asks for: lines: L402-L404"]
    assert answer.text == "Let me look.\n\n## Cause\nIt is so."
    assert "".join(asked.pieces) == answer.text


async def test_what_the_api_wants_said_back_is_said() -> None:
    two = [("one", "lines", '{"a": 1, "b": 1}'), ("two", "search", '{"text": "stale"}')]
    bodies = {}
    for api in (OPENAI, ANTHROPIC):
        turn = sse(*api.text("Wait."), *api.calls(*two), *api.end("tools"))
        async with wire(turns=[turn, done(api)]) as server:
            await Asked(settings(server, api), log())()
        bodies[api.provider] = json.loads(server.bodies[1])["messages"]
    *_, said, first, second = bodies["openai"]
    assert (said["role"], said["content"]) == ("assistant", "Wait.")
    assert [call["id"] for call in said["tool_calls"]] == [first["tool_call_id"], second["tool_call_id"]]
    assert said["tool_calls"][1]["function"] == {"name": "search", "arguments": '{"text": "stale"}'}
    *_, said, told = bodies["anthropic"]
    assert said["content"][0] == {"type": "text", "text": "Wait."}
    assert said["content"][2] == {"type": "tool_use", "id": "two", "name": "search", "input": {"text": "stale"}}
    assert [block["tool_use_id"] for block in told["content"]] == ["one", "two"]


def test_calls_are_told_apart_where_a_server_gives_all_of_them_one_index() -> None:
    turn = Turn()
    for id_, line in (("one", 1), ("two", 2)):
        function = {"name": "lines", "arguments": {"a": line, "b": line}}  # not as text, as some give it
        part = {"index": 0, "id": id_, "type": "function", "function": function}
        openai_api.read({"choices": [{"delta": {"tool_calls": [part]}, "finish_reason": None}]}, turn)
    assert turn.calls == [Call("one", "lines", '{"a": 1, "b": 1}'), Call("two", "lines", '{"a": 2, "b": 2}')]


async def test_what_is_read_is_redacted_with_the_numbers_of_the_excerpt_and_fenced(api: Api) -> None:
    async with wire(
        turns=[calling(api, "search", text="mirror"), calling(api, "search", text="stale"), done(api)]
    ) as server:
        asked = Asked(settings(server, api), log())
        await asked()
    assert "ci:<secret:1>@github.com" in asked.prepared.payload
    both = results(server.bodies[2])
    assert len(both) == 2
    for result in both:
        assert "the mirror at <secret:2> and <secret:1> is stale ```" in result
        assert result.startswith("````text\n")  # longer than what the line holds
        assert result.endswith("\n````")
    for body in server.bodies:
        assert TOKEN.encode() not in body
        assert OTHER.encode() not in body


@pytest.mark.parametrize(
    ("name", "given", "holds", "told"),
    [
        ("lines", {"a": 2, "b": 2}, "2 | cloning", "lines: L2"),
        ("lines", {"a": "2", "b": 2.0}, "2 | cloning", "lines: L2"),
        ("lines", {"a": 800, "b": 10**6}, "813 | ", "lines: L800-L813"),
        ("lines", {"a": 900, "b": 950}, "No lines 900 to 950: the log has 813.", ""),
        ("lines", {"a": 5, "b": 4}, "No lines 5 to 4", ""),
        ("lines", {"a": 5}, "lines takes a, b.", ""),
        ("search", {"text": "STALE"}, "403 | the mirror", "search 'STALE': L402-L404"),
        ("search", {"text": "nowhere said"}, "Nothing.", "search 'nowhere said': nothing"),
        ("search", {"text": ""}, "expected some text", ""),
        ("finding", {"i": 1}, "AssertionError", "finding 1: "),
        ("finding", {"i": 99}, "No finding 99", ""),
        ("section", {"line": 300}, "1 | ##[group]Run ./fetch", "section: L1-L"),
        ("section", {"line": 300}, "803 | unpacked file 399", "section: L1-L"),
        ("section", {"line": 10**6}, "No section holds line 1000000.", ""),
        ("shell", {"command": "ls"}, "No such tool. There are lines, search, finding, section.", ""),
    ],
)
def test_what_each_tool_gives(name: str, given: dict[str, Any], holds: str, told: str) -> None:
    to = settings()
    payload = explain.prepare(log(), to).payload
    (found,) = explain.looked(log(), to, None, payload, [Call("one", name, json.dumps(given))])
    assert holds in found.text
    assert found.told.startswith(told)
    assert bool(found.told) == bool(told)


@pytest.mark.parametrize(
    "arguments", ["", "{", "[]", "null", '"a"', '{"a": {"b": 1}, "b": null}', '{"a": 1e400, "b": 1}']
)
def test_arguments_that_are_none_are_answered(arguments: str) -> None:
    to = settings()
    payload = explain.prepare(log(), to).payload
    (found,) = explain.looked(log(), to, None, payload, [Call("one", "lines", arguments)])
    assert (found.text, found.told) == ("lines takes a, b.", "")


def test_calls_and_tokens_are_bounded() -> None:
    to = settings(followUp=2500)
    payload = explain.prepare(log(), to).payload
    calls = [Call(str(n), "lines", '{"a": 1, "b": 800}') for n in range(12)]
    found = explain.looked(log(), to, None, payload, calls)
    sizes = [len(one.text.encode()) // 4 for one in found]
    assert max(sizes) <= reading.MOST + 10
    assert sum(sizes[:3]) <= 2500 + 30
    assert {one.text for one in found[3:]} == {reading.NO_MORE}
    assert {one.told for one in found[3:]} == {""}
    calls = [Call(str(n), "lines", '{"a": 1, "b": 1}') for n in range(12)]
    found = explain.looked(log(), to, None, payload, calls)
    assert [one.text == reading.NO_MORE for one in found] == [False] * 8 + [True] * 4


async def test_a_model_that_asks_without_end_is_told_to_answer(api: Api) -> None:
    async with wire(calling(api, "lines", a=1, b=2)) as server:
        with pytest.raises(errors.EmptyAnswerError) as caught:
            await Asked(settings(server, api), log())()
    assert len(server.requests) == 1 + 8 + 1  # the question, eight looks, and one that is told that there is no more
    assert caught.value.further == ("lines: L1-L2",) * 8
    last = json.loads(server.bodies[-1])
    assert last["tool_choice"] == ("none" if api is OPENAI else {"type": "none"})
    assert "tool_choice" not in json.loads(server.bodies[-2])


async def test_where_nothing_may_be_asked_for_no_tools_are_told_of(api: Api) -> None:
    async with wire(done(api)) as server:
        asked = Asked(settings(server, api, followUp=0), log())
        await asked()
    assert "tools" not in json.loads(server.bodies[0])
    assert "your tools" not in asked.prepared.payload
    assert "further lines" not in asked.prepared.terms
    assert "up to 4,000 tokens of further lines" in explain.prepare(log(), settings()).terms


async def test_a_log_that_has_changed_gives_nothing_more(api: Api) -> None:
    async with wire(turns=[calling(api, "lines", a=1, b=9), done(api)]) as server:
        answer = await Asked(settings(server, api), many_failures(), shown=log())()
    assert results(server.bodies[1]) == ["The log has changed, or the code. Answer with what you have."]
    assert answer.further == ()


async def test_what_was_sent_is_told_when_the_answer_fails(api: Api) -> None:
    async with wire(turns=[calling(api, "lines", "So.", a=1, b=2), refused("Incorrect key", "401 x")]) as server:
        with pytest.raises(errors.UnauthorisedError) as caught:
            await Asked(settings(server, api), log())()
    assert (caught.value.partial, caught.value.further) == ("So.", ("lines: L1-L2",))


# Endpoints that take no tools, and contexts that are too small


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("400 Bad Request", "registry.ollama.ai/library/gemma:2b does not support tools"),
        ("404 Not Found", "No endpoints found that support tool use."),
        ("422 Unprocessable Entity", "extra fields not permitted: tools"),
        ("500 Internal Server Error", "tools param requires --jinja flag"),
    ],
)
async def test_an_endpoint_without_tools_is_asked_once_more_without(api: Api, status: str, message: str) -> None:
    async with wire(turns=[refused(message, status), done(api)]) as server:
        asked = Asked(settings(server, api), log())
        answer = await asked()
    assert answer.text.startswith("## Cause")
    first, second = map(json.loads, server.bodies)
    assert "tools" in first
    assert "tools" not in second
    assert "your tools" not in server.bodies[1].decode()
    assert strings(second) <= strings(first)
    assert "takes no tools" in asked.notes[0]


async def test_an_endpoint_that_goes_on_about_tools_is_left(api: Api) -> None:
    async with wire(refused("tools are not supported")) as server:
        with pytest.raises(errors.RejectedError, match="tools are not supported"):
            await Asked(settings(server, api), log())()
    assert len(server.requests) == 2


def strings(value: Any) -> set[str]:
    """Every line of every text in a body."""
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings, value))
    return set(value.split("\n")) if isinstance(value, str) else set()


TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
    "the request exceeds the available context size, try increasing it",
    "prompt is too long: 208310 tokens > 200000 maximum",
    "Trying to keep the first 5000 tokens when context the overflows.",
    "Requested tokens (9000) exceed context window of 2048",
)


@pytest.mark.parametrize("message", TOO_LONG)
async def test_what_is_too_long_becomes_fewer_of_the_lines_that_were_shown(api: Api, message: str) -> None:
    async with wire(turns=[refused(message), refused(message), done(api)]) as server:
        asked = Asked(settings(server, api), many_failures())
        answer = await asked()
    assert answer.text.startswith("## Cause")
    bodies = [json.loads(body) for body in server.bodies]
    sizes = [len(body) for body in server.bodies]
    assert sizes[0] > sizes[1] > sizes[2]
    gap = re.compile(r" *\.\.\. \| \[[\d,]+ lines?\]")
    for body in bodies[1:]:
        assert not [line for line in strings(body) - strings(bodies[0]) if not gap.fullmatch(line)]
        assert "error: unknown type name" in json.dumps(body)  # the root cause stays
    assert [note.startswith("That is too long for test-model") for note in asked.notes] == [True, True]


async def test_an_endpoint_for_which_all_is_too_long_is_left(api: Api) -> None:
    async with wire(refused(TOO_LONG[0])) as server:
        with pytest.raises(errors.TooLongError, match="too long for test-model"):
            await Asked(settings(server, api), many_failures())()
    assert len(server.requests) == 1 + explain.TIMES


async def test_without_tools_and_with_less(api: Api) -> None:
    async with wire(turns=[refused("no tools here"), refused(TOO_LONG[0]), done(api)]) as server:
        await Asked(settings(server, api), many_failures())()
    assert ["tools" in json.loads(body) for body in server.bodies] == [True, False, False]
    assert len(server.bodies[2]) < len(server.bodies[1])


async def test_further_lines_that_are_too_much_are_taken_back(api: Api) -> None:
    turns = [calling(api, "lines", a=1, b=300), refused(TOO_LONG[0]), done(api)]
    async with wire(turns=turns) as server:
        answer = await Asked(settings(server, api), log())()
    assert results(server.bodies[2]) == [reading.NO_MORE]
    assert answer.text.startswith("## Cause")


def test_a_small_context_gets_a_small_excerpt() -> None:
    from logsieve.llm import prompt

    large = explain.prepare(many_failures(), settings())
    for context in (3000, 4096, 8192):
        small = explain.prepare(many_failures(), settings(context=context))
        messages = json.loads(small.payload)["messages"]
        assert small.problem is None
        assert prompt.size(messages) + explain.ANSWER <= context
        assert "error: unknown type name 'alpha_alpha'" in messages[1]["content"]
    assert explain.prepare(many_failures(), settings(context=3000)).tokens < large.tokens
    assert explain.prepare(many_failures(), settings(context=1_000_000)).payload == large.payload


def test_a_context_that_holds_no_excerpt_is_a_problem() -> None:
    found = explain.prepare(log(), settings(context=1200))
    assert "logsieve.llm.context" in (found.problem or "")


def test_what_further_lines_may_take_fits_the_context() -> None:
    roomy, tight = settings(context=8000, followUp=50_000), settings(context=3000, followUp=50_000)
    assert re.search(r"up to ([\d,]+) tokens", explain.prepare(log(), roomy).terms)
    most = int(re.findall(r"up to ([\d,]+) tokens", explain.prepare(log(), roomy).terms)[0].replace(",", ""))
    assert 0 < most < 8000
    few = re.findall(r"up to ([\d,]+) tokens", explain.prepare(log(), tight).terms)
    assert not few or int(few[0].replace(",", "")) < 2000


# What is agreed to


def test_the_terms_say_what_it_costs_where_prices_are_set() -> None:
    free = explain.prepare(log(), settings())
    assert "prices" not in free.terms
    priced = explain.prepare(log(), settings(inputPrice=3.0, outputPrice=15.0))
    cost = (priced.tokens * 3 + 1000 * 15) / 1e6
    assert f"at the prices set about {cost:.4f} with an answer of 1,000 tokens" in priced.terms


def test_the_editors_own_models_get_the_messages_as_plain_data() -> None:
    found = explain.prepare(log(), settings(provider="editor"))
    body = json.loads(found.payload)
    assert body.keys() == {"messages"}
    assert [set(message) for message in body["messages"]] == [{"role", "content"}] * 2
