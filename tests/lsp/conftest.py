"""Servers for the tests of the language server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import analysed
from lsp.client import Client, running


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A server that has been started but not greeted."""
    analysed("compiled packs are kept\n")  # to make them may take a busy machine longer than an answer is waited for
    async with running() as client:
        yield client


@pytest.fixture
async def server(client: Client) -> Client:
    """A server that has been greeted by a client that can everything."""
    await client.initialize()
    return client


@pytest.fixture
def without_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are started from here on find no sentence-transformers."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['sentence_transformers'] = None\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
