"""A tool's log is read by the tool's own pack: no other takes its lines for failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from logsieve import packs
from logsieve.core.analysis import analyse
from logsieve.model import Level
from logsieve.text import LogText

FIXTURES = Path(__file__).parents[2] / "fixtures"
COMMON = {"generic", "shell"}
COMPILERS = {"gcc", "ld", "make"}
RUNNERS = {"pytest", "tsc", "prettier", "jest", "pip"}  # what the fixtures of the CI services run

# Packs whose findings may be errors in a family's logs, beside the family's own and COMMON.
ALSO = {
    "aapt": {"android"},
    "ada": {"gnat"},
    "agda": {"proofs"},
    "angular": {"esbuild", "tsc"},
    "ansible": {"ssh"},
    "ant": {"javac", "java", "junit"},
    "appveyor": {"yamllint"},
    "astro": {"vite"},
    "autotools": COMPILERS,
    "ava": {"tap"},
    "awesome-lint": {"awesome"},
    "bazel": COMPILERS,
    "behave": {"python"},
    "boosttest": {"googletest"},
    "build": {"python", "pip", *COMPILERS},
    "buildkite": {"pytest", "ssh"},
    "bun": {"github-actions"},
    "bundler": {"ruby"},
    "c8": {"nyc", "mocha"},
    "checkstyle": {"java"},
    "circleci": {"pytest"},
    "clang": COMPILERS,
    "clang-format": {"gcc"},
    "clang-tidy": {"gcc"},
    "cmake": {*COMPILERS, "ninja"},
    "cmocka": {"criterion", "googletest"},
    "cobol": {"gcc"},  # GnuCOBOL's messages are GCC's
    "codecov": {"git"},
    "commitlint": {"node"},
    "coffeescript": {"coffeelint"},
    "composer": {"symfony", "php"},
    "concurrently": {"node", "shell"},
    "coq": {"proofs"},
    "coverage": {"pytest"},
    "cpanm": {"perl", "make"},
    "crystal": {"rspec"},  # its specs speak as RSpec's do
    "cucumber": {"ruby"},
    "cucumber-js": {"node"},
    "cunit": {"check"},
    "d": {"ld"},
    "django": {"unittest", "python"},
    "dnf": {"apt"},
    "doctest": {"python", "catch2"},
    "dpkg": {"debian", *COMPILERS},
    "dzil": {"perl", "make"},
    "ecj": {"javac"},
    "elixir": {"bats"},  # both count "4 tests, 1 failure"
    "erlang": {"bats"},
    "esbuild": {"node"},
    "flake8": {"ruff", "python"},
    "gcc": COMPILERS,
    "gdb": {"crash"},
    "ginkgo": {"go"},
    "github-actions": RUNNERS,
    "gitlab-ci": RUNNERS,
    "gotestsum": {"go"},
    "gradle": {"javac", "java", "junit", "groovy"},
    "groovy": {"java", "junit"},
    "haskell": {"rspec"},  # Hspec counts as RSpec does
    "html-validate": {"eslint"},
    "iwyu": {"clang-tidy", "gcc"},
    "jasmine": {"node", "maven"},
    "jenkins": RUNNERS,
    "jest": {"node", "github-actions"},
    "jsonlines": {"json-lines", "python"},
    "junit": {"java"},
    "karma": {"jasmine"},
    "kernel": {"syslog"},
    "kotlin": {"java"},
    "kubernetes": {"logfmt"},  # kubectl logs as klog does
    "lab": {"mocha", "node"},
    "ld": COMPILERS,
    "lerna": {"node", "npm", "nx", "tap"},
    "lintian": {"debian"},
    "log4j": {"java"},
    "logback": {"java"},
    "lua": {"googletest", "tap", "gcc"},  # busted -o gtest and -o TAP; LuaRocks compiles
    "make": COMPILERS,
    "maven": {"javac", "java", "junit"},
    "meson": {*COMPILERS, "ninja"},
    "metro": {"babel"},
    "minitest": {"ruby"},
    "mkdocs": {"python"},  # click, about its options
    "mocha": {"node"},
    "mono": {"dotnet"},
    "next": {"node", "swc", "webpack"},
    "ninja": COMPILERS,
    "node": {"tap"},
    "nodemon": {"node"},
    "nose": {"unittest", "python"},
    "nox": {"tox", "pytest", "pip"},
    "npm": {"node", "tsc", "prettier", *COMPILERS},
    "npm-run-all": {"concurrently", "node", "npm"},
    "nunit": {"dotnet"},
    "nuxt": {"vite"},
    "nx": {"node", "npm", "tap"},
    "nyc": {"mocha"},
    "oxlint": {"swc"},
    "pacman": {"apt"},
    "pdm": {"pip", "build", "python"},
    "perlcritic": {"perl"},
    "perltidy": {"perl", "perlcritic"},
    "phing": {"ant", "php"},
    "php": {"symfony"},
    "phpunit": {"php"},
    "pip": {"python", "build", *COMPILERS},
    "playwright": {"node", "github-actions"},
    "pnpm": {"node"},
    "poetry": {"python"},
    "pre-commit": {"ruff", "mypy", "pip"},
    "protractor": {"jasmine", "node", "maven"},
    "prove": {"perl", "tap"},
    "pylint": {"ruff", "python"},
    "pyright": {"mypy"},
    "pytest": {"python"},
    "qunit": {"tap"},
    "r": COMPILERS,
    "rake": {"minitest", "ruby"},
    "raku": {"tap", "perl"},
    "rpm": {"apt"},
    "rpmbuild": {"rpm", *COMPILERS},
    "rspec": {"ruby"},
    "rubygems": {"bundler", *COMPILERS},
    "ruff": {"black"},  # ruff format speaks as Black does
    "rush": {"node"},
    "sanitizers": {"gcc"},
    "scala": {"java"},
    "scons": COMPILERS,
    "shell": {"node"},
    "size-limit": {"node"},
    "sphinx": {"python", "doctest"},
    "staticcheck": {"golangci"},
    "stylelint": {"eslint"},
    "tape": {"tap", "node"},
    "teamcity": {"pytest"},
    "testcafe": {"webpack"},
    "testem": {"tap"},
    "testng": {"ant", "java", "junit"},
    "textlint": {"eslint"},
    "tox": {"pytest", "pip", "python"},
    "travis": {*RUNNERS, "apt", "cfn-lint", "curl"},
    "trial": {"unittest", "python"},
    "turbo": {"node", "npm", "tap", "github-actions"},
    "twine": {"python"},
    "unittest": {"python"},
    "uv": {"python"},
    "uvu": {"node"},
    "valgrind": {"sanitizers"},
    "vitest": {"nyc", "github-actions"},
    "vue-cli": {"eslint", "webpack"},
    "web-test-runner": {"node"},
    "webdriverio": {"node"},
    "webpack": {"babel"},
    "wireit": {"node", "npm"},
    "yarn": {"node"},
}


# "hard" holds logs of many tools; tests/core/test_hard_cases.py says what is found in each.
@pytest.mark.parametrize(
    "family", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir() and path.name != "hard")
)
def test_only_a_familys_packs_find_errors(family: str) -> None:
    allowed = {family} | COMMON | ALSO.get(family, set())
    strangers = [
        f"{path.parent.name}: {finding.rule} on line {finding.anchor + 1}: {finding.title}"
        for path in sorted((FIXTURES / family).glob("*/log.txt"))
        for finding in analyse(LogText.from_bytes(path.read_bytes()), packs.load()).findings
        if finding.severity is Level.ERROR and finding.rule.partition("/")[0] not in allowed
    ]
    assert strangers == []


def test_the_table_names_packs_and_families() -> None:
    names = {pack.name for pack in packs.load().packs}
    assert set(ALSO) <= {path.name for path in FIXTURES.iterdir()}
    assert {name for also in ALSO.values() for name in also} <= names


def test_a_word_after_error_is_no_test() -> None:
    (finding,) = analyse(LogText.from_bytes(b"ERROR: disk\nit is full\n"), packs.load()).findings
    assert not finding.rule.startswith("unittest/")


def test_an_error_that_quotes_a_word_of_sass_is_not_sass() -> None:
    found = analyse(
        LogText.from_bytes(b"Error: expected by no one\n    at cart (cart.js:3:5)\n"), packs.load()
    ).findings
    assert {finding.rule.partition("/")[0] for finding in found} <= {"generic", "node"}
