"""What the server answers: the table of methods and commands, each with the handler of its feature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from logsieve.lsp import protocol
from logsieve.lsp.features import (
    actions,
    diagnostics,
    editor,
    explain,
    findings,
    folding,
    hints,
    hover,
    marks,
    noise,
    reduced,
    references,
    rules,
    search,
    source,
    symbols,
    tokens,
    tool,
    view,
)

if TYPE_CHECKING:
    from logsieve.lsp.front import Front

__all__ = ["COMMANDS", "FEATURES", "OPTIONS", "REQUESTS", "Handler"]

Handler = Callable[["Front", Any], Awaitable[Any]]

FEATURES: dict[str, Handler] = {
    types.TEXT_DOCUMENT_CODE_ACTION: actions.code_action,
    types.TEXT_DOCUMENT_CODE_LENS: marks.code_lens,
    types.TEXT_DOCUMENT_DEFINITION: source.definition,
    types.TEXT_DOCUMENT_DOCUMENT_LINK: source.document_link,
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: symbols.document_symbol,
    types.TEXT_DOCUMENT_FOLDING_RANGE: folding.folding_range,
    types.TEXT_DOCUMENT_HOVER: hover.hover,
    types.TEXT_DOCUMENT_INLAY_HINT: hints.inlay_hint,
    types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: references.document_highlight,
    types.TEXT_DOCUMENT_REFERENCES: references.references_of,
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: tokens.tokens_full,
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE: tokens.tokens_range,
    types.WORKSPACE_SYMBOL: symbols.workspace_symbol,
}
REQUESTS: dict[str, Handler] = {
    types.TEXT_DOCUMENT_DIAGNOSTIC: diagnostics.diagnostic,
    types.WORKSPACE_TEXT_DOCUMENT_CONTENT: view.content,
    "logsieve/consent": editor.consent,
    "logsieve/expand": view.expand,
    "logsieve/explain": explain.explain,
    "logsieve/explainPreview": explain.preview,
    "logsieve/failure": findings.one_failure,
    "logsieve/findings": findings.findings,
    "logsieve/locate": view.locate,
    "logsieve/noise": noise.noise,
    "logsieve/prompt": editor.prompt,
    "logsieve/reduce": reduced.reduce_log,
    "logsieve/reducedView": view.reduced_view,
    "logsieve/search": search.search,
    "logsieve/tool": tool.tool,
    "logsieve/verify": editor.verify,
    "logsieve/view": view.whole,
}
COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {
    protocol.NOT_AN_ERROR: partial(rules.add, "not-an-error"),
    protocol.ALWAYS_AN_ERROR: partial(rules.add, "always-an-error"),
    protocol.HIDE_LINES: partial(rules.add, "hide"),
    protocol.UNDO_RULE: rules.undo,
}
OPTIONS: dict[str, Any] = {
    types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: types.SemanticTokensLegend(tokens.LEGEND, tokens.MODIFIERS),
}
