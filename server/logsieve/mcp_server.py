"""The MCP server: a thin loop over `tools`, for agents, over stdio. Logs and excerpts are resources as well.

The client says which folders may be read (its roots). One log is worked on at a time, in a thread, so that the loop
answers, hears of cancellations and tells of progress meanwhile.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, quote, unquote_to_bytes, urlsplit
from urllib.request import url2pathname

import anyio
from anyio import from_thread, to_thread
from mcp import MCPError, stdio_server, types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from logsieve import __version__
from logsieve.settings import Settings
from logsieve.shelf import NoLogError, Shelf, Source
from logsieve.tools import LARGEST, TOOLS, RefusedError, Tool

__all__ = ["main"]

INSTRUCTIONS = (
    "LogSieve finds why a build, CI or test run failed: start with triage. Paths are relative to the first root; "
    "compressed logs are read too. <secret:1> stands for a secret."
)
PATIENCE = 10  # seconds until the client should have said its roots
EVERY = 0.25  # seconds between two reports of progress
LONGEST = 1000  # characters of a name, or of what went wrong

# Resources by the host of their URI: the tool that reads them, its arguments, and what a client is told.
RESOURCES: dict[str, tuple[str, dict[str, Any], str]] = {
    "excerpt": ("reduce", {}, "The lines of a log that explain its failure."),
    "log": ("lines", {"budget": LARGEST}, "A log from a line on, as far as one read goes."),
}
TEMPLATES = {"excerpt": "logsieve://excerpt/{+path}", "log": "logsieve://log/{+path}{?start}"}

Context: TypeAlias = ServerRequestContext[Any]
Asked: TypeAlias = types.CallToolRequestParams | types.ReadResourceRequestParams

log = logging.getLogger("logsieve.mcp")


class _RootsNeededError(Exception):
    """The client has to say its roots, and to ask again."""


def main(folders: Sequence[str], folders_of_packs: Sequence[str], settings: Settings) -> None:
    """Serve one client over stdin and stdout. Where it gives no roots: what lies in these folders, or here."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")  # to stderr: stdout is the protocol's
    allowed = [Path(folder).absolute() for folder in folders or (".",)]
    if not folders and allowed[0] == allowed[0].parent:
        allowed = []  # the whole disk: clients that a desktop starts run there, and nobody chose that
    handlers = _Handlers(Shelf(folders_of_packs, settings), allowed)
    server: Server[Any] = Server(
        "logsieve",
        version=__version__,
        title="LogSieve",
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_resource_templates,
        on_read_resource=handlers.read_resource,
    )
    anyio.run(_serve, server)


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (source, sink):
        await server.run(source, sink, server.create_initialization_options())


class _Handlers:
    """What is done on each request."""

    def __init__(self, shelf: Shelf, folders: Sequence[Path]) -> None:
        self._shelf = shelf
        self._folders = folders
        self._turn = anyio.CapacityLimiter(1)

    async def list_tools(self, _: Context, __: object) -> types.ListToolsResult:
        annotations = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    title=tool.title,
                    description=tool.description,
                    input_schema=tool.takes,
                    output_schema=tool.gives,
                    annotations=annotations,
                )
                for tool in TOOLS.values()
            ]
        )

    async def call_tool(
        self, context: Context, asked: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        if (tool := TOOLS.get(asked.name)) is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {asked.name!r}")
        try:
            answer = await self._answer(context, asked, tool, asked.arguments or {})
        except _RootsNeededError:
            return _roots_needed()
        except (RefusedError, NoLogError) as error:
            return types.CallToolResult(content=[types.TextContent(text=_visible(error))], is_error=True)
        text = json.dumps(answer, ensure_ascii=False)
        return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=answer)

    async def list_resources(self, _: Context, __: object) -> types.ListResourcesResult:
        """Those logs that were asked for; the templates lead to all others."""
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=f"logsieve://{kind}/{quote(os.fsencode(path))}",
                    name=_visible(f"{kind} {Path(path).name}"),
                    description=about,
                    mime_type="text/plain",
                )
                for path in self._shelf.paths()
                for kind, (_, _, about) in RESOURCES.items()
            ]
        )

    async def list_resource_templates(self, _: Context, __: object) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=TEMPLATES[kind], name=kind, description=about, mime_type="text/plain"
                )
                for kind, (_, _, about) in RESOURCES.items()
            ]
        )

    async def read_resource(
        self, context: Context, asked: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult | types.InputRequiredResult:
        parts = urlsplit(asked.uri)
        if parts.scheme != "logsieve" or parts.netloc not in RESOURCES:
            raise MCPError(types.INVALID_PARAMS, f"there is no resource {asked.uri!r}: {', '.join(TEMPLATES.values())}")
        name, arguments, _ = RESOURCES[parts.netloc]
        query = {key: int(values[0]) for key, values in parse_qs(parts.query).items() if values[0].isdecimal()}
        path = os.fsdecode(unquote_to_bytes(parts.path.removeprefix("/")))
        try:
            answer = await self._answer(context, asked, TOOLS[name], {"path": path, **arguments, **query})
        except _RootsNeededError:
            return _roots_needed()
        except (RefusedError, NoLogError) as error:
            raise MCPError(types.INVALID_PARAMS, _visible(error)) from error
        contents = types.TextResourceContents(uri=asked.uri, mime_type="text/plain", text=answer["text"])
        return types.ReadResourceResult(contents=[contents])

    async def _answer(self, context: Context, asked: Asked, tool: Tool, given: Mapping[str, Any]) -> Any:
        arguments = tool.arguments(given)
        folders = await self._roots(context, asked) or self._folders
        source = Source(self._shelf, arguments.pop("path"), folders, _Watch(context))
        try:
            return await to_thread.run_sync(partial(tool.function, source, **arguments), limiter=self._turn)
        except (RefusedError, NoLogError):
            raise
        except Exception as error:
            log.exception("%s has failed", tool.name)
            raise RefusedError("LogSieve has failed on this, and wrote to its stderr how") from error

    async def _roots(self, context: Context, asked: Asked) -> list[Path]:
        """The folders that the client gives now: it may change them at any time."""
        able = context.session.client_capabilities
        if able is None or able.roots is None:
            return []
        if context.session.can_send_request:
            try:
                told: object = await context.session.send_request(
                    types.ListRootsRequest(), types.ListRootsResult, PATIENCE
                )
            except (MCPError, ValueError) as error:
                raise NoLogError(f"the client does not say its roots: {error}") from error
        else:  # from 2026-07-28 on a client is not asked but told to ask again
            told = (asked.input_responses or {}).get("roots")
        if not isinstance(told, types.ListRootsResult):
            raise _RootsNeededError
        return [Path(url2pathname(urlsplit(str(root.uri)).path)) for root in told.roots]


class _Watch:
    """The progress of one request: tells the client, and stops the work when it is not wanted any more."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told = 0.0
        self._next = time.monotonic() + EVERY

    def __call__(self, share: float) -> None:
        from_thread.check_cancelled()
        if share > self._told and (now := time.monotonic()) >= self._next:
            self._told, self._next = share, now + EVERY
            from_thread.run(self._context.session.report_progress, share, 1.0)


def _roots_needed() -> types.InputRequiredResult:
    return types.InputRequiredResult(input_requests={"roots": types.ListRootsRequest()})


def _visible(told: object) -> str:
    """What is told of names and paths: whoever packed an archive chose those of its members."""
    from logsieve.core.render import visible

    return visible(str(told)[:LONGEST])
