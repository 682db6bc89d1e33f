"""Templates: the header goes, variables are `<*>`, and lines that differ in one of many words are of one template."""

from __future__ import annotations

import pytest

from logsieve.core.templates import masked, templates

# Two messages each behind the headers of frameworks: what stands before the message says when, who and how bad.
HEADERS = {
    "log4j": (
        "2015-07-29 17:41:44,747 - INFO  [Peer[myid=1]/0:0:0:0:0:0:0:0:2181:Election@774] - {}",
        "2015-07-29 19:04:12,394 - WARN  [/10.10.34.11:3888:Manager$Listener@493] - {}",
    ),
    "log4j, short": ("17/06/09 20:10:40 INFO executor.Backend: {}", "17/06/09 20:10:41 WARN storage.MemoryStore: {}"),
    "oslo": (
        "api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.wsgi.server [req-3810 - - -] {}",
        "compute.log.1.2017-05-16_13:55:31 2017-05-16 00:00:04.500 2931 INFO nova.virt [req-a1 1 2 - -] {}",
    ),
    "fields": ("20171223-22:15:29:606|Step_LSC|30002312|{}", "20171223-22:15:29:7|Step_Report|30002312|{}"),
    "syslog": ("Jul  1 09:00:55 host-1 kernel[0]: {}", "Jul 11 09:01:05 host-1 com.apple.launchd[1] (com.apple.x): {}"),
    "logcat": ("03-17 16:13:38.811  1702  2395 D WindowManager: {}", "03-17 16:13:38.8  172 25 I Wifi: {}"),
    "glog": ("I0615 11:53:19.123456 12345 main.cc:42] {}", "W0615 11:53:20.123456  2345 net/tcp.cc:7] {}"),
    "bracketed": ("[Sun Dec 04 04:47:44 2005] [notice] {}", "[Sun Dec 04 04:47:45 2005] [error] {}"),
    "seconds": ("134681 node-246 unix.hw net.up 1077804742 1 {}", "2568643 node-70 action start 1074119817 1 {}"),
    "of a program": ("[10.30 16:49:06] chrome.exe - {}", "[10.30 16:49:07] git.exe *64 - {}"),
    "padded": ("2016-09-28 04:30:30, Info                  CBS    {}", "2016-09-28 04:30:31, Error     CSI    {}"),
    "rust": ("2024-01-02T03:04:05.678Z INFO  {}", "2024-01-02T03:04:06.678Z ERROR {}"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_the_header_goes(name: str) -> None:
    first, second = HEADERS[name]
    told = ("link lost, waiting", "Worker is done here")
    assert templates([first.format(told[0]), second.format(told[1])] * 3) == [*told] * 3


def test_what_has_no_time_has_no_header() -> None:
    lines = ["INFO main: begun", "INFO main: ended", "INFO other: begun"]
    assert templates(lines) == lines


def test_a_line_without_the_header_of_all_others_stays_whole() -> None:
    lines = [f"2024-01-02 03:04:{n:02} INFO app.main: waiting" for n in range(50)]
    assert templates([*lines, "Traceback (most recent call last):"])[-2:] == [
        "waiting",
        "Traceback (most recent call last):",
    ]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Connection to 10.0.0.7:80 timed out after 30 ms", "Connection to <*> timed out after <*> ms"),
        ("wrote /var/lib/x/y.db at 0x7ffe12", "wrote <*> at <*>"),
        ("id 123e4567-e89b-12d3-a456-426614174000 gone", "id <*> gone"),
        ("block blk_-38865049 of 67.1 MB", "block <*> of <*>"),
        ("at Sat Jun 11 03:28:22 2005", "at <*>"),
        ("opened C:\\Windows\\a b", "opened <*> b"),
        ("ready=true, name=null (null)", "ready=<*>, name=<*>"),
        ("main.c:12: generating core.2275", "main.c:<*>: generating core.<*>"),
        ("proxy.example.com:443 via eth0 by ssh2", "<*> via eth0 by ssh2"),
        ("lock (1, 2, 3) of 4 5", "lock (<*>) of <*>"),
        ("0 errors\0 and more", "<*> errors and more"),
        ("nothing here", "nothing here"),
        ("", ""),
    ],
)
def test_variables_are_masked(message: str, shown: str) -> None:
    assert masked(message) == shown


def test_one_of_many_words_is_a_variable_one_of_few_is_not() -> None:
    names = ["anna", "bert", "cleo", "dora"]
    assert set(templates([f"goodbye {name}, come again" for name in names])) == {"goodbye <*>, come again"}
    few = [f"goodbye {name}, come again" for name in names[:3]]
    assert templates(few) == few


def test_two_places_may_vary() -> None:
    names = ["anna", "bert", "cleo", "dora"]
    lines = [f"{a} gives the book to {b} now" for a in names for b in names]
    assert set(templates(lines)) == {"<*> gives the book to <*> now"}


def test_what_is_nothing_but_a_word_stays() -> None:
    words = ["begun", "waiting", "working", "resting", "ended"]
    assert templates(words) == words


def test_a_value_that_differs_is_a_variable() -> None:
    assert templates(["open tty=ssh mode=fast", "open tty=ssh mode=slow"]) == ["open tty=ssh mode=<*>"] * 2


@pytest.mark.parametrize(
    "piece",
    ["a.", "a-", "a=", "a:", "[", "[a", "/", "/.", "://", '="', "#1", "1 ", "a::", "{", "a|", "é", "\0", "1.5 KB "],
)
def test_no_line_takes_long(piece: str) -> None:
    line = (piece * 8192)[:8192]
    for text in (line, f"2024-01-02 03:04:05 {line}", f"{line}!", f"k={line}"):
        assert len(templates([text, text + "x"])) == 2
