"""What tells of a person or a machine: e-mail addresses, IP addresses, home folders, user names.

What tells of nobody stays, for it is what a log is read by: addresses of the machine itself (127.0.0.1) and those that
documents use, accounts of services and of CI (root, runner), git@ and noreply@. Four numbers may be a version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from logsieve.core.places import Finder, Place, by_pattern, linear, words

__all__ = ["FINDERS"]

BEFORE = 48  # characters before an address that tell whether it is one


# E-mail addresses

_EMAIL = linear(r"([A-Za-z0-9][A-Za-z0-9._%+\-]*)@((?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,24})\b")
_SERVICES = words("git hg svn bzr noreply no-reply do-not-reply donotreply")
_NOWHERE = re.compile(r"(?:.*\.)?(?:example\.(?:com|org|net)|example|test|invalid|localhost|localdomain)")
# Ends of names that are no domains: files, and units of systemd.
_FILES = words("""
    service socket timer target mount slice scope device path png jpg jpeg gif svg webp ico css js mjs cjs ts jsx tsx
    json tgz gz xz bz2 tar jar war dll exe txt xml yml yaml toml lock log html htm php class dylib framework next alpha
    beta canary setter getter qm po mo
""")
_NUMBERED = re.compile(r"v?\d+\.(?!(?:com|cn|net)$)")  # package@1.0.0-rc.next, job@1.worker-org.example
# A name before an address in <>: of two words or more, or behind a label (`Author: ada <`).
_NAMED = re.compile(
    r"((?:[^\W\d_][\w.'’-]*)(?: [^\W\d_][\w.'’-]*){1,3}|(?<=[a-z]: )[\w.-]+)(?: \([^()]{0,40}\))?\"? ?<$"
)
_NO_PERSON = re.compile(
    r"(?i)\b(?:key|release|team|project|builds?|ci|packages?|support|archive|list|bot|maintainers?|automatic"
    r"|developers|security|the)\b"
)


def _emails(line: str) -> Iterator[Place]:
    """E-mail addresses, and the names of people before them (`Ada Lovelace <ada@acme.dev>`)."""
    for found in _EMAIL.finditer(line):
        start, end = found.span()
        local, domain = found[1].lower(), found[2].lower()
        before = line[max(0, start - BEFORE) : start]
        if before.endswith("://"):
            if _is_person(local):
                yield Place(start, start + len(local), "user name")
            continue
        if "://" in before.rpartition(" ")[2] and before.endswith(":"):  # a password, of which a rule knows
            continue
        if local in _SERVICES or domain.rpartition(".")[2] in _FILES or _NOWHERE.fullmatch(domain):
            continue
        if _NUMBERED.match(domain):
            continue
        yield Place(start, end, "e-mail address")
        name = _NAMED.search(before)
        if name and (name[1][0].isupper() or " " not in name[1]) and not _NO_PERSON.search(name[1]):
            yield Place(start - len(before) + name.start(1), start - len(before) + name.end(1), "user name")


# IP addresses

_IPV4 = re.compile(r"(?<![\w.\-])(?:\d{1,3}\.){3}\d{1,3}(?![\w\-])(?!\.\d)")
_IPV6 = re.compile(r"(?i)(?<![\w:.\-])(?:[23][0-9a-f]{3}|f[cd][0-9a-f]{2}):[0-9a-f:]{2,35}(?![\w:])")
_DASHED = re.compile(r"(?<![\w-])ip-(\d{1,3}(?:-\d{1,3}){3})(?![\w-])")
_KNOWN = words("1.1.1.1 1.0.0.1 8.8.8.8 8.8.4.4 9.9.9.9 168.63.129.16")  # public resolvers, Azure's own host
_ANYWHERE = ("192.0.2.", "198.51.100.", "203.0.113.", "172.17.0.")  # documents' own, and Docker's
_VERSION = re.compile(
    r"(?i)(?:[<>=~]=|[~^]>?|\b(?:v|ver|version|release|rev|revision|build|tag|using|installing|installed|fetching|oid|rule"
    r"|downloading|upgrading|updating|upgraded|updated|section|requires?|snmp|java|jdk|ruby|gem))[\s:=\"'(]*$"
    r"|(?i:version|ver|release)\S{0,12}$"
)
_SURE = re.compile(
    r"(?i)(?:[/@\[|]|\b(?:inet|ip|ips|addr|address|host|hosts|nameserver|server|gateway|router|dns|peer|client|remote"
    r"|ping|dial|tcp|udp|src|dst|rhost|connect|connected|connecting|listening|bind|bound|resolved|trying)"
    r"(?: (?:to|from|on|at|is|for|by))?)[\s:=\"'(\[/]*$"
)
_UNSURE = re.compile(r"(?i)\b(?:from|to|for|at|on|via|by|node|with)[\s:=\"'(\[]*$")
_PORT = re.compile(r":\d{1,5}\b|/\d{1,2}(?![\w.])|\s-\s-\s|\]|%\w")


def _ipv4(line: str) -> Iterator[Place]:
    """IPv4 addresses that could tell of a machine."""
    for found in _IPV4.finditer(line):
        if _is_address(found[0], line, found.start(), found.end()):
            yield Place(*found.span(), "IP address")
    for found in _DASHED.finditer(line):
        yield Place(*found.span(1), "IP address")


def _is_address(text: str, line: str, start: int, end: int) -> bool:
    parts = [int(part) for part in text.split(".")]
    if max(parts) > 255 or any(len(part) > 1 and part[0] == "0" for part in text.split(".")):
        return False
    address = IPv4Address(text)
    nobody = address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast
    if nobody or address.is_reserved or parts[0] == 0 or text in _KNOWN or text.startswith(_ANYWHERE):
        return False
    before = line[max(0, start - BEFORE) : start]
    if _VERSION.search(before):
        return False
    if _PORT.match(line, end):
        return True
    if re.search(r"[\w.]/$", before):  # program/1.2.3.4
        return False
    if _SURE.search(before):
        return True
    private = address.is_private
    if _UNSURE.search(before):
        return private or max(parts) >= 32
    return (private and parts[0] != 10) or sum(part >= 32 for part in parts) >= 2


def _ipv6(line: str) -> Iterator[Place]:
    """IPv6 addresses that are routed, or private networks' own."""
    for found in _IPV6.finditer(line):
        text = found[0].rstrip(":")
        try:
            IPv6Address(text)
        except ValueError:
            continue
        if not text.lower().startswith("2001:db8:"):
            yield Place(found.start(), found.start() + len(text), "IP address")


# Home folders and user names

# Accounts of services, images and CI: they are no people.
_ACCOUNTS = words("""
    root admin administrator runner runneradmin runneruser vsts vsts_azpcontainer azureuser travis circleci distiller
    jenkins jenkins-agent gitlab-runner gitlab_ci gitlab buildkite-agent buildkite drone teamcity agent bamboo appveyor
    ubuntu debian fedora centos ec2-user core vagrant docker nobody daemon system anonymous timer upstream unknown
    public default shared guest user username users test tester testuser app build builder builds ci deploy deployer
    dev developer node ruby python php www www-data nginx apache mysql postgres redis mongodb elasticsearch git svn
    linuxbrew homebrew brew codespace vscode coder gitpod workspace work project src home conda jovyan sphinx nix
    nixbld rust rustup go golang java gradle maven mvn android flutter dart swift containeradministrator
    containeruser bin sys sync man lp mail news uucp proxy backup list irc gnats systemd-network systemd-resolve
    messagebus sshd kubernetes kube helm argocd flux oem local me you your_name yourname someone somebody github
    github-actions dependabot renovate worker master jovyan airflow spark hadoop hdfs hive kafka zookeeper oracle
    tomcat jboss wildfly jetty all everyone none null true false x node_modules nagios cyrus postfix dovecot named ntp
    rpc dbus gdm squid ftp games operator smmsp apt polkitd chrony tss site oauth2 token api apikey x-access-token
    x-token-auth gitlab-ci-token
""")
_HOME = re.compile(
    r"(?:(?<![\w.\-])|(?<=file:/)|(?<=/export)|(?<=/var)|(?<=/usr)|(?<=[A-Za-z]:)|(?<=/[a-z])|(?<=[A-Za-z]:\\))"
    r"(?:/(?:home|Users)/|[\\/]{1,2}(?:Users|Documents and Settings)[\\/]{1,2})"
    r"([^\\/\s:;,\"'`<>()\[\]{}|*?$%@!&=#]+)((?: [\w.]+){0,2}(?=\\))?"
)
_METHOD = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|route|path:) ?$")
_NAME = r"([A-Za-z][\w.\\\-]*)"
_FULL_NAME = r"([A-Za-z][\w.\-]*(?: [A-Z][\w.\-]*){0,2})"
_IS = r"[\"']?\s?[=:]>?\s?[\"']?"
_VARIABLES = "USER|USERNAME|SUDO_USER|BUILD_USER|BUILD_USER_ID|CHANGE_AUTHOR|CIRCLE_USERNAME|GITLAB_USER_LOGIN"
_NAME_VARIABLES = "LOGNAME|GITLAB_USER_NAME|GIT_AUTHOR_NAME|GIT_COMMITTER_NAME|BUILD_REQUESTEDFOR"
# Where a program's own grammar names a user: a hint, a pattern.
_USERS = (
    ("user", rf"(?:^|[^A-Za-z_])(?:{_VARIABLES}){_IS}{_NAME}"),
    ("name|requestedfor", rf"(?:^|[^A-Za-z_])(?:{_NAME_VARIABLES}){_IS}{_FULL_NAME}"),
    ("actor", rf"(?:^|[^A-Za-z_])GITHUB_(?:TRIGGERING_)?ACTOR{_IS}{_NAME}"),
    (" for ", r"(?:Accepted|Failed) [\w/-]+ for (?:invalid user )?" + _NAME + r" from "),
    ("user ", r"(?:session (?:opened|closed) for|Invalid|Disconnected from(?: authenticating)?) user " + _NAME),
    ("by user ", r"(?i)\b(?:started|aborted|triggered|requested) by user " + _FULL_NAME),
    ("sudo", r"\bsudo(?:\[\d+\])?:\s+" + _NAME + r" :"),
    ("id=", r"\b[ug]id=\d+\(" + _NAME + r"\)"),
    ("pytest-of-", r"pytest-of-" + _NAME),
    ("_bazel_", r"_bazel_" + _NAME),
    ("hsperfdata_", r"hsperfdata_" + _NAME),
    ("@", r"^(?:\([\w.-]+\) )?\[?([a-z_][\w.\-]*)@[\w.\-]+(?::\S*|\s\S+\])[#$] "),
    ("@", r"\b(?:ssh|scp|sftp|rsync)\b.*?\s([a-z_][\w.\-]*)@[\w\-]+(?:[^.\w-]|$)"),
    ("rw", r"^\s*[-dl](?:[r-][w-][xsStT-]){3}[.+@]?\s+\d+\s+" + _NAME + r"\s"),
)


def _homes(line: str) -> Iterator[Place]:
    for found in _HOME.finditer(line):
        name = found[1].rstrip(".") + (found[2] or "")
        before = line[max(0, found.start() - BEFORE) : found.start()]
        if _is_person(name) and not _METHOD.search(before):
            yield Place(found.start(1), found.start(1) + len(name), "user name")


def _is_person(name: str) -> bool:
    name = name.lower().strip(".")
    first, last = name.partition(" ")[0], name.rpartition(".")[2]
    return first not in _ACCOUNTS and name not in _SERVICES and last not in _FILES


FINDERS = (
    ("email", Finder(("@",), _emails)),
    ("ipv4", Finder((r"\d[.-]\d{1,3}[.-]\d{1,3}[.-]\d",), _ipv4)),
    ("ipv6", Finder((r"[23fcd][0-9a-f]{3}:[0-9a-f:]{2}",), _ipv6)),
    ("user", Finder(("home", "users", "documents and settings"), _homes)),
    *(("user", Finder((hint,), by_pattern("user name", pattern, _is_person))) for hint, pattern in _USERS),
)
