"""Servers for the tests of the language server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lsp.client import Client, running


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A server that has been started but not greeted."""
    async with running() as client:
        yield client


@pytest.fixture
async def server(client: Client) -> Client:
    """A server that has been greeted by a client that can everything."""
    await client.initialize()
    return client
