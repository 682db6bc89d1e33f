"""How often shapes occur, counted in parts where a log is long."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsieve.core import shapes


@pytest.mark.parametrize("many", [shapes.MANY, 0], ids=["at once", "in parts"])
def test_shapes_are_counted(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(shapes, "MANY", many)

    @given(st.lists(st.integers(0, 40), max_size=60), st.lists(st.integers(0, 59), max_size=9), st.integers(1, 4))
    def holds(column: list[int], lines: list[int], least: int) -> None:
        lines = [line for line in lines if line < len(column)]
        counts = Counter(column)
        repeats, often = shapes.repeated(
            np.array(column, np.uint64), np.array(lines, np.int64), least, lambda kinds, _: kinds
        )
        assert repeats.tolist() == [counts[column[line]] for line in lines]
        assert often.tolist() == [shape > 0 and counts[shape] >= least for shape in column]

    holds()
