"""What goes wrong between LogSieve and a model.

LlmError                   what every failure is; str() says what happened and what to do
+-- NotConfiguredError     something is not set, or makes no sense
+-- InsecureError          an API key would cross a network unencrypted
+-- UnreachableError       no connection, or it broke before an answer began
|   +-- UntrustedError     the endpoint's certificate is signed by nobody known
+-- NoAnswerError          silence for longer than the timeout, or no end in sight
+-- UnauthorisedError      401 and 403: the key is missing or refused
+-- UnknownModelError      404: no such model, or no such API under this address
+-- RateLimitedError       429: too many requests, or no credit
+-- ServerError            5xx: the endpoint failed
+-- RejectedError          any other status: the request was not accepted (redirected, ...)
|   +-- TooLongError       the request does not fit the model's context
|   +-- NoToolsError       the endpoint takes no tools
+-- BadAnswerError         the answer is no stream of what the API says
+-- CutOffError            the answer ended in the middle
+-- EmptyAnswerError       the answer holds no text
"""

from __future__ import annotations

__all__ = [
    "BadAnswerError",
    "CutOffError",
    "EmptyAnswerError",
    "InsecureError",
    "LlmError",
    "NoAnswerError",
    "NoToolsError",
    "NotConfiguredError",
    "RateLimitedError",
    "RejectedError",
    "ServerError",
    "TooLongError",
    "UnauthorisedError",
    "UnknownModelError",
    "UnreachableError",
    "UntrustedError",
]


class LlmError(Exception):
    """A request to a model failed. `partial` is the text that had arrived until then, `further` what had been sent
    beside the payload.
    """

    partial: str = ""
    further: tuple[str, ...] = ()


class NotConfiguredError(LlmError):
    """Something is not set, or makes no sense."""


class InsecureError(LlmError):
    """An API key would cross a network unencrypted."""


class UnreachableError(LlmError):
    """No connection, or it broke before an answer began."""


class UntrustedError(UnreachableError):
    """The endpoint's certificate is signed by nobody known."""


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


class TooLongError(RejectedError):
    """The request does not fit the model's context."""


class NoToolsError(RejectedError):
    """The endpoint takes no tools."""


class BadAnswerError(LlmError):
    """The answer is no stream of what the API says."""


class CutOffError(LlmError):
    """The answer ended in the middle."""


class EmptyAnswerError(LlmError):
    """The answer holds no text."""
