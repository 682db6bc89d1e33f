"""Progress of long work, as a client sees it that can show it, and as one that cannot."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import pytest

from logsieve.lsp.front import Front
from logsieve.lsp.progress import PREPARING
from logsieve.lsp.session import Session
from lsp.client import EVERYTHING, running
from processes import TOLD, children

URI = "file:///somewhere/build.log"


class Wire:
    """Takes what a front sends."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.sent.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None:
        """Nothing to close."""


class Talk:
    """A front that was greeted, without a worker and without pipes: what it is told comes from the test."""

    def __init__(self, can_show: bool) -> None:
        self.wire = Wire()
        self.front = Front(Session())
        self.front.protocol.set_writer(self.wire)
        capabilities = {"window": {"workDoneProgress": can_show}}
        self.hear(id=1, method="initialize", params={"processId": None, "rootUri": None, "capabilities": capabilities})
        self.wire.sent.clear()

    def hear(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message})
        protocol = self.front.protocol
        protocol.handle_message(json.loads(body, object_hook=protocol.structure_message))

    def values(self) -> list[Any]:
        return [m["params"]["value"] for m in self.wire.sent if m["method"] == "$/progress"]


@pytest.fixture
def talk() -> Talk:
    return Talk(can_show=True)


def test_begin_report_and_end(talk: Talk) -> None:
    talk.front.on_progress(URI, 0.1, 0.7)
    [create] = talk.wire.sent
    assert create["method"] == "window/workDoneProgress/create"
    talk.front.on_progress(URI, 0.2, 0.7)  # the client has not answered yet: nothing may be shown
    assert talk.values() == []
    talk.hear(id=create["id"], result=None)
    talk.front.on_progress(URI, 0.5, 0.7)
    talk.front.on_progress(URI, None)
    begin, report, end = talk.values()
    assert begin == {
        "kind": "begin",
        "title": "LogSieve",
        "message": "reading build.log",
        "percentage": 0,
        "cancellable": False,
    }
    assert report == {"kind": "report", "percentage": 50}
    assert end == {"kind": "end"}
    assert {m["params"]["token"] for m in talk.wire.sent} == {create["params"]["token"]}


def test_short_work_is_not_shown(talk: Talk) -> None:
    talk.front.on_progress(URI, 0.1, 0.1)
    talk.front.on_progress(URI, 0.9, 0.3)
    talk.front.on_progress(URI, None)
    assert talk.wire.sent == []


def test_a_request_that_waits_is_told_from_the_start(talk: Talk) -> None:
    with talk.front.reading.waiting(URI, "its own"):
        talk.front.on_progress(URI, 0.0, 0.0)
        talk.front.on_progress(URI, 0.5, 0.3)
        talk.front.on_progress(URI, None)
    assert [v.get("percentage") for v in talk.values()] == [0, 0, 50, 100, None]
    assert {m["params"]["token"] for m in talk.wire.sent} == {"its own"}


def test_work_that_ends_before_the_client_is_ready(talk: Talk) -> None:
    talk.front.on_progress(URI, 0.9, 0.7)
    talk.front.on_progress(URI, None)
    talk.hear(id=talk.wire.sent[0]["id"], result=None)
    assert [v["kind"] for v in talk.values()] == ["begin", "end"]


def test_a_dead_worker_ends_what_was_shown(talk: Talk) -> None:
    talk.front.on_progress(URI, 0.1, 0.7)
    talk.hear(id=talk.wire.sent[0]["id"], result=None)
    talk.front.on_death(final=False)
    assert [v["kind"] for v in talk.values()] == ["begin", "end"]
    talk.front.on_progress(URI, 0.1, 0.7)  # the next worker starts over, under a new token
    assert talk.wire.sent[-1]["method"] == "window/workDoneProgress/create"


def test_a_client_that_cannot_show_it_hears_nothing() -> None:
    talk = Talk(can_show=False)
    talk.front.on_progress(URI, 0.1, 0.7)
    talk.front.on_progress(URI, None)
    assert talk.wire.sent == []


@pytest.mark.skipif(not TOLD, reason="finds the worker's process in /proc")
async def test_a_worker_that_prepares_its_patterns_is_waited_for_in_sight() -> None:
    async with running() as client:
        while not (workers := children(client.process.pid)):  # noqa: ASYNC110 (the system tells nobody)
            await asyncio.sleep(0.01)
        [worker] = workers
        os.kill(worker, signal.SIGSTOP)  # as good as half a minute of work
        await client.initialize(EVERYTHING)
        begun = await client.wait_for("$/progress", lambda p: p["value"]["kind"] == "begin")
        assert begun["value"]["message"] == PREPARING
        os.kill(worker, signal.SIGCONT)
        await client.wait_for("$/progress", lambda p: p["value"]["kind"] == "end" and p["token"] == begun["token"])
