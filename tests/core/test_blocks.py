"""Which lines blocks have taken from each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsieve.core import blocks

SPANS = st.lists(
    st.tuples(st.sampled_from(["", "web"]), st.integers(0, 40), st.integers(0, 12), st.integers(1, 12)), max_size=30
)


@pytest.mark.parametrize("page", [blocks.PAGE, 4])
def test_taken_lines_bound_what_is_free(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(blocks, "PAGE", page)

    @given(SPANS)
    def holds(spans: list[tuple[str, int, int, int]]) -> None:
        taken, lines = blocks._Taken(), set[tuple[str, int]]()
        for stream, line, above, below in spans:
            assert taken.has(stream, line) is ((stream, line) in lines)
            if taken.has(stream, line):
                continue
            start, end = taken.free(stream, max(0, line - above), line, line + below)
            expected_start, expected_end = line, line + 1
            while expected_start > max(0, line - above) and (stream, expected_start - 1) not in lines:
                expected_start -= 1
            while expected_end < line + below and (stream, expected_end) not in lines:
                expected_end += 1
            assert (start, end) == (expected_start, expected_end)
            taken.take(stream, start, end)
            lines |= {(stream, each) for each in range(start, end)}

    holds()
