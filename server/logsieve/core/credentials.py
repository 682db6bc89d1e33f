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
from logsieve.core.places import Finder, by_pattern, linear
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


_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SCHEMES = "basic|bearer|token|api-?key|key|digest|negotiate|ntlm|ssws|splunk|jwt|bot|oauth|hawk|geniekey|sso-key"

# Kind, hints, pattern. Prefixes as the services document them; lengths are lower bounds, for they grow over the years.
_TOKENS: tuple[tuple[str, str, str], ...] = (
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9_]{20,}"),
    ("GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{20,}"),
    (
        "GitLab token",
        "gl[a-z]{2,5}-",
        r"\bgl(?:[dfr]t|pat|ffct|[so]oat|rtr|cbt|imt|ptt|agent|oas)-[A-Za-z0-9_.=\-]{20,}",
    ),
    ("GitLab token", "gr1348941", r"\bGR1348941[A-Za-z0-9_\-]{20,}"),
    ("npm token", "npm_", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("PyPI token", "pypi-ag", r"\bpypi-Ag[A-Za-z0-9_\-]{40,}"),
    ("RubyGems token", "rubygems_", r"\brubygems_[a-f0-9]{40,}"),
    ("crates.io token", "cio", r"\bcio[A-Za-z0-9]{32}\b"),
    ("NuGet key", "oy2", r"\boy2[a-z0-9]{43}\b"),
    ("Slack token", "xox", r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{10,}"),
    ("Slack token", "xapp-", r"\bxapp-[0-9]-[A-Za-z0-9\-]{20,}"),
    ("Slack webhook", r"hooks\.slack\.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9_/+]{20,})"),
    ("Teams webhook", r"webhook\.office\.com", r"webhook\.office\.com/webhookb?2?/([A-Za-z0-9@/\-]{40,})"),
    ("Discord webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/([0-9]+/[A-Za-z0-9_\-]{40,})"),
    ("Stripe key", "k_live_ k_test_", r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{10,}"),
    ("Stripe key", "whsec_", r"\bwhsec_[A-Za-z0-9+/]{20,}={0,2}"),
    ("AWS access key", r"\b(?:akia|asia|abia|acca)[a-z0-9]{16}", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    ("Google key", "aiza", r"\bAIza[0-9A-Za-z_\-]{35}"),
    ("Google token", r"ya29\.", r"\bya29\.[0-9A-Za-z_\-]{20,}"),
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
    ("Vault token", r"hv[sbr]\.", r"\bhv[sbr]\.[A-Za-z0-9_\-]{20,}"),
    ("Terraform token", r"\.atlasv1\.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=\-]{40,}"),
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
    ("Doppler token", r"dp\.[a-z]", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.\-]{40,}"),
    ("Pulumi token", "pul-", r"\bpul-[a-f0-9]{40}\b"),
    ("Buildkite token", "bkua_", r"\bbkua_[a-f0-9]{40}"),
    ("CircleCI token", "ccipat_ cciprj_", r"\bCCIP(?:AT|RJ)_[A-Za-z0-9]+_[a-f0-9]{40}"),
    ("Sonar token", "sqp_ squ_ sqa_", r"\bsq[pua]_[a-f0-9]{40}"),
    ("Supabase token", "sbp_", r"\bsbp_[a-f0-9]{40}"),
    ("PlanetScale token", "pscale_", r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=\-]{30,}"),
    ("Fly token", r"flyv1\sf[mo]", r"\bFlyV1 (f[mo][12]_[A-Za-z0-9_+/=,\-]{20,})"),
    ("Tailscale key", "tskey-", r"\btskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9\-]{16,}"),
    ("Mapbox token", r"sk\.eyj", r"\bsk\.eyJ[A-Za-z0-9_\-]{20,}\.[A-Za-z0-9_\-]{10,}"),
    ("Telegram token", ":aa", r"(?:\b|/bot)([0-9]{8,10}:AA[0-9A-Za-z_\-]{33})"),
    ("Mailgun key", "key-", r"\bkey-[0-9a-f]{32}\b"),
    (
        "Discord token",
        r"[a-z0-9]\.[a-z0-9_-]{6}\.[a-z0-9_-]{6}",
        r"\b[MNO][A-Za-z0-9_\-]{22,}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,}",
    ),
    ("SendGrid key", r"sg\.", r"\bSG\.[A-Za-z0-9_\-]{20,}\.[A-Za-z0-9_\-]{39,}"),
    ("Square token", "eaaa sq0", r"\b(?:EAAA[A-Za-z0-9_\-]{56,}|sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{22,})"),
    ("Facebook token", "eaa", r"\bEAA[A-Za-z0-9]{90,}"),
    ("Azure DevOps token", "azdo", r"\b[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{19}AZDO[A-Za-z0-9]{4}\b"),
    ("Artifactory key", "akc cmvmdgtu", r"\b(?:AKC[A-Za-z0-9]{64,}|cmVmdGtu[A-Za-z0-9]{50,})"),
    ("OpenShift token", "sha256~", r"\bsha256~[A-Za-z0-9_\-]{40,}"),
    ("Alibaba access key", "ltai", r"\bLTAI[A-Za-z0-9]{12,}"),
    ("Cloudflare key", r"v1\.0-", r"\bv1\.0-[a-f0-9]{24}-[a-f0-9]{100,}"),
    ("1Password token", "ops_ey", r"\bops_eyJ[A-Za-z0-9+/=_\-]{100,}"),
    ("1Password key", r"\ba3-[a-z0-9]{6}-", r"\bA3(?:-[A-Z0-9]{5,6}){5,6}\b"),
    ("LaunchDarkly key", r"\b(?:sdk|api|mob)-[0-9a-f]{8}-", rf"\b(?:sdk|api|mob)-{_UUID}\b"),
    ("Octopus key", r"\bapi-[a-z0-9]{25}", r"\bAPI-[A-Z0-9]{25,}\b"),
    ("NVIDIA key", "nvapi-", r"\bnvapi-[A-Za-z0-9_\-]{60,}"),
    ("LangSmith key", "lsv2_", r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    ("Pinecone key", "pcsk_", r"\bpcsk_[A-Za-z0-9_]{50,}"),
    ("Sourcegraph token", "sgp_", r"\bsgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}"),
    ("Airtable token", r"\bpat[a-z0-9]{14}\.", r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    ("Brevo key", "xkeysib- xsmtpsib-", r"\bx(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16,}"),
    ("Dynatrace token", "dt0", r"\bdt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("Shippo token", "shippo_", r"\bshippo_(?:live|test)_[a-fA-F0-9]{40}"),
    ("EasyPost key", "ezak ezt", r"\bEZ[AT]K[A-Za-z0-9]{54,}"),
    ("Prefect key", "pnu_ pnb_", r"\bpn[ub]_[A-Za-z0-9]{36}"),
    ("Contentful token", "cfpat-", r"\bCFPAT-[A-Za-z0-9_\-]{40,}"),
    ("MaxMind key", "_mmk", r"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b"),
    ("ReadMe key", "rdme_", r"\brdme_[a-z0-9]{60,}"),
    ("Typeform token", "tfp_", r"\btfp_[A-Za-z0-9_.=\-]{50,}"),
    ("Duffel token", "duffel_", r"\bduffel_(?:test|live)_[A-Za-z0-9_=\-]{40,}"),
    ("Clojars token", "clojars_", r"\bCLOJARS_[a-z0-9]{60}"),
    ("Resend key", r"\bre_[a-z0-9]{8}_", r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b"),
    ("Tavily key", "tvly-", r"\btvly-[A-Za-z0-9\-]{30,}"),
    ("Neon key", "napi_", r"\bnapi_[a-z0-9]{60,}"),
    ("PayPal token", r"access_token\$", r"\baccess_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}"),
    ("Infura key", r"infura\.io", r"\binfura\.io/(?:ws/)?v3/([a-f0-9]{32})"),
    ("Alchemy key", "alchemy", r"\balchemy(?:api)?\.(?:com|io)/v[0-9]/([A-Za-z0-9_\-]{20,})"),
    ("Honeycomb key", "honeycomb-team", r"(?i)honeycomb-team[\"']?\s*[=:]\s*[\"']?([A-Za-z0-9]{20,})"),
    (
        "password hash",
        r"\$(?:[1567y]|gy|apr1|2[abxy])\$",
        (
            r"(?:^|[^\w$])(\$(?:(?:1|apr1)\$[\w./]{1,8}\$[\w./]{22}|2[abxy]\$[0-9]{2}\$[\w./]{53}"
            r"|[567y]\$(?:rounds=[0-9]+\$|[\w./]+\$)?[\w./]{1,64}\$[\w./]{43,86}))"
        ),
    ),
    ("password hash", "argon2 pbkdf2", r"(?:\$argon2(?:id|i|d)\$v=|\bpbkdf2_sha(?:1|256|512)\$)[A-Za-z0-9+/.$=,]{30,}"),
    ("Plaid token", "access-", rf"\baccess-(?:sandbox|development|production)-{_UUID}"),
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
        (
            r"(?i)authorization[\"'\\\]]{0,3}\s*(?:[:=]|=>|,)\s*[\"'\\]{0,2}"
            rf"(?:(?:{_SCHEMES})\s+|(?:[a-z0-9\-]+\s+)??)([^\s\"'\\,;]{{6,}})"
        ),
        _header_value,
    ),
    (
        "authorization header",
        "authorization",
        r"(?i)authorization[\"']?\s*[:=]\s*[\"']?(?:digest|aws4-hmac-sha256|signature|oauth|hawk|mac)\s+([^\"'\n]{12,})",
        _varied,
    ),
    ("authorization header", "bearer", r"(?i)\bbearer[\s:=]+[\"']?([A-Za-z0-9._~+/\-]{12,}={0,2})", looks_random),
    (
        "authorization header",
        "auth",
        r"\bAUTH(?:ENTICATE)? (?:PLAIN|LOGIN|XOAUTH2) ([A-Za-z0-9+/]{12,}={0,2})",
        _varied,
    ),
    ("SAML response", "saml", r"\bSAML(?:Response|Request)=([A-Za-z0-9+/%=]{40,})", _varied),
    ("Vault token", r"\b[sb]\.[a-z0-9]{24}", r"(?:^|[\s\"'=:])([sb]\.[A-Za-z0-9]{24})(?:[\s\"',]|$)", _is_mixed),
    ("cookie", "fastlane_session", r"FASTLANE_SESSION[\"']?\s*[:=]\s*[\"']?([^\s\"'][^\n]{20,})", _unmasked),
    ("Sonar token", "sonar", r"sonar\.login[\s=:\"']+([A-Za-z0-9_]{20,})", looks_random),
    ("authorization header", "basic", r"(?i)\bbasic[\s:]+([A-Za-z0-9+/]{8,}={0,2})", _is_basic),
    ("cookie", "cookie", r"(?i)\bset-cookie2?[\"']?\s*[:=]\s*\[?\s*[\"']?[^=\s;\"']+=([^;\s\"']{6,})", _unmasked),
    ("cookie", "cookie", r"(?i)(?:^|[^a-z\-])cookie[\"']?\s*:\s*[\"']?([^\s=;\"']+=[^\"'\n]{4,})", _unmasked),
    ("cookie", "curl", r"\bcurl\b[^|]*?\s(?:-b|--cookie)[= ]?\s*[\"']?([^\s=\"'@]+=[^\"'\n]{6,})", _unmasked),
    ("registry credentials", "auth", r"(?:\"auth\"\s*:\s*\"|\b_auth\s*=\s*\"?)([A-Za-z0-9+/]{8,}={0,2})", _is_basic),
    (
        "password in a configuration",
        r"(?:password|secret|token|key)\s+\"",
        r":[\w-]*(?:password|secret|token|key) +\"([^\"]+)\"",
        _unmasked,
    ),
    ("password in a file", "machine", r"\bmachine\s+\S+\s+(?:login\s+\S+\s+)?password\s+(\S+)", _unmasked),
    ("password in a file", "pgpass", r"([^\s:'\"]+)[\"']?\s*>>?\s*\S*\.?pgpass\b", _unmasked),
    ("password in a file", "password", r"(?i)\bkey=[\"'][a-z]*password[\"']\s+value=[\"']([^\"']+)", _unmasked),
    ("password in a file", "password>", r"(?i)<(?:\w+:)?\w*password>([^<]+)</", _unmasked),
    (
        "password on a command line",
        r"\s(?:-u|-a|--auth|--user|--proxy-user)",
        (
            r"(?i)(?:\b(?:curl|wget)\b[^|]*?\s(?:-u|--user|--proxy-user)|(?:^|[$+>;&]\s)https?\s[^|]*?-(?:a|-auth))"
            r"[= ]?\s*[\"']?[^\s:\"']+:([^\s\"']+)"
        ),
        _unmasked,
    ),
    (
        "password on a command line",
        r"\s--?[a-z-]*(?:passw|passph|token|secret|key)",
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
        r"\b(?:redis-cli|ldap|sqlcmd|bcp|mongo)",
        r"\b(?:redis-cli\b[^|]*?\s-a|ldap\w+\b[^|]*?\s-w|(?:sqlcmd|bcp)\b[^|]*?\s-P|mongo\w*\b[^|]*?\s-p)\s?[\"']?([^\s\"'\-][^\s\"']{2,})",
        _unmasked,
    ),
    (
        "token on a command line",
        r"\s(?:-t|--key)\b",
        r"(?:\bcodecov\w*\b[^|]*?\s-t|\s--key)(?:=|\s+)[\"']?([A-Za-z0-9_\-]{20,})(?:[\s\"']|$)",
        looks_random,
    ),
    (
        "password on a command line",
        "openssl signtool security",
        (
            r"\b(?:openssl\b[^|]*?\s-[kK]|signtool(?:\.exe)?\b.*?\s/p|security\s+set-key-partition-list\b[^|]*?\s-k"
            r"|security\s+(?:import|export|(?:unlock|create)-keychain)\b[^|]*?\s-[pP])"
            r"\s+[\"']?([^\s\"'\-/][^\s\"']{2,})"
        ),
        _unmasked,
    ),
    ("password on a command line", r"[\s\"']pass:", r"(?i)[\s\"']pass:([^\s\"']{3,})", _unmasked),
    (
        "password on a command line",
        "storepass keypass",
        r"(?i)\s-(?:src|dest)?(?:store|key)pass(?:=|\s+)[\"']?([^\s\"'\-][^\s\"']{2,})",
        _unmasked,
    ),
    (
        "password on a command line",
        r"\bnet\s+use",
        r"(?i)\bnet\s+use(?:\b.*?/user:\S+|r\s+[^\s/]\S*)\s+([^\s/]\S{2,})",
        _unmasked,
    ),
    (
        "password on a command line",
        "chpasswd",
        r"\becho\s[^|]*?:([^\s:'\"]{3,})[\"']?\s*\|[^|]*\bchpasswd\b",
        _unmasked,
    ),
    (
        "password on a command line",
        r"\bmc\s",
        r"\bmc\s+(?:alias\s+set|config\s+host\s+add)\s+\S+\s+\S+\s+\S+\s+(\S{8,})",
        _unmasked,
    ),
    (
        "password on a command line",
        "altool notarytool",
        r"\b(?:altool|notarytool)\b.*?\s-p\s+[\"']?([^\s\"'@\-][^\s\"']{2,})",
        _unmasked,
    ),
    (
        "password in code",
        "convertto-securestring",
        r"(?i)\bConvertTo-SecureString\s+(?:-String\s+)?[\"']([^\"']{3,})[\"']",
        _unmasked,
    ),
    (
        "password in SQL",
        r"\sby\s",
        r"(?i)\bIDENTIFIED\s+(?:WITH\s+\S+\s+)?BY\s+(?:PASSWORD\s+)?'([^']{3,})",
        _unmasked,
    ),
    (
        "password in SQL",
        r"\spassword\s",
        r"(?i)\b(?:ROLE|USER)\s[^']*\bPASSWORD\s+'([^']{3,})",
        _unmasked,
    ),
    (
        "password on a command line",
        r"\bpoetry\s",
        r"\bpoetry\s+config\s+(?:--\S+\s+)*http-basic\.\S+\s+\S+\s+(\S{3,})",
        _unmasked,
    ),
    ("password on a command line", r"\bbundle\s", r"\bbundle\s+config\s(?:.*\s)?[^\s:/]+:([^\s:/]\S{5,})$", _unmasked),
    (
        "password in a variable",
        "bundle_",
        r"\bBUNDLE_[A-Z0-9_]*__[A-Z0-9_]+[=:]\s*[\"']?[^\s:/\"']+:([^\s:/\"'][^\s\"']{5,})",
        _unmasked,
    ),
    ("password in code", "credentials\\(", r"\bCredentials\((?:\"[^\"]*\",\s*){3}\"([^\"]{3,})\"\)", _unmasked),
    ("password in a connection string", r"@(?:tcp|unix)\(", r"[\w.-]+:([^\s/:@\"']{3,})@(?:tcp|unix)\(", _unmasked),
    ("Twilio token", r"\bac[0-9a-f]{32}", r"\bAC[0-9a-f]{32}[\"']?[,:]\s*[\"']?([0-9a-f]{32})\b", _varied),
    ("SNMP community", r"snmp-server\s", r"\bsnmp-server\s+community\s+(\S{3,})", _unmasked),
    (
        "password in a configuration",
        r"password\s+[\"']",
        r"^\s*\w*[pP]assword\s+[\"']([^\"']{3,})[\"']\s*$",
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
    """One for each form of a secret."""
    return (
        *(_finder(kind, hints, pattern, _varied) for kind, hints, pattern in _TOKENS),
        *(_finder(kind, hints, pattern, check) for kind, hints, pattern, check in _CHECKED),
        *_detectors(),
    )


def _finder(kind: str, hints: str, pattern: str, check: Callable[[str], bool]) -> Finder:
    return Finder(tuple(hints.split()), by_pattern(kind, linear(pattern), check))


def _detectors() -> Iterator[Finder]:
    """Those of detect-secrets. Its patterns are kept: to import it takes a tenth of what starting may take."""
    where = find_spec("detect_secrets")
    assert where is not None
    assert where.origin is not None
    key = cache.key("detectors", [__file__, Path(where.origin).with_name("__version__.py")], [])
    blob = cache.get(key)
    if blob is None:
        blob = json.dumps(list(_read_detectors())).encode()
        cache.put(key, blob)
    for kind, hints, pattern in json.loads(blob):
        yield _finder(kind, hints, pattern, looks_random)


def _read_detectors() -> Iterator[tuple[str, str, str]]:
    for module, name, kind, hints in _DETECTORS:
        detector = getattr(import_module(f"detect_secrets.plugins.{module}"), name)
        for pattern in detector.denylist:
            ignore_case = "(?i)" if pattern.flags & re.IGNORECASE else ""
            yield kind, hints, ignore_case + _linear(pattern.pattern)


def _linear(pattern: str) -> str:
    """A detector's pattern in re2 syntax, with the secret as a group where delimiters are matched beside it."""
    pattern = _NOT_BEFORE.sub(r"(?:[^\1]|$)", pattern).replace(r"(?:(?<=\W)|(?<=^))", r"(?:^|\W)")
    edges = r"(?:\s|=|:|\"|^)", r'(?:\s|=|:|"|^)', r'(?:\s|"|$)'
    start = next((e for e in edges[:2] if pattern.startswith(e)), "")
    end = edges[2] if pattern.endswith(edges[2]) else ""
    body = pattern[len(start) : len(pattern) - len(end)]
    grouped = re.compile(body).groups > 0
    return f"{start}{body if grouped else f'({body})'}{end}"
