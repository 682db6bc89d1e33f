"""A real MCP client: it starts the real `logsieve mcp` and speaks with it over its pipes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters, stdio_client, types
from mcp.client import ClientRequestContext
from mcp.client.client import ConnectMode

from command import COMMAND, Command

__all__ = ["MODES", "Agent", "running"]

MODES: tuple[ConnectMode, ...] = ("legacy", "auto")  # with a handshake, as until 2025-11-25; without one


@dataclass
class Agent:
    """An agent's side of a session. `roots` may change; None is a client that knows of none."""

    client: Client
    roots: list[Path] | None
    stderr: Path = field(default_factory=Path)

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """A tool's answer; the client has checked it against the tool's schema."""
        done = await self.client.call_tool(tool, arguments)
        assert not done.is_error, done.content
        assert isinstance(done.structured_content, dict)
        (content,) = done.content
        assert isinstance(content, types.TextContent)
        assert json.loads(content.text) == done.structured_content
        return done.structured_content

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        """What the agent is told by a tool that cannot answer."""
        done = await self.client.call_tool(tool, arguments)
        assert done.is_error
        assert done.structured_content is None
        (content,) = done.content
        assert isinstance(content, types.TextContent)
        return content.text

    async def read(self, uri: str) -> str:
        """The text of a resource."""
        (content,) = (await self.client.read_resource(uri)).contents
        assert isinstance(content, types.TextResourceContents)
        assert content.mime_type == "text/plain"
        return content.text


@asynccontextmanager
async def running(
    folder: Path, *arguments: str | Path, roots: Sequence[Path] | None = None, mode: ConnectMode = "auto"
) -> AsyncIterator[Agent]:
    """A session with a server that was started in `folder`."""

    async def say_roots(context: ClientRequestContext) -> types.ListRootsResult:
        assert agent.roots is not None, context
        return types.ListRootsResult(roots=[types.Root(uri=root.as_uri()) for root in agent.roots])  # type: ignore[arg-type]  # FileUrl takes text

    parameters = StdioServerParameters(
        command=str(COMMAND),
        args=["mcp", *map(str, arguments)],
        env=Command(folder).environment,
        cwd=folder,
    )
    stderr = folder / "stderr.txt"
    with stderr.open("w") as errors:
        client = Client(
            stdio_client(parameters, errors), mode=mode, list_roots_callback=None if roots is None else say_roots
        )
        agent = Agent(client, None if roots is None else list(roots), stderr)
        async with client:
            yield agent
    assert "Traceback" not in stderr.read_text()
