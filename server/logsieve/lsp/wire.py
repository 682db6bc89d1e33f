"""The Language Server Protocol as pygls speaks it, with a text sync of our own and what pygls leaves out."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol, lsp_method

from logsieve.lsp import protocol
from logsieve.lsp.convert import Span, parts_of
from logsieve.lsp.memory import give_back

if TYPE_CHECKING:
    from logsieve.lsp.front import Front

__all__ = ["Protocol", "Reader", "apart"]

LARGEST = 1 << 30  # bytes of a message: more than any text that an editor opens
LARGE = 1 << 20  # bytes of a message out of which the text of a document is taken
BESIDE = 1 << 16  # bytes of what else is in it, at most
PART = 1 << 16  # bytes of a line that are looked at together
_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,10})[ \t]*\r?\n\Z", re.IGNORECASE)
_LONGEST = 64  # bytes of what that finds
_TEXT = re.compile(rb'"text"[ \t\r\n]*:[ \t\r\n]*"')
_ITEM = {"uri", "languageId", "version", "text"}
_CLOSED = re.compile(rb'(?<=[^\\])(?:\\\\)*(")')  # a quote that ends a string


class Reader:
    """Messages on a stream, whatever stands between them: pygls knows a header only where a line begins, takes any
    number for a length, and a line of any length into memory.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def message(self) -> bytes:
        """The next message; empty at the end of the stream."""
        length = 0
        while line := self._line():
            found = _LENGTH.search(line)
            if found and not length and 0 < int(found[1]) <= LARGEST:
                length = int(found[1])
            elif length and not line.strip():
                return self._source.read(length)
        return b""

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            if not (part := self._source.readline(PART)):
                return b""
            line = line[-_LONGEST:] + part
        return line


def apart(message: bytes) -> tuple[bytes, memoryview] | None:
    """A large `didOpen` without its text, and the text as it stands there, between its quotes; None of other messages.

    As a `str` the text would take up to four times its size, and longer to make than its last lines to be analysed.
    """
    if not (key := _TEXT.search(message)):
        return None
    start = key.end()
    end = _CLOSED.search(message, max(start, len(message) - BESIDE))
    if not end:
        return None
    rest = message[:start] + message[end.start(1) :]
    try:
        read: Any = json.loads(rest) if len(rest) <= BESIDE else None
        alone = read["method"] == types.TEXT_DOCUMENT_DID_OPEN and read["params"]["textDocument"].keys() == _ITEM
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # what is wrong with it is told where all of it is read
    return (rest, memoryview(message)[start : end.start(1)]) if alone else None


class Protocol(LanguageServerProtocol):
    """The protocol with our own text sync: pygls would keep each text and split it again at every change."""

    _server: Front
    _greeted = False
    _text: memoryview | None = None  # of the document that the message under way opens, where it is large

    def take(self, message: bytes) -> None:
        """Do what a message says, in the bytes that came."""
        try:
            rest, self._text = (len(message) > LARGE and apart(message)) or (message, None)
            self.handle_message(json.loads(rest, object_hook=self.structure_message))
        except Exception as error:  # noqa: BLE001 (whatever is wrong with a message, the next one may be right)
            self._server.report_server_error(error, JsonRpcException)

    @cache  # noqa: B019 (one protocol a process)
    def get_message_type(self, method: str) -> type[Any] | None:
        """How a message's data is read."""
        if method in protocol.REQUESTS:
            wanted: Any = protocol.RequestMessage
            chosen: type[Any] = wanted[protocol.REQUESTS[method][0]]
            return chosen
        known: type[Any] | None = super().get_message_type(method)
        return known

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message in JSON's data. pygls drops a request that it cannot read, and the number of one that should have
        been a notification; their senders wait for an answer.
        """
        try:
            message = super().structure_message(data)
        except (JsonRpcInvalidParams, JsonRpcInternalError):
            if "id" in data and "method" in data:
                error = JsonRpcInvalidParams(f"these are no parameters of {data['method']}")
                self._send_response(data["id"], error=error.to_response_error())
            raise
        if "id" in data and "method" in data and not hasattr(message, "id"):
            refusal = JsonRpcInvalidRequest(f"{data['method']} is no request")
            self._send_response(data["id"], error=refusal.to_response_error())
        return message

    def handle_message(self, message: Any) -> None:
        """Take a message in its turn: pygls answers before the greeting, greets twice, is silent after the goodbye."""
        method = getattr(message, "method", None)
        if method and (refusal := self._out_of_turn(method)):
            if (number := getattr(message, "id", None)) is not None:
                self._send_response(number, error=refusal.to_response_error())
            return
        super().handle_message(message)

    def _out_of_turn(self, method: str) -> JsonRpcException | None:
        if method == types.EXIT:
            return None
        if self.was_shut_down:
            return JsonRpcInvalidRequest("the server has been shut down")
        if method == types.INITIALIZE:
            again, self._greeted = self._greeted, True
            return JsonRpcInvalidRequest("the server has been greeted already") if again else None
        early = types.ErrorCodes.ServerNotInitialized.value
        return None if self._greeted else JsonRpcException("the server has not been greeted yet", early)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """Greet the client, and say what pygls serves but does not announce."""
        if params.root_uri and not parts_of(params.root_uri).scheme:
            params.root_uri = None  # no URI: pygls would end here, and greet nobody any more
        result: types.InitializeResult = yield from super().lsp_initialize(params)
        if result.capabilities.workspace:
            result.capabilities.workspace.text_document_content = types.TextDocumentContentOptions([protocol.SCHEME])
        if not self._server.reports.pulled:
            result.capabilities.diagnostic_provider = None
        if self._server.can("text_document.code_lens.dynamic_registration"):
            result.capabilities.code_lens_provider = None  # it is registered for the files that have some (`marks`)
        self._server.greet(params, result.capabilities.position_encoding)
        return result

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]  # pygls takes both
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """Run a command, and what answers is what works: of pygls' two tasks a cancellation ends only the first."""
        if (command := self.fm.commands.get(params.command)) is None:
            raise JsonRpcInvalidParams.of(ValueError(f"there is no command {params.command!r}"))
        return await command(*(params.arguments or ()))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """A document was opened; views of our own are none of our business."""
        item = params.text_document
        if not item.uri.startswith(f"{protocol.SCHEME}:"):
            if not self._server.can("workspace.did_change_watched_files.dynamic_registration"):
                self._server.session.files()  # nobody will tell what was made or removed
            text = item.text if self._text is None else self._text
            self._server.session.open(item.uri, item.language_id, item.version, text)
            self._server.publisher.opened(item.uri)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Pass the edits on."""
        uri = params.text_document.uri
        if uri in self._server.session.documents:
            edits = [(_span(change), change.text) for change in params.content_changes]
            self._server.session.edit(uri, params.text_document.version, edits)
            self._server.publisher.changed(uri)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        uri = params.text_document.uri
        if uri in self._server.session.documents:
            self._server.publisher.closed(uri)
            self._server.session.close(uri)
            give_back()
        self._server.watcher.closed(uri)
        self._server.shown.pop(uri, None)
        self._server.along.pop(uri, None)

    @property
    def was_shut_down(self) -> bool:
        """Whether the client said goodbye before it left."""
        return bool(self._shutdown)


def _span(change: types.TextDocumentContentChangeEvent) -> Span | None:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return None
    start, end = change.range.start, change.range.end
    return start.line, start.character, end.line, end.character
