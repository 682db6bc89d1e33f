"""What clients hear of each document as diagnostics: pushed, or kept until they ask. Never both of one document."""

from __future__ import annotations

import asyncio
from copy import copy
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsprotocol import types

    from logsieve.lsp.front import Front

__all__ = ["Reports"]

# What a diagnostic may have only for clients that know it: its names in their capabilities, and in its type.
OPTIONAL = {"related_information": "related_information", "tag_support": "tags", "data_support": "data"}


@dataclass(slots=True)
class Report:
    """What was found in a document. Until it is `ready` that is of an earlier text, and who asks for it waits."""

    items: list[types.Diagnostic] = field(default_factory=list)
    version: int | None = None
    name: str = ""  # another one whenever the text or the items are
    given: str = ""  # the name of what the client has
    waiting: int = 0  # asks
    ready: asyncio.Event = field(default_factory=asyncio.Event)


class Reports:
    """A report for each document that is open, and for each window of a log. Of all other files only logs say something
    (`marks`): that is always pushed, for nobody would ask.
    """

    def __init__(self, front: Front) -> None:
        self._front = front
        self._reports: dict[str, Report] = {}
        self._names = count(1)

    @property
    def pulled(self) -> bool:
        """Whether the client asks. It must be one that can be told to ask again: a long log's end is told before the
        rest, and what is found depends on packs and settings, too.
        """
        can = self._front.can
        return can("text_document.diagnostic") is not None and bool(can("workspace.diagnostics.refresh_support"))

    def items(self, uri: str) -> list[types.Diagnostic]:
        """What was last found in a document itself."""
        report = self._reports.get(uri)
        return report.items if report else []

    def stale(self, uri: str) -> None:
        """A document is there, or another one than it was: what it has is being worked out."""
        if uri not in self._reports:
            self._reports[uri] = Report()
            if self.pulled and self._front.marks.of(uri):
                self._push(uri, [])  # from now on it is asked for
        self._reports[uri].ready.clear()

    def show(self, uri: str, version: int | None, items: list[types.Diagnostic]) -> None:
        """What a version of a document has."""
        if not (report := self._reports.get(uri)):
            return
        if (report.version, report.items) != (version, items) or not report.name:
            # Not the same where an edit has changed nothing of it: the editor may have moved its marks with the text.
            report.version, report.items, report.name = version, items, self._next()
        report.ready.set()
        self._tell(uri, report)

    def settle(self, uri: str, version: int | None) -> None:
        """The work is over. If nothing came of it, nothing is shown: what was found earlier is of another text."""
        if (report := self._reports.get(uri)) and not report.ready.is_set():
            self.show(uri, version, [])

    def marked(self, uri: str) -> None:
        """What logs say of a file is something else now."""
        if report := self._reports.get(uri):
            report.name = self._next()
            if report.ready.is_set():
                self._tell(uri, report)
        else:
            self._push(uri, self._front.marks.of(uri))

    def closed(self, uri: str) -> None:
        """A document is not there any more."""
        if report := self._reports.pop(uri, None):
            report.ready.set()
            marks = self._front.marks.of(uri)
            if marks or not self.pulled:  # what was pulled the client takes away itself
                self._push(uri, marks)

    async def pull(
        self, uri: str, known: str | None
    ) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
        """What a document has, of its text as it is when that is known; `known` names what the client had before."""
        from lsprotocol import types

        while (report := self._reports.get(uri)) and not report.ready.is_set():
            report.waiting += 1
            try:
                await report.ready.wait()
            finally:
                report.waiting -= 1
        if not report:
            return types.RelatedFullDocumentDiagnosticReport([])
        report.given = report.name
        if report.name == known:
            return types.RelatedUnchangedDocumentDiagnosticReport(known)
        return types.RelatedFullDocumentDiagnosticReport(self._known(self._all(uri, report)), result_id=report.name)

    def _tell(self, uri: str, report: Report) -> None:
        """Push, or have the client ask where it does not know of this and has not asked yet."""
        if not self.pulled:
            self._push(uri, self._all(uri, report), report.version)
        elif report.given != report.name and not report.waiting:
            again = self._front.workspace_diagnostic_refresh_async(None)
            self._front.go_on("telling the client to ask again", again)

    def _all(self, uri: str, report: Report) -> list[types.Diagnostic]:
        return report.items + self._front.marks.of(uri)

    def _known(self, items: list[types.Diagnostic]) -> list[types.Diagnostic]:
        """Diagnostics without what the client does not know. Those who ask may have said it of what is pushed alone."""
        can, kinds = self._front.can, ("publish_diagnostics", "diagnostic")
        unknown = [
            part for name, part in OPTIONAL.items() if not any(can(f"text_document.{kind}.{name}") for kind in kinds)
        ]
        known = [copy(item) for item in items] if unknown else items
        for item in known:
            for part in unknown:
                setattr(item, part, None)
        return known

    def _push(self, uri: str, items: list[types.Diagnostic], version: int | None = None) -> None:
        from lsprotocol import types

        told = version if self._front.can("text_document.publish_diagnostics.version_support") else None
        self._front.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, self._known(items), told))

    def _next(self) -> str:
        return str(next(self._names))
