"""The API key: from the environment, or from the system's keyring (the extra `keyring`); never from a settings file."""

from __future__ import annotations

import os
from typing import Any

from logsieve.llm.errors import NotConfiguredError

__all__ = ["delete", "find", "store"]

SERVICE = "logsieve"  # the entries' service in the keyring; their user name is that of the variable


def find(name: str) -> str:
    """The key of this name, or nothing. May wait for the user to unlock the keyring.

    Raises NotConfiguredError where what is there can be no key.
    """
    if not name:
        return ""
    key = (os.environ.get(name) or _stored(name)).strip()
    _check(name, key)
    return key


def store(name: str, key: str) -> None:
    """Keep a key. Raises NotConfiguredError where it is none, or there is no keyring."""
    _check(name, key or "\n")
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, name, key)
    except keyring.errors.KeyringError as error:
        raise _unusable(error) from None


def delete(name: str) -> bool:
    """Forget a key; whether there was one. Raises NotConfiguredError where there is no keyring."""
    keyring = _keyring()
    try:
        known = keyring.get_password(SERVICE, name) is not None
        if known:
            keyring.delete_password(SERVICE, name)
    except keyring.errors.KeyringError as error:
        raise _unusable(error) from None
    return known


def _check(name: str, key: str) -> None:
    if not (key.isascii() and key.isprintable()):
        raise NotConfiguredError(f"The value of {name} is no API key: it is empty, or holds characters no key has.")


def _stored(name: str) -> str:
    try:
        import keyring
    except ModuleNotFoundError:
        return ""
    try:
        return keyring.get_password(SERVICE, name) or ""
    except Exception:  # noqa: BLE001  # backends are plugins, and raise what they like
        return ""  # no keyring on this machine, or a locked one: as if there was no key, and the endpoint says so


def _keyring() -> Any:
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError:
        raise NotConfiguredError(
            "The keyring needs more: pip install '<path to the LogSieve checkout>[keyring]'"
        ) from None
    return keyring


def _unusable(error: Exception) -> NotConfiguredError:
    return NotConfiguredError(f"The system's keyring cannot be used: {error}. An environment variable does as well.")
