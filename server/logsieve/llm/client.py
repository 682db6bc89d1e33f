"""Talks to an endpoint: the body that goes out is the payload that was shown, byte for byte, and goes nowhere else.

The SDKs of OpenAI and Anthropic are made by the same generator; one transport serves both. What they would add of their
own (telemetry headers, their environment variables, redirects, silent retries) is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import re
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from logsieve.llm import anthropic_api, errors, keys, openai_api
from logsieve.llm.provider import Provider, Turn
from logsieve.settings import Llm

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Headers

__all__ = ["PROVIDERS", "Note", "host", "problem", "stream"]

PROVIDERS: Mapping[str, Provider] = {"openai": openai_api, "anthropic": anthropic_api}

RETRIES = 3  # after 429 and 5xx: more would keep a person waiting for what will not come
BACKOFF = 1.0  # seconds before the first of them, each time twice as long; what Retry-After says goes first
LONGEST_WAIT = 60  # seconds: an endpoint that wants more gets no further request, and the user is told
TOTAL = (
    10  # an answer may take this many timeouts in all: a slow local model streams for minutes, an endless one must end
)
LONGEST = 200_000  # characters of an answer: far beyond any real one, and an endless stream stops there
DETAIL = 300  # characters of the endpoint's own error message that are shown

Note = Callable[[str], None]  # told in words what keeps the user waiting

# How endpoints say that a request does not fit, and that they have no tools.
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size|limit)|maximum context|max_model_len|n_ctx"
    r"|(?:prompt|input|request)\b.{0,40}\btoo (?:long|large)"
    r"|too many (?:input )?tokens|exceeds?\b.{0,40}\b(?:context|tokens)|context the overflows",
    re.IGNORECASE,
)
_TOOLS = re.compile(r"\b(?:tools?|tool_choice|tool[ _]calls?|function[ _]call\w*|functions)\b", re.IGNORECASE)
_NO_TOOLS_STATUS = (400, 404, 422, 500, 501)
_CREDENTIAL = re.compile(r"authori[sz]ation|cookie|key|token|secret|password|auth\b", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*:[ \t]*([\t\x20-\x7e]*)")


def problem(llm: Llm) -> errors.LlmError | None:
    """What of the settings keeps a request from being sent at all, or None. Looks at no key."""
    if llm.provider == "editor":
        return errors.NotConfiguredError(
            "The editor's own models answer in VS Code only. Set logsieve.llm.provider to openai or anthropic here."
        )
    if not llm.endpoint:
        return errors.NotConfiguredError(
            "No endpoint is set. Set logsieve.llm.endpoint to the base URL of an OpenAI-compatible API, "
            "for example http://localhost:11434/v1 for Ollama."
        )
    url = _parsed(llm.endpoint)
    if not url.hostname or url.scheme not in ("http", "https"):
        return errors.NotConfiguredError(
            f"{llm.endpoint!r} is no base URL. Set logsieve.llm.endpoint to one such as https://api.openai.com/v1."
        )
    if url.username or url.password or url.query or url.fragment:
        return errors.NotConfiguredError(
            "logsieve.llm.endpoint holds more than an address. Leave out user, password and query; "
            "the key comes from the environment or the keyring, by the name in logsieve.llm.keyVariable."
        )
    if not llm.model:
        return errors.NotConfiguredError(
            "No model is set. Set logsieve.llm.model to the name of a model that the endpoint serves."
        )
    proxy = _parsed(llm.proxy)
    if llm.proxy and (not proxy.hostname or proxy.scheme not in ("http", "https") or proxy.username or proxy.password):
        return errors.NotConfiguredError(
            "logsieve.llm.proxy is no plain URL of a proxy, such as http://proxy.example:3128. "
            "One that wants a user and a password goes into the environment variable HTTPS_PROXY."
        )
    try:
        _further(llm)
    except errors.NotConfiguredError as error:
        return error
    return None


def host(llm: Llm) -> str:
    """The name of the endpoint's machine."""
    return _parsed(llm.endpoint).hostname or ""


async def stream(llm: Llm, payload: str, turn: Turn, note: Note = lambda _: None) -> AsyncGenerator[str]:
    """Send the payload; yield the answer's text as it comes, and put all of the answer into `turn`.

    Raises an LlmError. Cancelling the task, or closing the iterator, closes the connection.
    """
    wrong = problem(llm)
    if wrong is not None:
        raise wrong
    async with contextlib.AsyncExitStack() as stack:
        talk = await asyncio.to_thread(_Talk, llm)  # a second of imports, perhaps a keyring that waits to be unlocked
        stack.push_async_callback(talk.http.aclose)
        answer = await talk.send(payload, note)
        stack.push_async_callback(answer.close)
        async for text in talk.read(answer, turn):
            yield text
    if not turn.finish:
        raise errors.CutOffError(f"{talk.host} ended its answer in the middle. Try again.")
    if turn.finish == "length":
        raise errors.CutOffError("The model stopped at its limit of tokens: the answer is not complete.")


class _Talk:
    """One request and its answer. Made in a thread, for it imports, reads files and looks for the key."""

    def __init__(self, llm: Llm) -> None:
        self.llm = llm
        self.host = host(llm)
        self.provider = PROVIDERS[llm.provider]
        self.key = keys.find(_key_name(llm))
        if self.key and _parsed(llm.endpoint).scheme == "http" and not _is_loopback(self.host):
            raise errors.InsecureError(
                f"The API key in {_key_name(llm)} would cross the network unencrypted to {self.host}. "
                "Use an https:// endpoint, or empty logsieve.llm.keyVariable if this endpoint needs no key."
            )
        self.headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "logsieve"}
        further = _further(llm)
        self.headers |= self.provider.headers(llm, self.key) | further
        self.secrets = [secret for secret in (self.key, *further.values()) if secret]
        try:
            self.sdk: Any = import_module(self.provider.SDK)
        except ModuleNotFoundError as error:
            if error.name != self.provider.SDK:
                raise
            raise errors.NotConfiguredError(
                f"logsieve.llm.provider {llm.provider} needs more: "
                f"pip install '<path to the LogSieve checkout>[{self.provider.SDK}]'"
            ) from None
        self.http = self._http()

    def _http(self) -> AsyncClient:
        from httpx2 import AsyncClient

        async def ours_alone(request: Any) -> None:
            kept = {n: v for n, v in request.headers.items() if n.lower() in ("host", "content-length")}
            request.headers = type(request.headers)(kept | self.headers)

        # No redirects: the text goes to the address that was agreed to, and nowhere else. No proxy for this machine.
        local = _is_loopback(self.host)
        return AsyncClient(
            follow_redirects=False,
            trust_env=not local,
            proxy=None if local else self.llm.proxy or None,
            verify=_context(self.llm.certificates) if self.llm.certificates else True,
            event_hooks={"request": [ours_alone]},
            timeout=None,  # kept here: over silence that a keep-alive comment would hide
        )

    async def send(self, payload: str, note: Note) -> Any:
        """The answer's stream; tries again where that can help. Raises an LlmError."""
        for attempt in range(RETRIES + 1):
            try:
                return await self._post(payload)
            except self.sdk.APIStatusError as error:
                failure = self._of_status(error.status_code, error, '"tools"' in payload)
                wait = _wait(error.response.headers, attempt)
                hopeless = not isinstance(failure, errors.RateLimitedError | errors.ServerError) or "quota" in str(
                    failure
                )
                if hopeless or attempt == RETRIES or wait > LONGEST_WAIT:
                    if not hopeless and wait > LONGEST_WAIT:
                        failure.args = (f"{failure} It asks to wait for {wait:,.0f} s.",)
                    raise failure from None
            what = "is busy" if isinstance(failure, errors.RateLimitedError) else "failed"
            note(f"{self.host} {what}: trying again in {wait:,.0f} s ({attempt + 1} of {RETRIES}).")
            await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _post(self, payload: str) -> Any:
        name = "AsyncOpenAI" if self.provider.SDK == "openai" else "AsyncAnthropic"
        client = getattr(self.sdk, name)(
            base_url=self.llm.endpoint, api_key="none", max_retries=0, timeout=None, http_client=self.http
        )
        try:
            async with asyncio.timeout(self.llm.timeout):
                answer = await client.post(
                    self.provider.path(self.llm.endpoint),
                    content=payload.encode(),
                    cast_to=object,
                    stream=True,
                    stream_cls=self.sdk.AsyncStream[object],
                )
        except TimeoutError:
            raise self._silent() from None
        except self.sdk.APIConnectionError as error:
            raise self._unreachable(error.__cause__ or error) from None
        given = str(answer.response.headers.get("content-type", "")).partition(";")[0].strip().lower()
        if given != "text/event-stream":
            await answer.close()
            raise self._bad(f"{given or 'no content type'} instead of a stream")
        return answer

    async def read(self, answer: Any, turn: Turn) -> AsyncGenerator[str]:
        """The answer's text as it comes. Raises an LlmError."""
        from httpx2 import HTTPError

        loop = asyncio.get_running_loop()
        end = loop.time() + TOTAL * self.llm.timeout
        events = aiter(answer)
        while True:
            try:
                async with asyncio.timeout(max(0.0, min(end - loop.time(), self.llm.timeout))):
                    event = await anext(events, None)
                if event is None:
                    return
                if not isinstance(event, Mapping):
                    raise self._bad("something else than the stream of this API")
                text = self.provider.read(event, turn)
            except (TimeoutError, HTTPError, self.sdk.APIConnectionError) as error:
                if turn.finish:
                    return  # the answer was complete; how its connection ends is nobody's trouble
                if isinstance(error, TimeoutError):
                    raise self._silent() from None
                raise errors.CutOffError(
                    f"The connection to {self.host} broke in the middle of the answer. Try again."
                ) from None
            except self.sdk.APIError as error:
                raise errors.ServerError(f"{self.host} reports: {self._said(error)}") from None
            except ValueError as error:  # JSON or UTF-8 that is none, events of another API
                what = "a stream that is no JSON" if isinstance(error, UnicodeError) or _is_json(error) else str(error)
                raise self._bad(what) from None
            turn.text += text
            if text:
                yield text
            if turn.length > LONGEST:
                raise errors.NoAnswerError(f"{self.host} keeps talking: stopped after {LONGEST:,} characters.")

    def _of_status(self, status: int, error: Any, tools: bool) -> errors.LlmError:
        llm, said = self.llm, self._said(error)
        if status in (401, 403):
            if self.key:
                return errors.UnauthorisedError(f"{self.host} refuses the key in {_key_name(llm)}: {said}")
            name = _key_name(llm)
            how = "Name the environment variable, or the keyring's entry, that holds it in logsieve.llm.keyVariable."
            if name:
                how = f"Set the environment variable {name}, or keep it: logsieve keys set {name}."
            return errors.UnauthorisedError(f"{self.host} wants a key. {how} ({said})")
        if status == 413 or (status in (400, 422, 500) and _TOO_LONG.search(said)):
            return errors.TooLongError(f"{self.host} finds the request too long for {llm.model}: {said}")
        if tools and status in _NO_TOOLS_STATUS and _TOOLS.search(said):
            return errors.NoToolsError(f"{self.host} takes no tools: {said}")
        if status == 404:
            return errors.UnknownModelError(
                f"{self.host} knows no model {llm.model!r}, or logsieve.llm.endpoint is not the base URL of its API "
                f"(most end in /v1): {said}"
            )
        if status == 429:
            return errors.RateLimitedError(
                f"{self.host} takes no more requests for now, or the account has no credit: {said}"
            )
        if status >= 500:
            return errors.ServerError(f"{self.host} failed. Try again later. ({said})")
        if 300 <= status < 400:
            where = self._shown(error.response.headers.get("location", "another address"))
            return errors.RejectedError(
                f"{self.host} redirects to {where}. Set logsieve.llm.endpoint to where the API is."
            )
        return errors.RejectedError(f"{self.host} did not accept the request: {said}")

    def _unreachable(self, cause: BaseException) -> errors.UnreachableError:
        if "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return errors.UntrustedError(
                f"The certificate of {self.host} is not trusted ({self._shown(str(cause))}). If it is signed by an "
                "authority of your own, set logsieve.llm.certificates to the file with its certificate."
            )
        return errors.UnreachableError(
            f"No connection to {self.llm.endpoint} ({self._shown(str(cause))}). "
            "Is the server running, and is logsieve.llm.endpoint its address?"
        )

    def _silent(self) -> errors.NoAnswerError:
        return errors.NoAnswerError(
            f"No answer from {self.host} within {self.llm.timeout} s. "
            "Try again, or raise logsieve.llm.timeout for a slow model."
        )

    def _bad(self, what: str) -> errors.BadAnswerError:
        return errors.BadAnswerError(
            f"{self.host} answered with {what}. Is logsieve.llm.endpoint the base URL of an API of the kind "
            f"{self.llm.provider} (most end in /v1)?"
        )

    def _said(self, error: Any) -> str:
        """The endpoint's own words about what went wrong."""
        body = error.body
        for key in ("error", "message", "detail"):
            if isinstance(body, Mapping) and key in body:
                body = body[key]
        return self._shown(body if isinstance(body, str) else str(error.message))

    def _shown(self, words: str) -> str:
        """On one line, short, and without the key or a header should they be repeated there."""
        line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
        for secret in self.secrets:
            line = line.replace(secret, "***")
        return line[:DETAIL]


def _is_json(error: ValueError) -> bool:
    from json import JSONDecodeError

    return isinstance(error, JSONDecodeError)


def _wait(headers: Headers, attempt: int) -> float:
    """Seconds until another try: what the endpoint asks for, else twice as long each time."""
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000) if "retry-after-ms" in headers else _after(headers)
    return BACKOFF * (1 << attempt)


def _after(headers: Headers) -> float:
    """The seconds of Retry-After, given as such or as a date. Raises ValueError and TypeError where it is neither."""
    given = str(headers.get("retry-after", "")).strip()
    if given.isdecimal():
        return float(given)
    return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())


def _key_name(llm: Llm) -> str:
    """The name of the key: the one that is set, or the maker's own where the endpoint is the maker's."""
    provider = PROVIDERS[llm.provider]
    return llm.keyVariable or (provider.VARIABLE if host(llm) == provider.HOST else "")


def _further(llm: Llm) -> dict[str, str]:
    """The headers of the settings. Raises NotConfiguredError, also where one would hold a secret in a settings file."""
    out = {}
    for given in llm.headers:
        match = _HEADER.fullmatch(given.strip())
        if match is None:
            raise errors.NotConfiguredError(f"logsieve.llm.headers: {given!r} is no header. Write 'Name: value'.")
        name, value = match.groups()
        if _CREDENTIAL.search(name) and not _VARIABLE.search(value):
            raise errors.NotConfiguredError(
                f"logsieve.llm.headers: what {name} says is no business of a settings file. "
                f"Put it into an environment variable and write '{name}: ${{NAME}}'."
            )
        for variable in _VARIABLE.findall(value):
            if not os.environ.get(variable, "").isprintable() or not os.environ.get(variable):
                raise errors.NotConfiguredError(
                    f"logsieve.llm.headers: the environment variable {variable} is not set, or is no header's value."
                )
        out[name] = _VARIABLE.sub(lambda m: os.environ[m[1]], value)
    return out


def _context(certificates: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=certificates)
    except OSError as error:  # ssl.SSLError is one too
        raise errors.NotConfiguredError(
            f"logsieve.llm.certificates: {certificates} holds no certificates in PEM form ({error.strerror or error})."
        ) from None
    return context


def _parsed(endpoint: str) -> SplitResult:
    try:
        return urlsplit(endpoint)
    except ValueError:  # such as http://[
        return urlsplit("")


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
