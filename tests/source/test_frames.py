"""Whose code a frame is in."""

from __future__ import annotations

import pytest

from logsieve.source.frames import dependency, first_own, runs, within
from logsieve.source.locations import find
from logsieve.source.reference import Reference


def only(text: str) -> Reference:
    (reference,) = find(text)
    return reference


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('  File "/home/u/.venv/lib/python3.11/site-packages/httpx/_client.py", line 9', "site-packages"),
        ('  File "/usr/lib/python3.11/json/decoder.py", line 9', "Python"),
        ("    at f (/home/u/app/node_modules/pkg/index.js:3:4)", "node_modules"),
        ("    at Test.run (node:internal/test_runner/test:796:25)", "Node.js"),
        ("\t/usr/local/go/src/testing/testing.go:1595 +0xff", "Go"),
        ("\t/home/u/go/pkg/mod/github.com/x/y@v1.2.3/y.go:3", "Go's modules"),
        ("  at /rustc/59807616e1fa/library/core/src/panicking.rs:434:23", "Rust"),
        ("  at /home/u/.cargo/registry/src/index-1/serde-1.0/src/lib.rs:3:4", "Cargo's registry"),
        ("/home/u/.rbenv/versions/3/lib/ruby/gems/3.1.0/gems/rspec-core-3.8.0/lib/x.rb:71:in `run'", "gems"),
        ("#9 /srv/app/vendor/phpunit/phpunit/src/Framework/TestCase.php(12): x()", "vendor"),
        ("\tat java.base/java.util.ArrayList.get(ArrayList.java:427)", "Java"),
        ("\tat org.junit.jupiter.api.AssertThrows.assertThrows(AssertThrows.java:73)", "JUnit"),
        ("\tat worker.org.gradle.process.X.run(X.java:3)", "Gradle"),
        ("   at System.Linq.Enumerable.First(IEnumerable source)", ".NET"),
        ("/usr/include/c++/12/bits/stl_algo.h:4853:18: required from", "the system"),
        ("/home/u/app/src/cart.py:3: no", ""),
        ("C:\\a\\1\\s\\src\\cart.cs(3,4): error", ""),
        ("\tat com.shop.Till.pay(Till.java:3)", ""),
        ("   at Shop.Till.Pay(Int32 cents)", ""),
        ("/home/u/library/core/cart.py:3: no", ""),
    ],
)
def test_whose_code_it_is(text: str, name: str) -> None:
    assert dependency(only(text)) == name


def test_what_is_behind_the_innermost_folder_is_the_packages_own() -> None:
    assert within("/a/.venv/lib/python3.11/site-packages/httpx/_client.py") == ("site-packages", "httpx/_client.py")
    assert within("node_modules/a/node_modules/b/index.js") == ("node_modules", "b/index.js")
    assert within("src/a.py") == ("", "")


def test_the_first_own_frame() -> None:
    trace = """
    at listOnTimeout (node:internal/timers:581:17)
    at f (/app/node_modules/pkg/index.js:3:4)
    at reserve (/app/src/orders.js:28:25)
    at main (/app/src/main.js:3:1)"""
    frames = [reference for line in trace.splitlines() for reference in find(line)]
    own = first_own(frames)
    assert own is not None
    assert own.path == "/app/src/orders.js"
    assert first_own(frames[:2]) is None


PYTHON = """\
Traceback (most recent call last):
  File "/app/cart.py", line 3, in pay
    client.get(url)
  File "/app/.venv/lib/python3.12/site-packages/httpx/_client.py", line 1, in get
    return self.request(
           ^^^^^^^^^^^^^
  File "/app/.venv/lib/python3.12/site-packages/httpx/_client.py", line 2, in request
  File "/usr/lib/python3.12/socket.py", line 3, in connect
    raise
OSError: no route
"""
JAVA = """\
java.lang.IllegalStateException: no
\tat com.shop.Till.pay(Till.java:3)
\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)
\tat org.junit.platform.X.a(X.java:1)
\tat org.junit.platform.X.b(X.java:2)
\tat org.junit.platform.X.c(X.java:3)
\tat com.shop.Main.main(Main.java:3)
\tat java.base/java.util.A.a(A.java:1)
"""
GO = """\
goroutine 7 [running]:
testing.tRunner.func1.2({0x1, 0x2})
\t/usr/local/go/src/testing/testing.go:1545 +0x238
testing.tRunner.func1()
\t/usr/local/go/src/testing/testing.go:1548 +0x397
panic({0x1, 0x2})
\t/usr/local/go/src/runtime/panic.go:914 +0x21f
shop.Pay(...)
\t/app/till.go:9
"""


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        (PYTHON, [(3, 9, "3 frames in site-packages and Python")]),
        (JAVA, [(2, 6, "4 frames in JUnit and Java")]),
        (GO, [(1, 7, "3 frames in Go")]),
        ("error: no\n", []),
    ],
)
def test_frames_of_libraries_that_follow_each_other(trace: str, expected: list[tuple[int, int, str]]) -> None:
    assert runs(trace.splitlines()) == expected
