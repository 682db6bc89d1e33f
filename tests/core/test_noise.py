"""Noise is the same however many lines are looked at together."""

import pytest

from command import FIXTURES
from engine import analysed
from logsieve.core import noise

LOGS = ("maven/reactor-cascade", "github-actions/pytest-failed", "pytest/long-verbose-two-failures")


@pytest.mark.parametrize("name", LOGS)
def test_noise_of_a_long_log_is_found_in_parts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    log = (FIXTURES / name / "log.txt").read_bytes()
    whole = analysed(log).noise
    assert len(whole) > 1
    for many in (1, 40):
        monkeypatch.setattr(noise, "MANY", many)
        assert analysed(log).noise == whole
