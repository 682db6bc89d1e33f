"""The tools of agents in an editor: those of `tools`, about a log that the session has or finds by its URI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.messages import RefusedError
from logsieve.lsp.views import log_of

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.lsp.protocol_llm import ToolParams, ToolResult
    from logsieve.shelf import Log


@dataclass(frozen=True, slots=True)
class _Known:
    """The one log that is asked about."""

    log: Log

    def one(self) -> Log:
        return self.log

    def all(self) -> Iterator[Log]:
        yield self.log

    def progress(self, share: float) -> None:
        pass  # it is analysed already


def answer(analysis: Analysis, _at: Coordinates, name: str, path: str, given: dict[str, Any]) -> str:
    """The answer of a tool as JSON. Raises RefusedError where the arguments do not fit the log."""
    from logsieve import tools
    from logsieve.shelf import Log

    chosen = tools.TOOLS[name]
    try:
        arguments = chosen.arguments({"path": path, **given})
        del arguments["path"]
        return json.dumps(chosen.function(_Known(Log(path, analysis)), **arguments), ensure_ascii=False)
    except tools.RefusedError as error:
        raise RefusedError(str(error)) from error


async def tool(front: Front, params: ToolParams) -> ToolResult:
    """`logsieve/tool`."""
    from logsieve.lsp.protocol_llm import ToolResult

    optional = {"finding": params.finding, "budget": params.budget}
    given = {name: value for name, value in optional.items() if value is not None}
    log = log_of(params.uri)
    return ToolResult(await front.session.ask(log, f"{__name__}:answer", params.tool, params.path, given))
