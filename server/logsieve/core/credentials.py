"""What secrets look like: tokens of well-known services, headers, URLs, and the names and values of assignments.

A rule's pattern is re2 syntax (linear time); its first group, or the whole match, is the secret. A rule runs only on
lines that hold one of its hints (lower case), so that most lines cost a few substring searches.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from logsieve.packs import cache

__all__ = [
    "Rule",
    "assignment",
    "is_code",
    "is_masked",
    "is_secret_name",
    "is_secret_value",
    "looks_random",
    "rules_for",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret: where to look (`hints`), its compiled re2 pattern, whether a match is one (`check`)."""

    kind: str
    hints: tuple[str, ...]
    pattern: Any
    check: Callable[[str], bool]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def looks_random(value: str) -> bool:
    """Whether a value is more than a word: at least 8 characters, letters and digits, few of them the same."""
    return (
        len(value) >= 8
        and any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
        and len(set(value)) >= min(8, len(value) // 2 + 1)
    )


def is_masked(value: str) -> bool:
    """Whether a value is no value: masked (`***`), a reference to a variable, or a placeholder."""
    bare = value.strip("\"'`()[]{}<>., ")
    return (
        not bare
        or "***" in value
        or len(set(bare)) <= 1
        or value.startswith(("$", "%", "{{", "<", "[", "@{", "\\$", "env.", "process.env", "os.environ"))
        or bare.lower() in _NO_VALUES
    )


_NO_VALUES = _words("""
    true false none null nil undefined yes no on off empty required optional missing invalid expired redacted
    secret masked hidden filtered secure set unset str string int integer number bool boolean bytes any object
    default unknown error failed not is was must cannot field type value todo never always input write read
    admin:org undefined; string; number; ok done found protected removed omitted unavailable unauthorized denied
""")


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


def _varied(value: str) -> bool:
    return len(set(value)) >= 6


# Kind, hints, pattern. Prefixes as the services document them; lengths are lower bounds, for they grow over the years.
_TOKENS: tuple[tuple[str, str, str], ...] = (
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9_]{20,}"),
    ("GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{20,}"),
    ("GitLab token", "gl", r"\bgl(?:pat|dt|ft|ffct|soat|rt|rtr|cbt|imt|ptt|agent|oas)-[A-Za-z0-9_.=\-]{20,}"),
    ("GitLab token", "gr1348941", r"\bGR1348941[A-Za-z0-9_\-]{20,}"),
    ("npm token", "npm_", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("PyPI token", "pypi-ag", r"\bpypi-Ag[A-Za-z0-9_\-]{40,}"),
    ("RubyGems token", "rubygems_", r"\brubygems_[a-f0-9]{40,}"),
    ("crates.io token", "cio", r"\bcio[A-Za-z0-9]{32}\b"),
    ("NuGet key", "oy2", r"\boy2[a-z0-9]{43}\b"),
    ("Slack token", "xox", r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{10,}"),
    ("Slack token", "xapp-", r"\bxapp-[0-9]-[A-Za-z0-9\-]{20,}"),
    ("Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9_/+]{20,})"),
    ("Teams webhook", "webhook.office.com", r"webhook\.office\.com/webhookb?2?/([A-Za-z0-9@/\-]{40,})"),
    ("Discord webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/([0-9]+/[A-Za-z0-9_\-]{40,})"),
    ("Stripe key", "k_live_ k_test_", r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{10,}"),
    ("Stripe key", "whsec_", r"\bwhsec_[A-Za-z0-9+/]{20,}={0,2}"),
    ("AWS access key", "akia asia abia acca", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    ("Google key", "aiza", r"\bAIza[0-9A-Za-z_\-]{35}"),
    ("Google token", "ya29.", r"\bya29\.[0-9A-Za-z_\-]{20,}"),
    ("Google secret", "gocspx-", r"\bGOCSPX-[0-9A-Za-z_\-]{20,}"),
    ("Anthropic key", "sk-ant-", r"\bsk-ant-[A-Za-z0-9_\-]{20,}"),
    ("Groq key", "gsk_", r"\bgsk_[A-Za-z0-9]{40,}"),
    ("xAI key", "xai-", r"\bxai-[A-Za-z0-9]{40,}"),
    ("Perplexity key", "pplx-", r"\bpplx-[A-Za-z0-9]{32,}"),
    ("Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30,}"),
    ("Replicate token", "r8_", r"\br8_[A-Za-z0-9]{30,}"),
    (
        "JSON web token",
        "eyj",
        r"\beyJ[A-Za-z0-9_\-]{8,}={0,2}\.[A-Za-z0-9_\-]{8,}={0,2}(?:\.[A-Za-z0-9_\-]+={0,2}){0,3}",
    ),
    ("Azure secret", "8q~", r"\b[A-Za-z0-9_~.\-]{3}8Q~[A-Za-z0-9_~.\-]{31,34}"),
    ("Azure signature", "sig=", r"[?&]sig=([A-Za-z0-9%+/=]{20,})"),
    ("Docker token", "dckr_", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_\-]{20,}"),
    ("Vault token", "hvs. hvb. hvr.", r"\bhv[sbr]\.[A-Za-z0-9_\-]{20,}"),
    ("Terraform token", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=\-]{40,}"),
    ("DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[a-f0-9]{40,}"),
    ("Heroku key", "hrku-", r"\bHRKU-[A-Za-z0-9_\-]{30,}"),
    ("Netlify token", "nfp_", r"\bnfp_[A-Za-z0-9]{30,}"),
    ("Linear key", "lin_api_", r"\blin_api_[A-Za-z0-9]{30,}"),
    ("Notion token", "ntn_", r"\bntn_[A-Za-z0-9]{40,}"),
    ("Shopify token", "shp", r"\bshp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}"),
    ("New Relic key", "nrak-", r"\bNRAK-[A-Z0-9]{27}"),
    ("Sentry token", "sntry", r"\bsntry[su]_[A-Za-z0-9_=+/\-]{30,}"),
    ("Grafana token", "glsa_ glc_", r"\bgl(?:sa|c)_[A-Za-z0-9_=+/]{30,}"),
    ("Databricks token", "dapi", r"\bdapi[a-f0-9]{32}(?:-[0-9])?\b"),
    ("Postman key", "pmak-", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    ("Atlassian token", "atatt3 atctt3 atbb", r"\b(?:ATATT3|ATCTT3|ATBB)[A-Za-z0-9_=\-]{20,}"),
    ("Figma token", "figd_", r"\bfigd_[A-Za-z0-9_\-]{30,}"),
    ("age key", "age-secret-key-", r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    ("Doppler token", "dp.", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.\-]{40,}"),
    ("Pulumi token", "pul-", r"\bpul-[a-f0-9]{40}\b"),
    ("Buildkite token", "bkua_", r"\bbkua_[a-f0-9]{40}"),
    ("CircleCI token", "ccipat_ cciprj_", r"\bCCIP(?:AT|RJ)_[A-Za-z0-9]+_[a-f0-9]{40}"),
    ("Sonar token", "sqp_ squ_ sqa_", r"\bsq[pua]_[a-f0-9]{40}"),
    ("Supabase token", "sbp_", r"\bsbp_[a-f0-9]{40}"),
    ("PlanetScale token", "pscale_", r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=\-]{30,}"),
    ("Fly token", "flyv1 ", r"\bFlyV1 (f[mo][12]_[A-Za-z0-9_+/=,\-]{20,})"),
    ("Tailscale key", "tskey-", r"\btskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9\-]{16,}"),
    ("Mapbox token", "sk.eyj", r"\bsk\.eyJ[A-Za-z0-9_\-]{20,}\.[A-Za-z0-9_\-]{10,}"),
    ("Telegram token", ":aa", r"\b[0-9]{8,10}:AA[0-9A-Za-z_\-]{33}"),
    ("Mailgun key", "key-", r"\bkey-[0-9a-f]{32}\b"),
)

# The same, with a check of what was found: these shapes alone are not enough.
_CHECKED: tuple[tuple[str, str, str, Callable[[str], bool]], ...] = (
    ("OpenAI key", "sk-", r"\bsk-[A-Za-z0-9_\-]{20,}", looks_random),
    ("password in URL", "://", r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s/@:\"'<>]*:([^\s/\"'<>]+)@", _unmasked),
    ("token in URL", "://", r"[A-Za-z][A-Za-z0-9+.\-]*://([^\s/@:\"'<>]{16,})@", looks_random),
    (
        "token in URL",
        "token= key= auth= password= secret= signature= credential= code=",
        r"(?i)[?&](?:[a-z_\-]*(?:token|key|secret|signature)|auth|password|x-amz-credential|code)=([^&\s\"'<>#\\)]{8,})",
        looks_random,
    ),
    (
        "authorization header",
        "authorization",
        r"(?i)authorization[\"'\\\]]{0,3}\s*(?:[:=]|=>|,)\s*[\"'\\]{0,2}(?:[a-z0-9\-]+\s+)??([^\s\"'\\,;]{6,})",
        _header_value,
    ),
    (
        "authorization header",
        "authorization",
        r"(?i)authorization[\"']?\s*[:=]\s*[\"']?(?:digest|aws4-hmac-sha256|signature|oauth|hawk|mac)\s+([^\"'\n]{12,})",
        _varied,
    ),
    ("authorization header", "bearer", r"(?i)\bbearer[\s:=]+[\"']?([A-Za-z0-9._~+/\-]{12,}={0,2})", looks_random),
    ("authorization header", "basic", r"(?i)\bbasic[\s:]+([A-Za-z0-9+/]{8,}={0,2})", _is_basic),
    ("cookie", "cookie", r"(?i)\bset-cookie2?[\"']?\s*[:=]\s*[\"']?[^=\s;\"']+=([^;\s\"']{6,})", _unmasked),
    ("cookie", "cookie", r"(?i)(?:^|[^a-z\-])cookie[\"']?\s*:\s*[\"']?([^\s=;\"']+=[^\"'\n]{4,})", _unmasked),
    (
        "password on a command line",
        "-u --user",
        r"(?i)\b(?:curl|wget|http|https)\b[^|]*?\s(?:-u|--user|--proxy-user)[= ]?\s*[\"']?[^\s:\"']+:([^\s\"']+)",
        _unmasked,
    ),
    (
        "password on a command line",
        "pass token secret key",
        r"(?i)\s--?[a-z\-]*(?:password|passwd|passphrase|token|secret|api-?key|access-key)(?:=|\s+)[\"']?([^\s\"'\-][^\s\"']{3,})",
        looks_random,
    ),
    ("password on a command line", "--password", r"(?i)\s--password(?:=|\s+)[\"']?([^\s\"'\-][^\s\"']{3,})", _unmasked),
    (
        "password on a command line",
        "sshpass login",
        r"\b(?:sshpass|login)\b[^|]*?\s-p\s?[\"']?([^\s\"'\-][^\s\"']{3,})",
        _unmasked,
    ),
    (
        "password on a command line",
        "mysql",
        r"\bmysql(?:dump|admin|import|show)?(?:\s[^|]*?)?\s-p([^\s\"'\-][^\s\"']{3,})",
        _unmasked,
    ),
)

# Detectors of detect-secrets: module, class, kind, hints. Those left out are covered above (with the secret, not only
# its prefix), or find no secrets (public IP addresses), or take ordinary words (the keyword and entropy detectors), or
# cache keys and WWIDs (IBM's IAM keys: 44 characters after "key:"; Telegram's tokens without their first letters).
_DETECTORS = (
    ("artifactory", "ArtifactoryDetector", "Artifactory credentials", "akc ap"),
    ("aws", "AWSKeyDetector", "AWS secret key", "aws a3t"),
    ("azure_storage_key", "AzureStorageKeyDetector", "Azure storage key", "accountkey="),
    ("cloudant", "CloudantDetector", "Cloudant credentials", "cl"),
    ("discord", "DiscordBotTokenDetector", "Discord token", "."),
    ("ibm_cos_hmac", "IbmCosHmacDetector", "IBM COS key", "secret"),
    ("mailchimp", "MailchimpDetector", "Mailchimp key", "-us"),
    ("openai", "OpenAIDetector", "OpenAI key", "t3blbkfj"),
    ("pypi_token", "PypiTokenDetector", "PyPI token", "pypi-"),
    ("sendgrid", "SendGridDetector", "SendGrid key", "sg."),
    ("slack", "SlackDetector", "Slack token", "xox"),
    ("softlayer", "SoftlayerDetector", "SoftLayer credentials", "softlayer sl"),
    ("square_oauth", "SquareOAuthDetector", "Square secret", "sq0csp-"),
    ("stripe", "StripeDetector", "Stripe key", "k_live_"),
    ("twilio", "TwilioKeyDetector", "Twilio key", "ac sk"),
)
# re2 has no lookaround; matching the delimiter does as well, for the secret is a group.
_NOT_BEFORE = re.compile(r"\(\?!\[((?:[^\]\\]|\\.)*)\]\)")


@functools.cache
def _rules() -> tuple[Rule, ...]:
    """All rules, compiled."""
    return (
        *(_rule(kind, hints, pattern, _varied) for kind, hints, pattern in _TOKENS),
        *(_rule(kind, hints, pattern, check) for kind, hints, pattern, check in _CHECKED),
        *_detectors(),
    )


def rules_for(lower: str) -> Iterable[Rule]:
    """The rules of which a line, given in lower case, holds a hint, in their order."""
    numbers = {number for hint, having in _by_hint() if hint in lower for number in having}
    return map(_rules().__getitem__, sorted(numbers))


@functools.cache
def _by_hint() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The hints, each looked for once however many rules have it, and the numbers of these rules."""
    hints: dict[str, list[int]] = {}
    for number, rule in enumerate(_rules()):
        for hint in rule.hints:
            hints.setdefault(hint, []).append(number)
    return tuple((hint, tuple(numbers)) for hint, numbers in hints.items())


def _rule(kind: str, hints: str, pattern: str, check: Callable[[str], bool], ignore_case: bool = False) -> Rule:
    import re2

    words = tuple(hints.split(" ")) if hints.strip() == hints else (hints,)
    return Rule(kind, words, re2.compile(f"(?i){pattern}" if ignore_case else pattern), check)


def _detectors() -> Iterator[Rule]:
    """The rules of detect-secrets. Its patterns are kept: to import it takes a tenth of what starting may take."""
    where = find_spec("detect_secrets")
    assert where is not None
    assert where.origin is not None
    key = cache.key("detectors", [__file__, Path(where.origin).with_name("__version__.py")], [])
    blob = cache.get(key)
    if blob is None:
        blob = json.dumps(list(_read_detectors())).encode()
        cache.put(key, blob)
    for kind, hints, pattern, ignore_case in json.loads(blob):
        yield _rule(kind, hints, pattern, looks_random, ignore_case)


def _read_detectors() -> Iterator[tuple[str, str, str, bool]]:
    for module, name, kind, hints in _DETECTORS:
        detector = getattr(import_module(f"detect_secrets.plugins.{module}"), name)
        for pattern in detector.denylist:
            yield kind, hints, _linear(pattern.pattern), bool(pattern.flags & re.IGNORECASE)


def _linear(pattern: str) -> str:
    """A detector's pattern in re2 syntax, with the secret as a group where delimiters are matched beside it."""
    pattern = _NOT_BEFORE.sub(r"(?:[^\1]|$)", pattern).replace(r"(?:(?<=\W)|(?<=^))", r"(?:^|\W)")
    edges = r"(?:\s|=|:|\"|^)", r'(?:\s|=|:|"|^)', r'(?:\s|"|$)'
    start = next((e for e in edges[:2] if pattern.startswith(e)), "")
    end = edges[2] if pattern.endswith(edges[2]) else ""
    body = pattern[len(start) : len(pattern) - len(end)]
    grouped = re.compile(body).groups > 0
    return f"{start}{body if grouped else f'({body})'}{end}"


# Names of assignments. A name counts by its words: one that says secret, none that says it is only about one.
_STRONG = _words("""
    password passwd passphrase passcode pwd secret secrets token credential credentials apikey apitoken
    authtoken accesskey secretkey privatekey accesstoken clientsecret dbpassword dockerconfigjson authkey
    sharedkey pgpassword mysqlpwd
""")
_GLUED = ("password", "passwd", "passphrase", "secret", "token", "apikey")
_KEYS = _words("""
    api access secret private auth account encryption encrypt signing sign signature master storage service
    deploy license app application ssh gpg client subscription session shared admin webhook write ingest
    ingestion crypt jwt hmac aes rsa crypto cipher age developer integration instrumentation function functions
    host bot
""")
_ABOUT = _words("""
    type types count limit limits url uri endpoint name names file files path paths dir directory folder length
    len size expiry expires expiration expire ttl policy algorithm alg algo format prefix suffix env variable
    var vars field header headers index id ids kind regex pattern version manager store provider required
    enabled disabled valid invalid error errors exists mode scope scopes ref refs source param params to for
    from by users parameter parameters arn usage used budget max min location rotation timeout age permissions
    class helper service reuse checker check test tests validator validation sha sha256 fingerprint label title
    text placeholder list map set vault account secretname hint
""")
_BEFORE = _words("""
    max min num number total unexpected next prev page pagination continuation cancellation lexer syntax invalid
    illegal missing unknown end start eof no bad cache public primary foreign sort parse pass reserved persist
    special last first current the input output prompt completion per
""")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_secret_name(name: str) -> bool:
    """Whether a variable, header or key of this name holds a secret."""
    words = [w.lower() for w in _WORD.findall(name[-120:])]
    for i, word in enumerate(words):
        before = words[i - 1] if i else ""
        named = (
            word in _STRONG
            or word.endswith(_GLUED)
            or (word in ("key", "keys") and before in _KEYS)
            or (word in ("pass", "pat", "auth", "dsn", "creds") and i == len(words) - 1 and i > 0)
        )
        if named and before not in _BEFORE and not _ABOUT.intersection(words[i + 1 :]):
            # The working directory is no password, and an npm `_auth` is one.
            return words not in (["pwd"], ["oldpwd"]) and before != "old"
    return False


_PATH = re.compile(r"(?:[A-Za-z]:)?(?:~|\.{1,2})?(?:[\\/][\w.@+ -]*)+|(?:[\w.@-]+/)+[\w.@-]+\.\w{1,5}")
# Code instead of a value: a dotted name, a call, an index or an object's text, a type, punctuation.
_CODE = re.compile(
    r"[A-Za-z_]+(?:\.[A-Za-z_]+)+|[A-Za-z_][\w.]*[(\[{].*|[A-Za-z_]\w*(?:\.\w+)+@[0-9a-f]+"
    r"|[A-Za-z_]\w*(?:<.*>)?\??[;,)]|[A-Z][a-z]+(?:[A-Z][a-z]+)+|\W*"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://.*")
_VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z]+)+|(?i:token|password|secret|key)")  # a name, as in `password: DB_TOKEN`
_OPAQUE = 32  # characters from which a path-like value with all kinds of characters is base64


def is_code(value: str) -> bool:
    """Whether the value is a name, a call or an object's text, as in program code."""
    return _CODE.fullmatch(value) is not None


def is_secret_value(value: str, direct: bool) -> bool:
    """Whether the value of a secret's name is one. `direct`: an assignment, not prose (`unexpected token: foo`)."""
    if is_masked(value) or len(value) < 3 or _URL.fullmatch(value) or _VARIABLE.fullmatch(value):
        return False
    if _PATH.fullmatch(value) and not (len(value) >= _OPAQUE and _kinds(value) == 3):
        return False
    return direct or looks_random(value)


def _kinds(value: str) -> int:
    return sum(any(test(c) for c in value) for test in (str.isdigit, str.islower, str.isupper))


@functools.cache
def assignment(pattern: str) -> Any:
    """A compiled re2 pattern; case does not matter."""
    import re2

    return re2.compile(f"(?i){pattern}")
