"""Consent: remembered per endpoint, private, and never taken from a damaged file."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from logsieve.llm.consent import Consent

LOCAL = "http://localhost:11434/v1"
FAR = "https://api.example/v1"
HERE, THERE = "/home/me/here", "/home/me/there"


def test_nothing_is_agreed_to_at_first(tmp_path: Path) -> None:
    assert not Consent(tmp_path / "consent.json").granted(LOCAL, HERE)


def test_consent_is_remembered_for_that_endpoint_alone(tmp_path: Path) -> None:
    Consent(tmp_path / "a" / "consent.json").grant(LOCAL, HERE)
    again = Consent(tmp_path / "a" / "consent.json")
    assert again.granted(LOCAL, HERE)
    assert again.granted(LOCAL + "/", HERE)
    assert not again.granted(LOCAL, THERE)
    assert not again.granted(LOCAL, "")
    for other in (FAR, LOCAL.replace("11434", "8080"), LOCAL.replace("http", "https"), "http://localhost:11434/v2", ""):
        assert not again.granted(other, HERE)


def test_code_is_agreed_to_apart(tmp_path: Path) -> None:
    consent = Consent(tmp_path / "consent.json")
    consent.grant(LOCAL, HERE)
    assert not consent.granted(LOCAL, HERE, code=True)
    consent.grant(LOCAL, HERE, code=True)
    consent.grant(LOCAL, HERE)  # less than what is agreed to already
    assert consent.granted(LOCAL, HERE)
    assert consent.granted(LOCAL, HERE, code=True)
    assert consent.all() == [(LOCAL, HERE, True)]
    assert consent.revoke(LOCAL, HERE) == 1
    assert not consent.granted(LOCAL, HERE)


def test_consent_can_be_taken_back(tmp_path: Path) -> None:
    consent = Consent(tmp_path / "consent.json")
    consent.grant(LOCAL, HERE)
    consent.grant(FAR, HERE)
    consent.grant(LOCAL, THERE)
    assert consent.all() == [(LOCAL, HERE, False), (LOCAL, THERE, False), (FAR, HERE, False)]
    assert consent.revoke(LOCAL, THERE) == 1
    assert consent.all() == [(LOCAL, HERE, False), (FAR, HERE, False)]
    consent.grant(LOCAL, THERE)
    assert consent.revoke(LOCAL + "/") == 2
    assert consent.revoke(LOCAL) == 0
    assert consent.all() == [(FAR, HERE, False)]


DAMAGED = (
    "",
    "{",
    "null",
    "[]",
    '["URL"]',
    '{"granted": null}',
    '{"granted": "URL"}',
    '{"granted": [["URL", "HERE"]]}',
    '{"granted": [{"endpoint": "URL"}]}',
    '{"granted": [{"endpoint": "URL", "workspace": null}]}',
    '{"granted": [{"endpoint": "", "workspace": "HERE"}]}',
    "\0",
)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_no_consent_and_is_mended_by_the_next(tmp_path: Path, damage: str) -> None:
    consent = Consent(tmp_path / "consent.json")
    consent.path.write_text(damage.replace("URL", LOCAL).replace("HERE", HERE))
    assert not consent.granted(LOCAL, HERE)
    consent.grant(FAR, HERE)
    assert json.loads(consent.path.read_text()) == {"granted": [{"endpoint": FAR, "workspace": HERE, "code": False}]}


def test_bytes_that_are_no_text_are_no_consent(tmp_path: Path) -> None:
    consent = Consent(tmp_path / "consent.json")
    consent.path.write_bytes(b"\xff\xfe\xff")
    assert not consent.granted(LOCAL, HERE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes; the profile folder is private there")
def test_the_file_is_private_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    consent = Consent(tmp_path / "new" / "consent.json")
    consent.grant(LOCAL, HERE)
    assert stat.S_IMODE(consent.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(consent.path.parent.stat().st_mode) == 0o700
    assert list(consent.path.parent.iterdir()) == [consent.path]


def test_the_default_lies_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform.startswith("linux"):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        assert Consent().path == tmp_path / "logsieve" / "consent.json"
    assert Consent().path.name == "consent.json"
