"""Transport to an OpenAI-compatible endpoint: the body that goes out is the payload that was shown, byte for byte.

LlmError                   what every failure is; str() says what happened and what to do
+-- NotConfiguredError     no endpoint or no model is set, or the endpoint is no address
+-- InsecureError          an API key would cross a network unencrypted
+-- UnreachableError       no connection, or it broke before an answer began
+-- NoAnswerError          silence for longer than the timeout, or no end in sight
+-- UnauthorisedError      401 and 403: the key is missing or refused
+-- UnknownModelError      404: no such model, or no such API under this address
+-- RateLimitedError       429: too many requests, or no credit
+-- ServerError            5xx: the endpoint failed
+-- RejectedError          any other status: the request was not accepted (too long, redirected, ...)
+-- BadAnswerError         the answer is no stream of chat completion chunks
+-- CutOffError            the answer ended in the middle
+-- EmptyAnswerError       the answer holds no text
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from logsieve.settings import Settings

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI, AsyncStream

__all__ = [
    "BadAnswerError",
    "CutOffError",
    "EmptyAnswerError",
    "InsecureError",
    "LlmError",
    "NoAnswerError",
    "NotConfiguredError",
    "RateLimitedError",
    "RejectedError",
    "ServerError",
    "UnauthorisedError",
    "UnknownModelError",
    "UnreachableError",
    "payload",
    "problem",
    "stream",
]

RETRIES = 1  # one, for a dropped connection, 429 or 5xx; more would keep a person waiting for what will not come
TOTAL = (
    10  # an answer may take this many timeouts in all: a slow local model streams for minutes, an endless one must end
)
LONGEST = 200_000  # characters of an answer: far beyond any real one, and an endless stream stops there
DETAIL = 300  # characters of the endpoint's own error message that are shown


class LlmError(Exception):
    """A request to a model failed. `partial` is the text that had arrived until then."""

    partial: str = ""


class NotConfiguredError(LlmError):
    """No endpoint or no model is set, or the endpoint is no address."""


class InsecureError(LlmError):
    """An API key would cross a network unencrypted."""


class UnreachableError(LlmError):
    """No connection, or it broke before an answer began."""


class NoAnswerError(LlmError):
    """Silence for longer than the timeout, or no end in sight."""


class UnauthorisedError(LlmError):
    """The key is missing or refused."""


class UnknownModelError(LlmError):
    """No such model, or no such API under this address."""


class RateLimitedError(LlmError):
    """Too many requests, or no credit left."""


class ServerError(LlmError):
    """The endpoint failed."""


class RejectedError(LlmError):
    """The request was not accepted."""


class BadAnswerError(LlmError):
    """The answer is no stream of chat completion chunks."""


class CutOffError(LlmError):
    """The answer ended in the middle."""


class EmptyAnswerError(LlmError):
    """The answer holds no text."""


def payload(settings: Settings, messages: Sequence[dict[str, str]]) -> str:
    """The exact body of the request, as JSON text that a person can read before it is sent."""
    body = {"model": settings.llm.model, "stream": True, "messages": list(messages)}
    return json.dumps(body, ensure_ascii=False, indent=2)


def problem(settings: Settings) -> LlmError | None:
    """What keeps a request from being sent at all, or None."""
    endpoint, model = settings.llm.endpoint, settings.llm.model
    if not endpoint:
        return NotConfiguredError(
            "No endpoint is set. Set logsieve.llm.endpoint to the base URL of an OpenAI-compatible API, "
            "for example http://localhost:11434/v1 for Ollama."
        )
    url = _parsed(endpoint)
    host = url.hostname
    if not host or url.scheme not in ("http", "https"):
        return NotConfiguredError(
            f"{endpoint!r} is no base URL. Set logsieve.llm.endpoint to one such as https://api.openai.com/v1."
        )
    if url.username or url.password or url.query or url.fragment:
        return NotConfiguredError(
            "logsieve.llm.endpoint holds more than an address. Leave out user, password and query; "
            "the key comes from the environment variable named in logsieve.llm.keyVariable."
        )
    if not model:
        return NotConfiguredError(
            "No model is set. Set logsieve.llm.model to the name of a model that the endpoint serves."
        )
    if not _key(settings).isascii() or not _key(settings).isprintable():
        return NotConfiguredError(
            f"The value of {settings.llm.keyVariable} is no API key: it holds characters no key has."
        )
    if url.scheme == "http" and not _is_loopback(host) and _key(settings):
        return InsecureError(
            f"The API key in {settings.llm.keyVariable} would cross the network unencrypted to {host}. "
            "Use an https:// endpoint, or empty logsieve.llm.keyVariable if this endpoint needs no key."
        )
    return None


async def stream(settings: Settings, payload: str) -> AsyncGenerator[str]:
    """Send the payload and yield the answer's text as it comes.

    Raises an LlmError. Cancelling the task, or closing the iterator, closes the connection.
    """
    wrong = problem(settings)
    if wrong is not None:
        raise wrong
    await asyncio.to_thread(import_module, "openai")  # takes a second, in which an editor's other requests go on
    loop = asyncio.get_running_loop()
    end = loop.time() + TOTAL * settings.llm.timeout
    length, finish = 0, ""
    async with _client(settings) as client:
        answer = await _send(client, settings, payload)
        try:
            _check_content_type(answer, settings)
            while (event := await _next(answer, settings, end - loop.time(), finish)) is not None:
                text, reason = _read(event, settings)
                finish = finish or reason
                length += len(text)
                if text:
                    yield text
                if length > LONGEST:
                    raise NoAnswerError(f"{_host(settings)} keeps talking: stopped after {LONGEST:,} characters.")
        finally:
            await answer.close()
    if not finish:
        raise CutOffError(f"{_host(settings)} ended its answer in the middle. Try again.")
    if finish == "length":
        raise CutOffError(
            "The model stopped at its limit of tokens: the answer is not complete. Raise the limit there."
        )


def _client(settings: Settings) -> AsyncOpenAI:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    # No redirects: the text goes to the address that was agreed to, and nowhere else. No proxy for this machine itself.
    transport = DefaultAsyncHttpxClient(follow_redirects=False, trust_env=not _is_loopback(_host(settings)))
    return AsyncOpenAI(
        base_url=settings.llm.endpoint,
        api_key=_key(settings) or "none",  # the SDK wants one; `_send` sets the header
        max_retries=RETRIES,
        timeout=None,  # `stream` keeps the time: over retries, and over silence that a keep-alive comment would hide
        http_client=transport,
    )


async def _send(client: AsyncOpenAI, settings: Settings, payload: str) -> AsyncStream[object]:
    from openai import APIConnectionError, APIStatusError, AsyncStream, Omit

    # Never the SDK's own environment variables: they belong to another account than the endpoint's, perhaps.
    headers: dict[str, str | Omit] = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
    headers |= {"Content-Type": "application/json", "Accept": "text/event-stream"}
    headers["Authorization"] = f"Bearer {_key(settings)}" if _key(settings) else Omit()
    try:
        async with asyncio.timeout(settings.llm.timeout):
            return await client.post(
                "/chat/completions",
                content=payload.encode(),
                cast_to=object,
                options={"headers": headers},
                stream=True,
                stream_cls=AsyncStream[object],
            )
    except TimeoutError:
        raise _silent(settings) from None
    except APIStatusError as error:
        raise _of_status(error, settings) from None
    except APIConnectionError as error:
        raise UnreachableError(
            f"No connection to {settings.llm.endpoint} ({error.__cause__ or error}). "
            "Is the server running, and is logsieve.llm.endpoint its address?"
        ) from None


async def _next(answer: AsyncStream[object], settings: Settings, left: float, finish: str) -> object | None:
    """The next event, None at the end of the answer."""
    from openai import APIConnectionError, APIError

    try:
        async with asyncio.timeout(max(0.0, min(left, settings.llm.timeout))):
            return await anext(answer, None)
    except (TimeoutError, APIConnectionError) as error:
        if finish:
            return None  # the answer was complete; how its connection ends is nobody's trouble
        if isinstance(error, TimeoutError):
            raise _silent(settings) from None
        raise CutOffError(
            f"The connection to {_host(settings)} broke in the middle of the answer. Try again."
        ) from None
    except APIError as error:
        raise ServerError(f"{_host(settings)} reports: {_detail(error.message, settings)}") from None
    except ValueError:  # JSON or UTF-8 that is none
        raise _bad(settings, "a stream that is no JSON") from None


def _check_content_type(answer: AsyncStream[object], settings: Settings) -> None:
    given = str(answer.response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    if given != "text/event-stream":
        raise _bad(settings, f"{given or 'no content type'} instead of a stream")


def _read(event: object, settings: Settings) -> tuple[str, str]:
    """The text and the finish reason of a chunk; either may be empty."""
    choices = event.get("choices") if isinstance(event, Mapping) else None
    if not isinstance(choices, list):
        raise _bad(settings, "something else than chat completion chunks")
    if not choices:
        return "", ""  # usage figures come so
    choice = choices[0] if isinstance(choices[0], Mapping) else {}
    delta = choice.get("delta")
    text = delta.get("content") if isinstance(delta, Mapping) else None
    return (text if isinstance(text, str) else ""), str(choice.get("finish_reason") or "")


def _of_status(error: APIStatusError, settings: Settings) -> LlmError:
    status, host = error.status_code, _host(settings)
    said = _detail(error.message, settings)
    if status in (401, 403):
        if _key(settings):
            return UnauthorisedError(f"{host} refuses the key in {settings.llm.keyVariable}: {said}")
        return UnauthorisedError(
            f"{host} wants a key. Set the environment variable {settings.llm.keyVariable}. ({said})"
        )
    if status == 404:
        return UnknownModelError(
            f"{host} knows no model {settings.llm.model!r}, or logsieve.llm.endpoint is not the base URL of its API "
            f"(most end in /v1): {said}"
        )
    if status == 429:
        return RateLimitedError(f"{host} takes no more requests for now, or the account has no credit: {said}")
    if status >= 500:
        return ServerError(f"{host} failed. Try again later. ({said})")
    if 300 <= status < 400:
        where = _detail(error.response.headers.get("location", "another address"), settings)
        return RejectedError(f"{host} redirects to {where}. Set logsieve.llm.endpoint to where the API is.")
    return RejectedError(f"{host} did not accept the request: {said}")


def _silent(settings: Settings) -> NoAnswerError:
    return NoAnswerError(
        f"No answer from {_host(settings)} within {settings.llm.timeout} s. "
        "Try again, or raise logsieve.llm.timeout for a slow model."
    )


def _bad(settings: Settings, what: str) -> BadAnswerError:
    return BadAnswerError(
        f"{_host(settings)} answered with {what}. "
        "Is logsieve.llm.endpoint the base URL of an OpenAI-compatible API (most end in /v1)?"
    )


def _detail(message: str, settings: Settings) -> str:
    """The endpoint's own words on one line, short, and without the key should it repeat it."""
    key = _key(settings)
    words = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return (words.replace(key, "***") if key else words)[:DETAIL]


def _key(settings: Settings) -> str:
    return os.environ.get(settings.llm.keyVariable, "").strip() if settings.llm.keyVariable else ""


def _host(settings: Settings) -> str:
    return _parsed(settings.llm.endpoint).hostname or ""


def _parsed(endpoint: str) -> SplitResult:
    try:
        return urlsplit(endpoint)
    except ValueError:  # such as http://[
        return urlsplit("")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
