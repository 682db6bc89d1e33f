"""Redaction: a table of made-up secrets in lines as real logs print them, and a table of what only looks like one."""

from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsieve.core.redact import Redactor, redact

# Made-up secrets are put together at run time, so that no scanner takes this file for a leak.
LOWER = "q7w2e9r4t1y6u3i8o5p0a9s4d7f2g1h6"  # 32
MIXED = "aB3dE7fG1hJ9kL2mN5pQ8rS4tU6vW0xYz1C3"  # 36
HEX = "9f8b7c6d5e4a3f2b1c0d9e8f7a6b5c4d"  # 32
WORD = "hunter" + "2-Tr0ub4dor"
BASIC = base64.b64encode(b"deploy:" + WORD.encode()).decode()


def jwt() -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": "1234567890", "name": "made up"})
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl" + MIXED])


def secrets() -> list[tuple[str, str, str]]:
    """(kind of secret, line with {}, secret)."""
    return [
        ("github", "remote: Invalid token {} for repo acme/app", "ghp_" + MIXED),
        ("github", "##[debug]Evaluating: secrets.T => '{}'", "ghs_" + MIXED),
        ("github", "fatal: could not read Username with {}", "github_pat_" + "11ABCDE2A0" + MIXED),
        ("gitlab", "ERROR: Job failed: registering runner with {}", "glpat-" + MIXED[:20]),
        ("gitlab", "Using runner {} on shared", "glrt-" + MIXED[:20]),
        ("npm", "npm ERR! //npm.example.org/:_authToken={}", "npm_" + MIXED),
        ("npm", "//npm.pkg.github.com/:_authToken={}", "0f3a9c1e-77aa-4b1e-9c55-1b2d3e4f5a6b"),
        ("pypi", "  password: {}", "pypi-" + "AgEIcHlwaS5vcmc" + MIXED * 2),
        ("rubygems", "Pushing gem with key {}", "rubygems_" + HEX + HEX[:16]),
        ("slack", "curl -d token={} https://slack.com/api", "xoxb-" + "123456789012-1234567890123-" + MIXED[:24]),
        ("slack hook", "notify https://hooks.slack.com/services/{} failed: 404", "T0AB12CD3/B0EF45GH6/" + MIXED[:24]),
        ("stripe", "stripe: request with {} returned 402", "sk_" + "live_" + MIXED[:24]),
        ("stripe", "Stripe::AuthenticationError: Invalid API Key provided: {}", "rk_" + "test_" + MIXED[:24]),
        ("aws", "aws_access_key_id = {}", "AKIA" + "Q3EGRWXYZ4ABCD57"),
        ("aws", "  AWS_SECRET_ACCESS_KEY={}", "wJalr" + "XUtnF3MI/K7MDENG+bPxRfiCYzzLAMPLEKa9"),
        ("aws", "export AWS_SESSION_TOKEN={}", "FwoGZXIvYXdzE" + MIXED * 3 + "=="),
        ("aws", "AccessDenied for {} (Service: S3)", "ASIA" + "Q3EGRWXYZ4ABCD57"),
        ("google", "GoogleMapsError: key {} is not authorized", "AIza" + "SyB" + MIXED[:32]),
        ("google", "oauth2: refreshed {} for ci@acme", "ya29." + MIXED * 2),
        ("openai", "openai.AuthenticationError: Incorrect API key provided: {}", "sk-proj-" + MIXED),
        ("openai", "OPENAI={}", "sk-" + MIXED[:20] + "T3Blbk" + "FJ" + MIXED[:20]),
        ("anthropic", "x-api-key rejected ({})", "sk-ant-" + "api03-" + MIXED * 2),
        ("hugging face", "Token {} is invalid (huggingface_hub)", "hf_" + MIXED[:34]),
        ("jwt", "GET /api/me 401 token={}", jwt()),
        ("jwt", "2026-01-01T00:00:00Z ws: handshake with {}", jwt()),
        ("azure", "AccountName=acme;AccountKey={};EndpointSuffix=core", MIXED * 2 + MIXED[:14] + "=="),
        ("azure", "https://acme.blob.core.windows.net/c/b?sv=2024&sig={}", MIXED + "%2Fabc%3D"),
        ("azure", "AADSTS7000215: Invalid client secret {}", MIXED[:3] + "8Q~" + MIXED[:34]),
        ("docker", "docker login failed: {}", "dckr_pat_" + MIXED[:27]),
        ("docker", "+ docker login -u ci -p {} registry.acme.io", WORD),
        ("vault", "Error: permission denied for {}", "hvs." + MIXED),
        ("sendgrid", "mail: 401 from sendgrid with {}", "SG." + MIXED[:22] + "." + MIXED + MIXED[:7]),
        ("twilio", "twilio: account {} suspended", "AC" + HEX),
        ("mailchimp", "mailchimp key {} refused", HEX + "-us12"),
        ("telegram", "bot: unauthorized {}", "123456789:AA" + MIXED[:33]),
        ("discord", "Improper token has been passed: {}", "MTA" + MIXED[:21] + ".G" + MIXED[:5] + "." + MIXED[:27]),
        ("digitalocean", "doctl: Unable to use {}", "dop_v1_" + HEX + HEX),
        ("databricks", "databricks.sdk: token {} expired", "dapi" + HEX),
        ("shopify", "Shopify: [API] Invalid access token {}", "shpat_" + HEX),
        ("sonar", "mvn sonar:sonar with {}", "sqp_" + HEX + HEX[:8]),
        ("terraform", "terraform login: {}", MIXED[:14] + ".atlasv1." + MIXED * 2),
        ("atlassian", "jira: basic auth with {} failed", "ATATT3" + MIXED * 3),
        ("age", "sops: {} no match", "AGE-SECRET-KEY-1" + MIXED.upper() + MIXED[:22].upper()),
        ("url", "pip: Looking in indexes: https://ci:{}@pypi.acme.io/simple", WORD),
        ("url", "fatal: unable to access 'https://x-access-token:{}@github.com/acme/app/'", "v1." + HEX),
        ("url", "sqlalchemy.exc.OperationalError: postgres://app:{}@db:5432/app", "p@ss!" + WORD),
        ("url", "redis.exceptions.ConnectionError: redis://:{}@cache:6379/0", WORD),
        ("url", "git clone https://{}@github.com/acme/app.git", MIXED),
        ("url", "GET https://api.acme.io/v1/build?id=7&access_token={}&x=1", LOWER),
        ("aws url", "https://s3.amazonaws.com/b/k?X-Amz-Signature={}", HEX + HEX),
        ("authorization", "> Authorization: Basic {}", BASIC),
        ("authorization", "http.https://github.com/.extraheader AUTHORIZATION: basic {}", BASIC),
        ("authorization", "    'Authorization': 'Bearer {}',", MIXED),
        ("authorization", "curl: -H \"Authorization: token {}\" https://api", HEX + HEX[:8]),
        ("authorization", "sent header bearer {}", "opaque." + LOWER),
        ("authorization", "authorization: {}", LOWER),
        ("header", "> PRIVATE-TOKEN: {}", MIXED[:20]),
        ("header", "< x-api-key: {}", HEX),
        ("cookie", "< Set-Cookie: session={}; Path=/; HttpOnly", LOWER),
        ("cookie", "> Cookie: {}", "sid=" + LOWER + "; theme=dark"),
        ("command line", "$ curl -sS -u admin:{} https://repo.acme.io/x", WORD),
        ("command line", "+ mysql -h db -u root -p{} < schema.sql", WORD),
        ("command line", "++ deploy --token {} --env prod", MIXED),
        ("command line", "Running: tool --api-key={} run", LOWER),
        ("environment", "DB_PASSWORD={}", WORD),
        ("environment", "2026-07-29T04:36:28.4412345Z   NPM_CONFIG_TOKEN: {}", "correct-horse"),
        ("environment", "declare -x SECRET_KEY_BASE=\"{}\"", HEX * 2),
        ("environment", "export CODECOV_TOKEN='{}'", "0f3a9c1e-77aa-4b1e-9c55-1b2d3e4f5a6b"),
        ("environment", "web_1  | REDIS_PASSWORD={}", "swordfish"),
        ("environment", "  PGPASSWORD: {}", "correct.horse.battery"),
        ("environment", "ADMIN_PASS={}", "CorrectHorse"),
        ("environment", "ENV MYSQL_ROOT_PASSWORD={}", "letmein"),
        ("json", '{{"user": "ci", "password": "{}", "port": 5432}}', "correct horse battery"),
        ("json", '"{{\\"clientSecret\\":\\"{}\\"}}"', LOWER),
        ("connection string", "Server=db;Database=app;User Id=sa;Password={};Encrypt=true", WORD),
        ("yaml", "      api_key: {}", LOWER),
        ("ruby", ':password=>"{}", :active=>true', HEX),
        ("ansible", 'fatal: [web1]: FAILED! => {{"db_password": "{}"}}', WORD),
    ]  # fmt: skip


HARMLESS = [
    "HEAD is now at 9f8b7c6d5e4a3f2b1c0d9e8f7a6b5c4d9f8b7c6d Fix token refresh",
    "Merge 3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a into main",
    "request id: 0f3a9c1e-77aa-4b1e-9c55-1b2d3e4f5a6b",
    "Successfully installed tokenizers-0.19.1 python-jose-3.3.0 passlib-1.7.4",
    '      "integrity": "sha512-' + MIXED * 2 + 'abcdEFGH12345678==",',
    "lodash@^4.17.21 resolved sha1-" + MIXED[:27] + "=",
    "Digest: sha256:" + HEX + HEX,
    "FROM node:20@sha256:" + HEX + HEX,
    "Status: Downloaded newer image for redis:7.2-alpine",
    "  GITHUB_TOKEN: ***",
    "fatal: could not read from https://x-access-token:***@github.com/acme/app",
    "##[group]GITHUB_TOKEN Permissions",
    "  persist-credentials: true",
    "  token: ***",
    "git config --local http.https://github.com/.extraheader AUTHORIZATION: basic ***",
    "password: [secure]",
    "export NPM_TOKEN=[secure]",
    "  DB_PASSWORD: ${{ secrets.DB_PASSWORD }}",
    "PASSWORD=$POSTGRES_PASSWORD ./run.sh",
    "  api_key: <your key here>",
    "SyntaxError: Unexpected token: punc ())",
    "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    "error: expected identifier, found token: `;`",
    "PASS: tests/test_secret_rotation.py",
    "test_password_reset PASSED [ 45%]",
    "FAILED tests/test_auth.py::test_bearer_token - assert 401 == 200",
    "src/auth/token.ts(12,7): error TS2322: Type 'string' is not assignable to type 'Token'.",
    "  const token = req.headers.authorization;",
    "    password: string;",
    "    def login(self, user: str, password: str = None) -> Token:",
    '  os.environ["API_TOKEN"]',
    "token = get_token(user)",
    "Error: missing required secret: DEPLOY_KEY",
    "invalid password: too short",
    "Password: that one is too short",
    "parse error near token=semicolon",
    "W WindowManager: Skipping token=Token{a64f992 ActivityRecord{de9231d u0 com.acme/.a}}",
    "W ActivityManager: Bad activity token: android.os.BinderProxy@2bd79ce",
    "max_tokens=4096 prompt_tokens: 1234 completion_tokens: 512",
    "Cache restored from key: Linux-node-18-9f8b7c6d5e4a3f2b1c0d9e8f7a6b5c4d",
    "cache-key: go-mod-" + HEX + HEX,
    "primary key: users_pkey",
    "PWD=/home/runner/work/app/app",
    "OLDPWD=/home/runner",
    "SSH_KEY_PATH=/home/ci/.ssh/id_ed25519",
    "TOKEN_FILE: /var/run/secrets/kubernetes.io/serviceaccount/token",
    "SECRET_NAME=prod-database-credentials",
    "token_type=bearer expires_in=3600",
    "npm http fetch GET 200 https://npm.example.org/@babel%2fcore 51ms",
    "npm notice integrity: sha512-aBcDeFgHiJkLm[...]NoPqRsTuVwXyZ==",
    "Cloning into git@github.com:acme/app.git",
    "ssh://git@github.com:22/acme/app.git",
    "http://localhost:8080/@scope/package",
    "apt-get install mysql my-package default-mysql-client",
    "docker create --name 38f5_mysql9_19ef --label 63749f -p 3306:3306 mysql:9",
    "1 Component State Change: Component SCSI-WWID:01000010:6005-08b4-0001-00c6-0006-3000-003d-0000 is down",
    "docker run -u 1000:1000 -p 8080:80 app",
    "Authorization: required",
    "401 Unauthorized: Bearer authentication failed",
    "WWW-Authenticate: Basic realm=\"acme\"",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "20120720044246 AddAuthTokenToUsers: migrating",
    "gpg: key 4AEE18F83AFDEB23: public key \"GitHub\" imported",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + MIXED,
    "rustc 1.79.0 (129f3b996 2024-06-10)",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA" + MIXED * 2,
    "/usr/lib/python3.11/site-packages/botocore/auth.py:418: in add_auth",
    "E   KeyError: 'api_key'",
    "warning: use of deprecated function `auth::token`",
    "tokens: [Token(kind=Word), Token(kind=Number)]",
    "sk-container-hidden--visually sk-text-repr-fallback",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "line", "secret"), secrets(), ids=lambda v: str(v)[:24])
def test_a_secret_is_replaced_whole(kind: str, line: str, secret: str) -> None:
    before, after = line.replace("{{", "{").replace("}}", "}").split("{}")
    result = redact([before + secret + after])
    assert secret not in result.lines[0]
    assert re.sub(r"<secret:\d+>", "", result.lines[0]).count(secret[-6:]) == 0, kind
    assert result.lines[0].startswith(before[: len(before) // 2])  # what stands before it is still there
    assert result.found


def test_the_table_is_as_wide_as_it_says() -> None:
    table = secrets()
    assert len(table) >= 40
    assert len({kind for kind, _, _ in table}) >= 20
    assert len(HARMLESS) >= 40


@pytest.mark.parametrize("line", HARMLESS, ids=lambda v: v[:32])
def test_what_only_looks_like_a_secret_stays(line: str) -> None:
    assert redact([line]).lines == (line,)


def key_block() -> list[str]:
    body = [(MIXED * 2)[i : i + 64] for i in range(6)]
    return ["-----BEGIN RSA " + "PRIVATE KEY-----", *body, "c2hvcnQ=", "-----END RSA " + "PRIVATE KEY-----"]


def test_a_private_key_is_replaced_line_by_line() -> None:
    lines = ["+ cat key.pem", *key_block(), "done with it"]
    result = redact(lines)
    assert result.lines == (lines[0], lines[1], *["<secret:1>"] * 7, lines[-2], lines[-1])


def test_a_private_key_behind_timestamps_is_replaced() -> None:
    stamp = "2026-07-29T04:36:28.4412345Z "
    result = redact([stamp + line for line in key_block()])
    assert result.lines[1:-1] == (stamp + "<secret:1>",) * 7


def test_a_private_key_without_an_end_is_replaced_as_far_as_it_goes() -> None:
    lines = [*key_block()[:4], "Error: Process completed with exit code 1."]
    assert redact(lines).lines == (lines[0], *["<secret:1>"] * 3, lines[-1])


def test_a_private_key_on_one_line_is_replaced() -> None:
    line = 'KEY="' + "\\n".join(key_block()) + '" ./deploy'
    assert MIXED[:12] not in redact([line]).lines[0]
    assert redact([line]).lines[0].endswith("./deploy")


def test_the_same_value_has_the_same_number_wherever_it_stands() -> None:
    token = "ghp_" + MIXED
    result = redact([f"A_TOKEN={token}", "B_TOKEN=" + LOWER, f"remote said {token}!", f"echo {LOWER}"])
    assert result.lines == ("A_TOKEN=<secret:1>", "B_TOKEN=<secret:2>", "remote said <secret:1>!", "echo <secret:2>")
    assert [index for _, index in result.found] == [0, 1, 2, 3]


def test_a_redactor_keeps_its_numbers_over_several_texts() -> None:
    redactor = Redactor()
    redactor.redact(["A_TOKEN=" + LOWER])
    assert redactor.redact(["B_TOKEN=" + HEX, "A_TOKEN=" + LOWER]).lines == ("B_TOKEN=<secret:2>", "A_TOKEN=<secret:1>")


def test_several_secrets_of_a_line_are_all_replaced() -> None:
    line = f"https://a:{WORD}@h/x?access_token={LOWER} Authorization: Bearer {MIXED}"
    assert redact([line]).lines == (
        "https://a:<secret:1>@h/x?access_token=<secret:2> Authorization: Bearer <secret:3>",
    )


@pytest.mark.parametrize("start", range(8, 30, 3))
def test_a_cut_through_a_secret_shows_none_of_it(start: int) -> None:
    token = "ghp_" + MIXED
    line = f"A_TOKEN={token} and more"
    kept = Redactor().redact([line], {0: (start, len(line))}).lines[0]
    assert kept == "<secret:1> and more"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=200), max_size=5))
def test_any_text_is_redacted_line_for_line(lines: list[str]) -> None:
    assert len(redact(lines).lines) == len(lines)


@pytest.mark.parametrize(
    "pattern",
    ["token=", "://a:", "authorization: ", "eyJ.", "key", "a@", "-----BEGIN PRIVATE KEY-----", "AC", "curl -u "],
)
def test_repetition_costs_linear_time(pattern: str) -> None:
    # A quadratic pattern would need minutes for this; the test's own limit is that it ends.
    line = pattern * (400_000 // len(pattern))
    assert len(redact([line]).lines) == 1
