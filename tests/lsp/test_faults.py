"""What goes wrong around the server is answered, told at most once, and over when its cause is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lsp.client import Client, ServerError

URI = "untitled:Untitled-1"
LOG = "ok\nerror: boom\n"


@pytest.mark.parametrize(
    "garbage",
    [
        b"Content-Length: 7\r\n\r\n{broken",
        b"Content-Length: 2\r\n\r\n[]",
        b'Content-Length: 17\r\n\r\n{"jsonrpc":"2.0"}',
        b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x01",
        b"X-" + b"y" * 100_000 + b": z\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["no JSON", "a list", "no method", "no UTF-8", "a header of 100 kB"],
)
async def test_what_is_no_message_is_passed_over(server: Client, garbage: bytes) -> None:
    for _ in range(20):
        server.writer.write(garbage)
    server.open(URI, LOG)
    assert [d["range"]["start"]["line"] for d in await server.diagnostics(URI)] == [1]
    assert server.all_of("window/showMessage") == []
    assert await server.shut_down() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="files that are open cannot be deleted there")
async def test_a_file_that_goes_or_is_closed_to_us_is_told_and_read_again_when_it_comes(
    server: Client, tmp_path: Path
) -> None:
    file = tmp_path / "build.log"
    uri = file.as_uri()
    for _ in range(10):
        file.write_text(LOG)
        assert len((await server.request("logsieve/findings", {"uri": uri}))["findings"]) == 1
        file.unlink()
        with pytest.raises(ServerError, match="cannot read"):
            await server.request("logsieve/reduce", {"uri": uri})
        file.mkdir()
        with pytest.raises(ServerError, match="is not a file"):
            await server.request("logsieve/reduce", {"uri": uri})
        file.rmdir()
    if os.geteuid():  # root may read all
        file.write_text(LOG)
        file.chmod(0)
        with pytest.raises(ServerError, match="cannot read"):
            await server.request("logsieve/reduce", {"uri": uri})
    assert server.all_of("window/showMessage") == []
    assert await server.shut_down() == 0


async def test_a_document_whose_file_is_deleted_stays(server: Client, tmp_path: Path) -> None:
    file = tmp_path / "build.log"
    file.write_text(LOG)
    server.open(file.as_uri(), LOG)
    await server.settled(file.as_uri())
    file.unlink()
    assert "boom" in (await server.request("logsieve/reduce", {"uri": file.as_uri()}))["text"]
    server.change(file.as_uri(), 2, {"text": f"more\n{LOG}"})
    assert [d["range"]["start"]["line"] for d in await server.diagnostics(file.as_uri(), 2)] == [2]
    assert await server.shut_down() == 0
