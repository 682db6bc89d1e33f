"""A user's own settings where no editor gives them: what is redacted, in `redact.toml` of the configuration folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from logsieve.settings import DEFAULTS, Settings, from_mapping

__all__ = ["OwnError", "file", "settings"]


class OwnError(Exception):
    """The file cannot be used; the message says why. Nothing may leave then: it may name secrets."""


def file() -> Path:
    """Where the file is looked for."""
    from platformdirs import user_config_path

    return user_config_path("logsieve", appauthor=False) / "redact.toml"


def settings() -> Settings:
    """The defaults with what the file says: `kinds`, `patterns` and `allow`, as the editors' `redact` settings.

    Raises OwnError.
    """
    path = file()
    try:
        text = path.read_text("utf-8")
        import tomllib

        given = tomllib.loads(text)
    except FileNotFoundError:
        return DEFAULTS
    except OSError as error:
        raise OwnError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise OwnError(f"{path}: {error}") from error
    from logsieve.core.redact import problems

    chosen, wrong = from_mapping({"redact": given})
    if found := [*wrong, *problems(chosen.redact)]:
        raise OwnError(f"{path}: {'; '.join(found)}".replace("logsieve.redact.", ""))
    return replace(DEFAULTS, redact=chosen.redact)
