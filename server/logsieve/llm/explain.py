"""Explain a failure: `prepare` turns an analysis into the payload, `run` sends it, lets the model ask for more of the
log, and streams the answer.
"""

from __future__ import annotations

import re
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from importlib import import_module
from json import loads
from typing import TYPE_CHECKING, NamedTuple

from logsieve.llm import client, errors, reading
from logsieve.llm.provider import Call, Message, Turn, text_of
from logsieve.settings import Llm, Settings

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.core.excerpts import Shown
    from logsieve.core.redact import Redactor
    from logsieve.core.render import Rendered
    from logsieve.llm.prompt import Source

__all__ = ["Answer", "Prepared", "along", "looked", "messages", "prepare", "run", "smaller"]

ANSWER = 1000  # tokens of an answer, for the estimate of costs, and kept free in the context
DESCRIBED = 500  # tokens that the tools' descriptions take of it
CLOSER = 1.6  # a context's tokens are estimated on the safe side, a budget's are not: `prompt.size` and `tokens_of`
UNLIMITED = 1 << 40
LEAST = 100  # tokens of an excerpt; less says nothing
TIMES = 3  # that an excerpt is halved where the endpoint finds it too long


# Of each function its file's path, the number of its first line (1-based), and its lines.
Functions = Sequence[tuple[str, int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a user is shown before anything is sent.

    `payload` is the exact body, `tokens` its size, `terms` what else they agree to, in words, `source` the code that
    goes along, as it is sent, `problem` what is not configured and what to do, or None.
    """

    payload: str
    tokens: int
    terms: str
    endpoint: str
    model: str
    source: list[Source]
    problem: str | None

    @property
    def code(self) -> bool:
        """Whether code goes along."""
        return bool(self.source)


class Answer(NamedTuple):
    """What a model said, and what else of the log was sent because it asked for it, in words."""

    text: str
    further: tuple[str, ...]


class _Made(NamedTuple):
    prepared: Prepared
    shown: Shown
    further: int  # tokens of further lines that the model may ask for


def messages(
    analysis: Analysis,
    budget: int,
    finding: int | None = None,
    turns: Sequence[dict[str, str]] = (),
    source: Functions = (),
) -> tuple[list[dict[str, str]], list[Source]]:
    """What a model is told, with an excerpt of at most `budget` tokens, and then in a conversation; and the code in it,
    as it is sent. Pure.
    """
    from logsieve.core.excerpts import reduced
    from logsieve.llm import prompt

    shown = reduced(analysis, budget, finding)
    first = _messages(shown.rendered, analysis, shown.redactor, finding, source, tools=False)
    # Redacted as well, with the numbers of the excerpt: a question is often a piece of the log.
    said = shown.redactor.texts(turn["content"] for turn in turns)
    then = ({**turn, "content": prompt.inert(text)} for turn, text in zip(turns, said, strict=True))
    return [*first, *then], prompt.sent(_parts(source), shown.redactor)


def prepare(analysis: Analysis, settings: Settings, finding: int | None = None, source: Functions = ()) -> Prepared:
    """The payload that explains the whole failure, or one finding of `analysis.findings`, with the functions that it
    went through. Pure; returns plain data.
    """
    return _made(analysis, settings, finding, source).prepared


def looked(
    analysis: Analysis,
    settings: Settings,
    finding: int | None,
    payload: str,
    calls: Sequence[Call],
    source: Functions = (),
) -> tuple[reading.Looked, ...]:
    """What the model gets for all it asked for so far. Pure. Nothing, if log and code are not those of the payload."""
    made = _made(analysis, settings, finding, source)
    if made.prepared.payload != payload:
        return tuple(reading.Looked("The log has changed, or the code. Answer with what you have.", "") for _ in calls)
    return reading.look(analysis, made.shown.redactor, calls, made.further)


def smaller(
    analysis: Analysis,
    settings: Settings,
    finding: int | None,
    payload: str,
    times: int,
    tools: bool,
    source: Functions = (),
) -> str | None:
    """The payload with its excerpt halved so often, then without functions, and with or without tools; None where there
    is no such thing.

    It needs no second question: it is made of lines of the shown one alone, and who agreed to all agreed to some.
    """
    from logsieve.core.excerpts import narrowed
    from logsieve.core.reduce import reduce

    made = _made(analysis, settings, finding, source)
    rendered = made.shown.rendered
    budget = rendered.tokens >> times
    if made.prepared.payload != payload or times > TIMES or (times and budget < LEAST):
        return None
    if times:
        rendered = narrowed(made.shown, reduce(analysis, budget, finding), len(analysis.text))
    told = _messages(rendered, analysis, made.shown.redactor, finding, () if times else source, tools)
    before = _messages(made.shown.rendered, analysis, made.shown.redactor, finding, source, made.further > 0)
    return _payload(settings.llm, told, tools) if _covered(told, before) else None


def _made(analysis: Analysis, settings: Settings, finding: int | None, source: Functions) -> _Made:
    # Imported here, because the language server's front uses `run` alone and stays free of the engine.
    from logsieve.core.excerpts import reduced
    from logsieve.core.render import tokens_of
    from logsieve.llm import prompt

    llm = settings.llm
    room = llm.context - ANSWER if llm.context else UNLIMITED
    further = llm.followUp if llm.provider in client.PROVIDERS else 0
    while True:
        tools = further >= reading.LEAST
        tried: list[Shown] = []

        def made(budget: int, tools: bool = tools, tried: list[Shown] = tried) -> list[dict[str, str]]:
            tried.append(reduced(analysis, budget, finding))
            return _messages(tried[-1].rendered, analysis, tried[-1].redactor, finding, source, tools)

        told = prompt.fitted(made, llm.budget, room - DESCRIBED * tools)
        left = room - DESCRIBED * tools - prompt.size(told)
        if not tools or left >= reading.LEAST * CLOSER:
            break
        further = 0  # a small context has room for the excerpt alone
    payload = _payload(llm, told, tools)
    wrong = client.problem(llm)
    if left < 0:
        wrong = errors.TooLongError(
            f"A context of {llm.context:,} tokens (logsieve.llm.context) is too small for any excerpt."
        )
    further = min(further, int(left / CLOSER)) if tools else 0
    prepared = Prepared(
        payload=payload,
        tokens=tokens_of(payload),
        terms=_terms(llm, tokens_of(payload), further, source),
        endpoint=llm.endpoint,
        model=llm.model,
        source=prompt.sent(_parts(source), tried[-1].redactor),
        problem=None if wrong is None else str(wrong),
    )
    return _Made(prepared, tried[-1], further)


def _messages(
    rendered: Rendered, analysis: Analysis, redactor: Redactor, finding: int | None, source: Functions, tools: bool
) -> list[dict[str, str]]:
    from logsieve.llm import prompt

    return prompt.messages(rendered, analysis, redactor, finding, source=_parts(source), tools=tools)


def _parts(source: Functions) -> list[Source]:
    from logsieve.llm import prompt

    return [prompt.Source(*function) for function in source]


def _payload(llm: Llm, told: Sequence[Message], tools: bool) -> str:
    if llm.provider not in client.PROVIDERS:  # the editor's own models: it sends these itself
        return text_of({"messages": list(told)})
    return text_of(client.PROVIDERS[llm.provider].body(llm, told, reading.TOOLS if tools else ()))


def _terms(llm: Llm, tokens: int, further: int, source: Functions) -> str:
    said = f"About {tokens:,} tokens"
    if llm.inputPrice or llm.outputPrice:
        cost = (tokens * llm.inputPrice + ANSWER * llm.outputPrice) / 1_000_000
        said += f", at the prices set about {cost:.4f} with an answer of {ANSWER:,} tokens"
    said += along(source)
    if further:
        said += (
            f". The model may ask for up to {further:,} tokens of further lines of this log; "
            "they are redacted alike, and the answer lists them"
        )
    return f"{said}."


def along(source: Functions) -> str:
    """What is said of the code that goes along, behind other words; empty where none does."""
    places = [f"{path}:{first}-{first + len(lines) - 1}" for path, first, lines in source]
    return f". Code goes along, redacted alike: {', '.join(places)}" if places else ""


def _covered(told: Iterable[Message], before: Iterable[Message]) -> bool:
    """Whether nothing is told that was not told before, but fences and how many lines and findings are left out."""
    known = {line for message in before for line in message["content"].split("\n")}
    ours = re.compile(r"`{3,}(?:text)?|\s*\.\.\. \| \[[\d,]+ lines?\]|and \d+ more findings")
    return all(line in known or ours.fullmatch(line) for message in told for line in message["content"].split("\n"))


async def run(
    payload: str,
    settings: Settings,
    on_chunk: Callable[[str], None],
    *,
    note: client.Note = lambda _: None,
    look: Callable[[Sequence[Call]], Awaitable[Sequence[reading.Looked]]] | None = None,
    less: Callable[[int, bool], Awaitable[str | None]] | None = None,
) -> Answer:
    """Send exactly this payload; `on_chunk` gets the answer as it comes, safe to show, `note` what else happens.

    `look` is `looked` for all calls so far: without it the model gets no more than the payload. `less` is `smaller`,
    for an endpoint that finds the payload too long, or takes no tools. Raises errors.LlmError, whose `partial` and
    `further` hold what had come and gone. Cancelling closes the connection.
    """
    await to_thread(import_module, "logsieve.llm.answer")
    from logsieve.llm.answer import Stream

    stream = Stream()

    def show(shown: str) -> None:
        if shown:
            on_chunk(shown)

    talk = _Conversation(payload, settings.llm, lambda piece: show(stream.feed(piece)), note, less)
    try:
        while True:
            try:
                turn = await talk.turn()
            except errors.NoToolsError:
                if not await talk.without_tools():
                    raise
                continue
            except errors.TooLongError:
                if not await talk.shorter():
                    raise
                continue
            if not turn.calls or look is None or talk.last:
                break
            await talk.answer(turn, look)
    except errors.LlmError as error:
        error.partial, error.further = talk.text, tuple(talk.further)
        show(stream.end())
        raise
    show(stream.end())
    if not talk.text.strip():
        empty = errors.EmptyAnswerError("The model answered nothing. Try again, or another model.")
        empty.further = tuple(talk.further)
        raise empty
    return Answer(talk.text, tuple(talk.further))


class _Conversation:
    """The bodies that go out one after the other, and what comes back."""

    def __init__(
        self,
        payload: str,
        llm: Llm,
        on_chunk: Callable[[str], None],
        note: client.Note,
        less: Callable[[int, bool], Awaitable[str | None]] | None,
    ) -> None:
        self.llm, self.on_chunk, self.note, self.less = llm, on_chunk, note, less
        self.body = payload
        self.text = ""
        self.further: list[str] = []
        self.last = False  # whether the model was told that there is no more
        self._calls: list[Call] = []
        self._before: tuple[str, Turn] | None = None
        self._tools = True
        self._times = 0

    async def turn(self) -> Turn:
        """Send the body and take in what comes."""
        turn = Turn()
        async with aclosing(client.stream(self.llm, self.body, turn, self.note)) as pieces:
            async for piece in pieces:
                if self.text and turn.text == piece:  # its first
                    piece = f"\n\n{piece}"
                self.text += piece
                self.on_chunk(piece)
        return turn

    async def without_tools(self) -> bool:
        """Ask the same without tools; whether that is something else."""
        if not self._tools or self._before is not None:
            return False
        self._tools = False
        return await self._less(f"{client.host(self.llm)} takes no tools: asking without them.")

    async def shorter(self) -> bool:
        """Send less: a smaller excerpt, or nothing of what the model asked for last; whether there is less."""
        if self._before is None:
            self._times += 1
            return await self._less(f"That is too long for {self.llm.model}: sending fewer of the lines shown.")
        if self.last:
            return False
        self._follow(*self._before, [reading.NO_MORE] * len(self._before[1].calls), last=True)
        return True

    async def _less(self, why: str) -> bool:
        body = await self.less(self._times, self._tools) if self.less else None
        if body is not None:
            self.body = body
            self.note(why)
        return body is not None

    async def answer(self, turn: Turn, look: Callable[[Sequence[Call]], Awaitable[Sequence[reading.Looked]]]) -> None:
        """Give the model what it asked for."""
        self._calls += turn.calls
        found = (await look(self._calls))[-len(turn.calls) :]
        for one in found:
            if one.told:
                self.further.append(one.told)
                self.note(f"Sending what the model asks for: {one.told}")
        last = any(one.text == reading.NO_MORE for one in found)
        self._follow(self.body, turn, [one.text for one in found], last)

    def _follow(self, body: str, turn: Turn, results: Sequence[str], last: bool) -> None:
        self._before, self.last = (body, turn), last
        self.body = text_of(client.PROVIDERS[self.llm.provider].follow(loads(body), turn, results, last))
