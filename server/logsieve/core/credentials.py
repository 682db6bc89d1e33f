"""What secrets look like wherever they stand: tokens of well-known services, headers, URLs, command lines."""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from logsieve.core.assignments import is_masked, looks_random
from logsieve.core.places import Finder, by_pattern
from logsieve.packs import cache

__all__ = ["finders"]


def _is_basic(value: str) -> bool:
    """Whether `Basic ...` really carries user and password."""
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _unmasked(value: str) -> bool:
    return len(value) >= 3 and not is_masked(value)


def _header_value(value: str) -> bool:
    return len(value) >= 6 and not is_masked(value) and (looks_random(value) or len(value) >= 20)


def _is_mixed(value: str) -> bool:
    """Whether a value has letters of both cases and digits."""
    return looks_random(value) and value.lower() != value != value.upper()


def _varied(value: str) -> bool:
    return len(set(value)) >= 6


_CHECKS: dict[str, Callable[[str], bool]] = {
    "basic": _is_basic,
    "header": _header_value,
    "mixed": _is_mixed,
    "random": looks_random,
    "unmasked": _unmasked,
    "varied": _varied,
}

# Detectors of detect-secrets: module, class, kind, hints. Those left out are covered above (with the secret, not only
# its prefix), or find no secrets (public IP addresses), or take ordinary words (the keyword and entropy detectors), or
# cache keys and WWIDs (IBM's IAM keys: 44 characters after "key:"; Telegram's tokens without their first letters).
_DETECTORS = (
    ("artifactory", "ArtifactoryDetector", "Artifactory credentials", r"\b(?:akc|ap[0-9a-f])[a-z0-9]{8}"),
    ("aws", "AWSKeyDetector", "AWS secret key", "aws.{0,20}(?:key|pw|pass|token) a3t"),
    (
        "cloudant",
        "CloudantDetector",
        "Cloudant credentials",
        "cl(?:oudant|ou)?[_-]?(?:api)?(?:key|pw|pass|token) cloudant",
    ),
    ("ibm_cos_hmac", "IbmCosHmacDetector", "IBM COS key", "secret"),
    ("mailchimp", "MailchimpDetector", "Mailchimp key", "-us"),
    ("openai", "OpenAIDetector", "OpenAI key", "t3blbkfj"),
    ("pypi_token", "PypiTokenDetector", "PyPI token", "pypi-"),
    ("slack", "SlackDetector", "Slack token", "xox"),
    ("softlayer", "SoftlayerDetector", "SoftLayer credentials", "softlayer sl[_-]?(?:api)?[_-]?(?:key|pw|pass|token)"),
    ("stripe", "StripeDetector", "Stripe key", "k_live_"),
    ("twilio", "TwilioKeyDetector", "Twilio key", r"\b(?:ac|sk)[a-z0-9]{32}"),
)
# re2 has no lookaround; matching the delimiter does as well, for the secret is a group.
_NOT_BEFORE = re.compile(r"\(\?!\[((?:[^\]\\]|\\.)*)\]\)")


@functools.cache
def finders() -> tuple[Finder, ...]:
    """One for each form of a secret: those of `credentials.toml`, and those of detect-secrets. What they come to is
    kept: to read and import them takes a tenth of what starting may take.
    """
    where = find_spec("detect_secrets")
    assert where is not None
    assert where.origin is not None
    forms = Path(__file__).with_suffix(".toml")
    key = cache.key("credentials", [__file__, forms, Path(where.origin).with_name("__version__.py")], [])
    blob = cache.get(key)
    if blob is None:
        blob = json.dumps([*_read_forms(forms), *_read_detectors()]).encode()
        cache.put(key, blob)
    return tuple(
        Finder(tuple(hints.split()), by_pattern(kind, pattern, _CHECKS[check]))
        for kind, hints, pattern, check in json.loads(blob)
    )


def _read_forms(path: Path) -> Iterator[tuple[str, str, str, str]]:
    import tomllib

    for form in tomllib.loads(path.read_text(encoding="utf-8"))["form"]:
        yield form["kind"], form["hints"], form["pattern"], form.get("check", "varied")


def _read_detectors() -> Iterator[tuple[str, str, str, str]]:
    for module, name, kind, hints in _DETECTORS:
        detector = getattr(import_module(f"detect_secrets.plugins.{module}"), name)
        for pattern in detector.denylist:
            ignore_case = "(?i)" if pattern.flags & re.IGNORECASE else ""
            yield kind, hints, ignore_case + _linear(pattern.pattern), "random"


def _linear(pattern: str) -> str:
    """A detector's pattern in re2 syntax, with the secret as a group where delimiters are matched beside it."""
    pattern = _NOT_BEFORE.sub(r"(?:[^\1]|$)", pattern).replace(r"(?:(?<=\W)|(?<=^))", r"(?:^|\W)")
    edges = r"(?:\s|=|:|\"|^)", r'(?:\s|=|:|"|^)', r'(?:\s|"|$)'
    start = next((e for e in edges[:2] if pattern.startswith(e)), "")
    end = edges[2] if pattern.endswith(edges[2]) else ""
    body = pattern[len(start) : len(pattern) - len(end)]
    grouped = re.compile(body).groups > 0
    return f"{start}{body if grouped else f'({body})'}{end}"
