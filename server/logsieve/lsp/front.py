"""The front: speaks the protocol and analyses nothing. Every feature asks the worker through the session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, PyglsError
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from logsieve import __version__
from logsieve.lsp.convert import Client, path_of
from logsieve.lsp.features import marks
from logsieve.lsp.progress import Progress
from logsieve.lsp.publish import Publisher
from logsieve.lsp.reports import Reports
from logsieve.lsp.served import COMMANDS, FEATURES, OPTIONS, REQUESTS, Handler
from logsieve.lsp.session import AskFailedError, Session, WorkerLostError
from logsieve.lsp.views import log_of
from logsieve.lsp.watch import Watcher
from logsieve.lsp.wire import Protocol
from logsieve.settings import DEFAULTS, from_mapping

if TYPE_CHECKING:
    from logsieve.llm.explain import Prepared
    from logsieve.llm.prompt import Source

__all__ = ["Front"]

log = logging.getLogger("logsieve.front")

CRASHED = "LogSieve's analysis process stopped and was started again. The server's log says more."
GIVEN_UP = (
    "LogSieve's analysis process keeps stopping and is not started again. Restart the server "
    '("LogSieve: Restart Server" in VS Code, ":lsp restart" or ":edit" in Neovim); the server\'s log says more.'
)
PROBLEMS = 3  # with packs and patterns that are shown one by one: each is a pop-up
FAILED = "LogSieve could not finish something; the server's log says what. It goes on without."


class Front(LanguageServer):
    """The server as its client sees it."""

    protocol: Protocol

    def __init__(self, session: Session) -> None:
        super().__init__("logsieve", __version__, protocol_cls=Protocol, converter_factory=default_converter)
        self.session = session
        session.listener = self
        self.publisher = Publisher(self)
        self.watcher = Watcher(self)
        self.reading = Progress(self)
        self.marks = marks.Marks(self)
        self.reports = Reports(self)
        self.settings = DEFAULTS
        self.commands: frozenset[str] = frozenset()
        self.shown: dict[str, Prepared] = {}  # by document: what the user last saw of what would be sent
        self.along: dict[str, list[Source]] = {}  # and the code in it, or in what the editor's own models are sent
        self.owed: set[str] = set()  # what the client asked for before its log had been analysed
        self.rules: list[tuple[Path, str]] = []  # written in this session: files, and what is in them
        self.buttons = False  # whether messages may have some
        self._client = Client()
        self._trusted = False
        self._told: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        for method, handler in FEATURES.items():
            self.feature(method, OPTIONS.get(method))(self._guarded(handler))
        for method, handler in REQUESTS.items():
            self.feature(method)(self._answered(handler))
        for name, command in COMMANDS.items():
            self.command(name)(self._command(command))
        self.feature(types.INITIALIZED)(self._guarded(Front._initialized))
        self.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(self._guarded(Front._configuration_changed))
        self.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(self._guarded(Front._files_changed))
        self.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(self._guarded(Front._folders_changed))

    # What the client can and wants

    def can(self, capability: str) -> Any:
        """What the client announced under a path such as "text_document.hover.content_format"; None if nothing."""
        return get_capability(self.client_capabilities, capability)

    def is_open(self, log: str) -> bool:
        """Whether the client has a log as a document."""
        return log in self.session.documents

    def folder_of(self, log: str) -> str:
        """The innermost folder of the workspace that holds a log; empty if none does."""
        inside = [uri for uri in self.workspace.folders if log.startswith(uri.rstrip("/") + "/")]
        return path_of(max(inside, key=len)) or "" if inside else ""

    def budget(self, asked: int | None) -> int:
        """A budget in tokens: the one asked for, else the setting's. Raises where it makes no sense."""
        budget = self.settings.reduce.budget if asked is None else asked
        if budget < 1:
            raise self.refusal(f"the budget must be at least 1 token, not {budget}")
        return budget

    def greet(self, params: types.InitializeParams, encoding: str | None) -> None:
        """Take in what the client says of itself."""
        given = params.initialization_options if isinstance(params.initialization_options, Mapping) else {}
        name = params.client_info.name if params.client_info else None
        refreshes = bool(self.can("workspace.text_document_content"))
        self._client = Client.of(name, encoding, given.get("numbers") is not False, refreshes)
        commands = given.get("commands")
        if isinstance(commands, list):
            self.commands = frozenset(c for c in commands if isinstance(c, str))
        self._trusted = given.get("trusted") is True
        self.buttons = given.get("buttons") is True
        self._configure(given.get("settings") or {}, first=True)

    def _configure(self, given: Any, first: bool = False) -> None:
        settings, problems = from_mapping(given)
        for problem in problems:
            self._tell(f"LogSieve: {problem}", types.MessageType.Warning)
        if settings == self.settings and not first:
            return
        self.settings = settings
        self._send_configuration()
        if not first:
            self._redo()

    def _send_configuration(self) -> None:
        roots = [path_of(uri) for uri in self.workspace.folders]
        self.session.configure(self.settings, self._client, self._pack_folders(), tuple(filter(None, roots)))

    def reload_packs(self) -> None:
        """Have the worker look for changes of packs, which it does by itself only when it has nothing else to do."""
        self._send_configuration()

    def _redo(self) -> None:
        """Publish everything anew, and have the client ask anew for what it asks for."""
        self.publisher.all()
        self.watcher.all()
        if self.can("workspace.folding_range.refresh_support"):
            self._ignore_answer(self.workspace_folding_range_refresh_async(None))
        self.owed.add("inlay_hint")
        self.refresh_owed()

    def _pack_folders(self) -> tuple[str, ...]:
        """The packs of the workspace, which come from whoever wrote the repository: only where the user trusts it."""
        paths = [path_of(uri) for uri in self.workspace.folders] if self._trusted else []
        return tuple(f"{path}/.logsieve/packs" for path in paths if path)

    def rules_folder(self, log: str) -> Path | None:
        """Where rules about a log are written: its workspace's packs, or those of the only one that is open; None where
        they are the user's own.
        """
        folders = self._pack_folders()
        own = f"{self.folder_of(log)}/.logsieve/packs"
        return Path(own) if own in folders else Path(folders[0]) if len(folders) == 1 else None

    async def _initialized(self, _params: types.InitializedParams) -> None:
        if self.can("workspace.did_change_configuration.dynamic_registration"):
            wanted = types.DidChangeConfigurationRegistrationOptions(section="logsieve")
            registration = types.Registration(str(uuid4()), types.WORKSPACE_DID_CHANGE_CONFIGURATION, wanted)
            with self.failures("asking to be told of changed settings"):
                await self.client_register_capability_async(types.RegistrationParams([registration]))
        if self.can("workspace.did_change_watched_files.dynamic_registration"):
            watched = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
            registration = types.Registration(str(uuid4()), types.WORKSPACE_DID_CHANGE_WATCHED_FILES, watched)
            with self.failures("asking to be told of files"):
                await self.client_register_capability_async(types.RegistrationParams([registration]))
        await self._pull_configuration()
        await self.reading.preparing(self.session.heard)

    async def _pull_configuration(self) -> None:
        if self.can("workspace.configuration"):
            with self.failures("asking for the settings"):
                item = types.ConfigurationItem(section="logsieve")
                given = await self.workspace_configuration_async(types.ConfigurationParams([item]))
                self._configure((given[0] if isinstance(given, list | tuple) and given else None) or {})

    async def _configuration_changed(self, params: types.DidChangeConfigurationParams) -> None:
        if self.can("workspace.configuration"):
            await self._pull_configuration()
        elif isinstance(params.settings, Mapping):
            self._configure(params.settings.get("logsieve", {}))

    async def _folders_changed(self, _params: types.DidChangeWorkspaceFoldersParams) -> None:
        self._send_configuration()
        self._redo()

    async def _files_changed(self, params: types.DidChangeWatchedFilesParams) -> None:
        moved = (path_of(c.uri) for c in params.changes if c.type != types.FileChangeType.Changed)
        if paths := tuple(path for path in moved if path):
            self.session.files(paths)
        for log in {log for change in params.changes for log in self.marks.naming(change.uri)}:
            self.publisher.mark(log)

    # What the user is told

    def forget_marks(self, log: str) -> None:
        """Take back what a log said of the code."""
        self._ignore_answer(self.marks.closed(log))

    def refresh_owed(self) -> None:
        """Have the client ask again for what could not be told while a log was analysed."""
        if "semantic_tokens" in self.owed and self.can("workspace.semantic_tokens.refresh_support"):
            self._ignore_answer(self.workspace_semantic_tokens_refresh_async(None))
        if "inlay_hint" in self.owed and self.can("workspace.inlay_hint.refresh_support"):
            self._ignore_answer(self.workspace_inlay_hint_refresh_async(None))
        self.owed.clear()

    def refresh_views(self, uri: str) -> None:
        """Have the client read the views of a log again."""
        if self.can("workspace.text_document_content"):
            for shown in self.watcher.views:
                if log_of(shown) == uri:
                    params = types.TextDocumentContentRefreshParams(shown)
                    self._ignore_answer(self.workspace_text_document_content_refresh_async(params))

    def _tell(self, message: str, kind: types.MessageType) -> None:
        """Show a message, once a session."""
        if message not in self._told:
            self._told.add(message)
            self.window_show_message(types.ShowMessageParams(kind, message))

    def _ignore_answer(self, request: Awaitable[Any]) -> None:
        self.go_on("telling the client to ask again", request)

    def go_on(self, doing: str, work: Awaitable[Any]) -> None:
        """Do something while the client is answered."""

        async def go() -> None:
            with self.failures(doing):
                await work

        task = asyncio.create_task(go())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Failures: log them, answer empty, tell the user once

    @contextmanager
    def failures(self, doing: str) -> Iterator[None]:
        """The one place where failures end: what goes wrong inside is logged and told once, and the server goes on."""
        try:
            yield
        except AskFailedError as error:
            log.warning("%s: %s", doing, error)
            if not error.expected:
                self._tell(FAILED, types.MessageType.Error)
        except (WorkerLostError, JsonRpcException) as error:
            log.warning("%s: %s", doing, error)
        except Exception:
            log.exception("%s", doing)
            self._tell(FAILED, types.MessageType.Error)

    def _guarded(self, handler: Handler) -> Callable[[Any], Awaitable[Any]]:
        """A handler of what the editor asks by itself: on failure the answer is empty."""

        async def guarded(params: Any) -> Any:
            answer = None
            with self.failures(handler.__name__):
                answer = await handler(self, params)
            return answer  # noqa: RET504 (on failure it is still None)

        return guarded

    def _answered(self, handler: Handler) -> Callable[[Any], Awaitable[Any]]:
        """A handler of what the user asks for: on failure the answer says what went wrong."""

        async def answered(params: Any) -> Any:
            try:
                return await handler(self, params)
            except AskFailedError as error:
                log.warning("%s: %s", handler.__name__, error)
                raise self.refusal(str(error)) from error
            except WorkerLostError as error:
                raise self.refusal(f"LogSieve's analysis process has stopped: {error}") from error
            except JsonRpcException:
                raise
            except OSError as error:  # what was to be kept cannot be: no room, no permission
                log.warning("%s: %s", handler.__name__, error)
                raise self.refusal(f"{error.strerror or error}: {error.filename or handler.__name__}") from error
            except Exception as error:
                log.exception("%s", handler.__name__)
                raise JsonRpcInternalError(f"{type(error).__name__}: {error}") from error

        return answered

    def _command(self, command: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """A command of the client's choice, with the arguments that it sends."""
        answered = self._answered(lambda front, arguments: command(front, *arguments))

        async def run(*arguments: Any) -> Any:
            return await answered(arguments)

        return run

    def refusal(self, message: str) -> JsonRpcException:
        """The error that answers a request which cannot be met; the client shows the message."""
        return JsonRpcException(message, types.LSPErrorCodes.RequestFailed.value)

    def report_server_error(self, error: Exception, source: type[PyglsError | JsonRpcException]) -> None:
        """What pygls could not handle (a message that is no message): logged, not shown; it is the client's doing."""
        log.error("%s: %s", source.__name__, error)

    # What the worker says on its own

    def on_death(self, final: bool) -> None:
        """The worker died."""
        if final:
            self._tell(GIVEN_UP, types.MessageType.Error)
        else:
            self._tell(CRASHED, types.MessageType.Warning)
        self.reading.end()

    def on_reload(self) -> None:
        """Packs have changed."""
        self._redo()

    def on_problems(self, problems: tuple[str, ...]) -> None:
        """Packs and patterns that cannot be used."""
        for problem in problems:
            log.warning("%s", problem)
        for problem in problems[:PROBLEMS]:
            self._tell(f"LogSieve: {problem}", types.MessageType.Warning)
        if len(problems) > PROBLEMS:
            more = f"LogSieve: {len(problems) - PROBLEMS} more problems are in the server's log."
            self._tell(more, types.MessageType.Warning)

    def on_progress(self, uri: str, fraction: float | None, seconds: float = 0) -> None:
        """A log is read so far."""
        self.reading.told(uri, fraction, seconds)
