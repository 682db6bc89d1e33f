"""Findings whose rules tell no place: where their first frame of the user's own code is."""

from __future__ import annotations

import pytest

from engine import analysed
from logsieve.model import Location

HEAD = "Traceback (most recent call last):\n"
OWN = """\
  File "/app/shop/cart.py", line 3, in pay
    till.add(-1)
  File "/app/shop/till.py", line 8, in add
    json.loads("")
"""
LIBRARY = """\
  File "/usr/lib/python3.12/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
ValueError: no
"""
PYTHON = HEAD + OWN + LIBRARY
NODE = """\
TypeError: x is not a function
    at Object.f (/app/node_modules/pkg/index.js:3:4)
    at pay (/app/src/till.js:8:11)
    at main (/app/src/main.js:2:1)
"""
JAVA = """\
Exception in thread "main" java.lang.IllegalStateException: no
\tat com.shop.Till.pay(Till.java:3)
"""
TOLD = "src/a.c:3:4: error: expected ';'\n   note: see /app/src/b.c:9:1\n"


@pytest.mark.parametrize(
    ("log", "locations"),
    [
        (PYTHON, [Location("/app/shop/till.py", 8, 0, 3)]),
        (NODE, [Location("/app/src/till.js", 8, 11, 2)]),
        (JAVA, []),  # a name without its folders is no place
        ("error: boom\n", []),
        (HEAD + LIBRARY, []),
    ],
)
def test_the_innermost_frame_of_ones_own(log: str, locations: list[Location]) -> None:
    assert list(analysed(log).findings[0].locations) == locations


def test_what_a_rule_tells_stays() -> None:
    found = analysed(TOLD).findings[0].locations
    assert [(at.path, at.line) for at in found][:1] == [("src/a.c", 3)]
