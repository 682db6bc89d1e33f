"""LogText: any bytes become lines, what a terminal shows of them, and a way back to the columns of an editor."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsieve.text import LogText, looks_binary

PIECES = [
    *(b"\r", b"\n", b"\r\n", b"\r\r\n", b"\b", b"\x00", b"\x07", b"\t", b"\x0c", b" ", b"a", b"bc "),
    *(
        b"\x1b[0m",
        b"\x1b[1G",
        b"\x1b[2K",
        b"\x1b]8;;http://x\x07",
        b"\x1b_bk;t=1\x07",
        b"\x1b",
        b"\x1b[",
        b"\x1b[0K",
        b"^[[1m",
        b"^[[2K",
        b"^[",
    ),
    *(b"\xef\xbb\xbf", b"\xe9 ", "é".encode(), "𝄞".encode(), "\u2028".encode()),
]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"plain", "plain"),
        (b"\x1b[1;31merr\x1b[0mor: x\x1b[K", "error: x"),
        (b"10%\r50%\r100% done", "100% done"),
        (b"100% done\r   \r", "100% done"),
        (b"old\x1b[2K\x1b[1Gnew", "new"),
        (b"\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b_bk;t=1700000000\x07$ make", "$ make"),
        (b"travis_fold:start:a\r\x1b[0K$ make", "$ make"),
        (b"ab\b\bcd", "cd"),
        (b"N\bNA\bAM\bME\bE", "NAME"),
        (b"a\x00b\x07c", "abc"),
        (b"^[[1;31merror^[[0m: x^[[K", "error: x"),  # in caret notation, as `cat -v` writes it
        (b"x ^[y] ^[[3A", "x ^[y] ^[[3A"),
        (b"\xef\xbb\xbfstart", "start"),
        (b"caf\xe9 cr\xe8me", "café crème"),
        ("naïve".encode() + b"\xc3", "naïve\ufffd"),
        ("form\x0cfeed\u2028here".encode(), "formfeed\u2028here"),
    ],
)
def test_clean_is_what_a_terminal_shows(raw: bytes, clean: str) -> None:
    assert LogText.from_bytes(raw + b"\n").clean(0) == clean


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\nb\nc", ["a", "b", "c"]),
        (b"a\rb\nc\r\n", ["a\rb", "c"]),
        ("a\x0cb\u2028c\x85d\n".encode(), ["a\x0cb\u2028c\x85d"]),
        ("zwei\r\nZeilen".encode("utf-16"), ["zwei", "Zeilen"]),
        (b"\xfe\xff" + "groß\n".encode("utf-16-be"), ["groß"]),
    ],
)
def test_lines_end_at_newlines_only(data: bytes, lines: list[str]) -> None:
    text = LogText.from_bytes(data)
    assert [text.text(i) for i in range(len(text))] == lines


@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join))
@settings(max_examples=400)
def test_chunks_clean_to_the_same_text_as_single_lines(data: bytes) -> None:
    text = LogText.from_bytes(data)
    whole = text.clean_bytes(0, len(text))
    single = [text.clean_bytes(i, i + 1).removesuffix(b"\n") for i in range(len(text))]
    assert whole.split(b"\n") == [*single, b""]
    for i in range(len(text)):
        assert text.clean(i) == single[i].decode(_codec_of(text, i), "replace")


def _codec_of(text: LogText, line: int) -> str:
    from logsieve.text import _codec

    return _codec(text.raw(line))


@given(
    st.lists(st.sampled_from([p for p in PIECES if p not in (b"\xe9 ", b"\xef\xbb\xbf")]), max_size=16).map(b"".join)
)
@settings(max_examples=400)
def test_columns_lead_back_to_the_same_character(data: bytes) -> None:
    text = LogText.from_bytes(data)
    for i in range(len(text)):
        shown, written = text.clean(i), text.text(i)
        for column, character in enumerate(shown):
            assert written[text.raw_column(i, column)] == character
        assert 0 <= text.raw_column(i, len(shown)) <= len(written)


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(1, 60))
def test_chunks_cover_all_lines_once(parts: list[bytes], size: int) -> None:
    text = LogText.from_bytes(b"\n".join(parts))
    ranges = list(text.chunks(size=size))
    assert [i for start, end in ranges for i in range(start, end)] == list(range(len(text)))


@given(st.binary(max_size=60), st.binary(max_size=30), st.integers(0, 60))
def test_a_changed_text_has_the_lines_of_a_fresh_one(old: bytes, new: bytes, unchanged: int) -> None:
    data = old[:unchanged] + new
    changed = LogText(old).changed(data, min(unchanged, len(old)))
    assert changed.starts.tolist() == LogText(data).starts.tolist()


def test_binary_is_told_from_text() -> None:
    assert looks_binary(bytes(range(256)) * 4)
    assert not looks_binary("grün \x1b[31mrot\x1b[0m\r\n".encode() * 9)
    assert not looks_binary("wide".encode("utf-16"))
    assert not looks_binary(b"")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"10%\x1b[1A\x1b[2Kdone", "done"),
        (b"10%\x1b[2K\x1b[36Ddone", "done"),
        (b"one\r\x1b[2B\x1b[3A\x1b[2Ktwo\r\x1b[3B", "two"),
        (b"half\x1b[3Dhalf", "halfhalf"),  # a few columns to the left: what that overwrites is not worked out
        (b"down \x1b[5Cand right", "down and right"),
    ],
)
def test_moves_of_the_cursor_begin_a_new_frame(raw: bytes, shown: str) -> None:
    text = LogText.from_bytes(raw + b"\n")
    assert text.clean(0) == shown
    assert text.clean_bytes(0, 1).decode() == shown + "\n"
    assert text.text(0)[text.raw_column(0, len(shown) - 2) :].startswith(shown[-2:])


@pytest.mark.parametrize("blank", [b"\r", b"\x1b[2K", b"\x1b[0K\r", b"\x1b[12D "])
@pytest.mark.parametrize("count", [3, 60_000, 400_001])
def test_the_last_frame_is_found_however_many_empty_ones_follow(blank: bytes, count: int) -> None:
    text = LogText.from_bytes(b"gone\rbuilt 7 of 9" + blank * count + b"\nnext\n")
    assert text.clean(0) == "built 7 of 9"
    assert text.clean_bytes(0, 2) == b"built 7 of 9\nnext\n"


@pytest.mark.parametrize("middle", ["x", "é", "€", "🧵"])
@pytest.mark.parametrize("odd", range(4))
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_of_a_line_of_megabytes_both_ends_are_looked_at(middle: str, odd: int, end: str) -> None:
    line = "a" * odd + "begun: " + middle * (3_000_000 // len(middle.encode())) + " \x1b[31mended"
    text = LogText.from_bytes(f"before\n{line}{end}".encode())
    shown = text.clean(1)
    assert shown.startswith("a" * odd + "begun: " + middle)
    assert shown.endswith(middle + " ended")
    assert set(shown) <= set(f"a{middle} begunded:")  # no character is cut in two
    assert abs(len(shown.encode()) - (1 << 20)) < 16
    assert text.clean_bytes(0, 2) == f"before\n{shown}\n".encode()
    assert text.text(1) == line
    for column in (0, odd + 3, len(shown) - 3):
        assert line[text.raw_column(1, column) :][:3] == shown[column : column + 3]


def test_of_frames_of_megabytes_the_last_is_found() -> None:
    text = LogText.from_bytes(b"\r".join(b"%d of 200000" % n for n in range(200_001)))
    assert text.clean(0) == "200000 of 200000"
    assert text.text(0)[text.raw_column(0, 0) :] == "200000 of 200000"
