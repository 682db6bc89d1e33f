"""The logs that are measured: real ones end to end, and such as no tool writes on a good day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import count, cycle, product
from pathlib import Path
from string import ascii_lowercase

from command import FIXTURES

__all__ = ["MB", "PATHOLOGICAL", "Corpus", "distinct", "mixed", "one_run", "real_logs", "small_logs"]

MB = 1_000_000
SHARED = Path(__file__).parents[3] / "shared" / "data"
FAILURE = FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt"
WIDE = (b"\xff\xfe", b"\xfe\xff")  # how a log in UTF-16 begins: it would make all that follows unreadable


class Corpus:
    """Real logs in an order, with `ending` after them; `fresh` is how many bytes there are before they repeat."""

    def __init__(self, name: str, paths: Iterable[Path], ending: bytes = b"") -> None:
        self.name = name
        self._paths = [path for path in paths if not path.read_bytes().startswith(WIDE)]
        self._ending = ending
        self.fresh = sum(len(log) for log in self._logs(self._paths))

    def blocks(self, size: int) -> Iterator[bytes]:
        """About `size` bytes of whole lines, a log at a time."""
        left = size - len(self._ending)
        for log in self._logs(cycle(self._paths)):
            if len(log) >= left:
                yield log[: log.rfind(b"\n", 0, left) + 1]
                break
            left -= len(log)
            yield log
        yield self._ending

    def lines(self, size: int) -> Iterator[bytes]:
        """The lines of that, each with its end."""
        for block in self.blocks(size):
            yield from block.splitlines(keepends=True) if b"\r" not in block else _cut(block)

    def _logs(self, paths: Iterable[Path]) -> Iterator[bytes]:
        for path in paths:
            log = path.read_bytes()
            yield log if log.endswith(b"\n") else log + b"\n"


def _cut(block: bytes) -> list[bytes]:
    return [line + b"\n" for line in block.split(b"\n")[:-1]]


def real_logs() -> list[Path]:
    """All logs at hand, their kinds mixed, always in the same order."""
    paths = [*FIXTURES.glob("*/*/log.txt"), *SHARED.rglob("*.log")]
    return sorted(paths, key=lambda path: sha256("/".join(path.parts[-3:]).encode()).digest())


def mixed() -> Corpus:
    """All of them: hundreds of runs, most of them failed, in one."""
    return Corpus("mixed", real_logs())


def one_run() -> Corpus:
    """What passed, and then one failure: a large CI log as it is, as a rule."""
    passed = sorted((SHARED / "passing").rglob("*.log"))
    passed += [path.with_name("log.txt") for path in sorted(FIXTURES.glob("*/*/expected.toml")) if _passed(path)]
    return Corpus("one run", passed, FAILURE.read_bytes())


def _passed(expected: Path) -> bool:
    return 'verdict = "passed"' in expected.read_text("utf-8")


def distinct(corpus: Corpus, size: int) -> Iterator[bytes]:
    """Real lines, each made unlike all others by a word of letters, which no shape leaves out."""
    words = ("".join(letters).encode() for letters in product(ascii_lowercase, repeat=6))
    left = size
    for line, word in zip(corpus.lines(2 * size), words, strict=False):
        made = b"%s %s\n" % (line.rstrip(b"\r\n"), word)
        left -= len(made)
        if left < 0:
            return
        yield made


def small_logs(corpus: Corpus, folder: Path, number: int, size: int) -> list[Path]:
    """So many logs of about `size` bytes each, cut out of one."""
    paths: list[Path] = []
    part: list[bytes] = []
    length = 0
    for line in corpus.lines(number * size * 2):
        part.append(line)
        length += len(line)
        if length >= size:
            paths.append(folder / f"{len(paths):05}.log")
            paths[-1].write_bytes(b"".join(part)[-size:])
            part, length = [], 0
            if len(paths) == number:
                break
    return paths


def _one_line(corpus: Corpus, size: int) -> Iterator[bytes]:
    for block in corpus.blocks(size):
        yield block.replace(b"\n", b" ")


def _empty_lines(_corpus: Corpus, size: int) -> Iterator[bytes]:
    yield b"\n" * size


def _every_line_an_error(_corpus: Corpus, size: int) -> Iterator[bytes]:
    return _up_to(
        size, (b"src/parser_%d.c:%d:7: error: use of undeclared identifier 'x%d'\n" % (n % 97, n, n) for n in count())
    )


def _nested_groups(_corpus: Corpus, size: int) -> Iterator[bytes]:
    """GitLab's sections, 200 in each other, over and over."""
    start, end = (b"section_%s:%%d:part_%%d\r\x1b[0K%s\n" % each for each in ((b"start", b"Part"), (b"end", b"")))
    opened = b"".join(start % (1_700_000_000 + n, n) + b"compiling unit %d of this part\n" % n * 9 for n in range(200))
    closed = b"".join(end % (1_700_000_400 - n, n) for n in reversed(range(200)))
    return _up_to(size, cycle((opened + closed,)))


def _sections(_corpus: Corpus, size: int) -> Iterator[bytes]:
    """GitHub's groups, of 600 bytes each."""
    step = b"##[group]Run step %d\nmake part-%d\n##[endgroup]\n" + b"compiled one more of the units of this part\n" * 12
    return _up_to(size, (step % (n, n) for n in count()))


def _up_to(size: int, parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        if size <= 0:
            return
        size -= len(part)
        yield part


# By name: how it is made, and its bytes in full.
PATHOLOGICAL: dict[str, tuple[Callable[[Corpus, int], Iterator[bytes]], int]] = {
    "one line of 500 MB": (_one_line, 500 * MB),
    "10 M empty lines": (_empty_lines, 10 * MB),
    "every line an error, 100 MB": (_every_line_an_error, 100 * MB),
    "200 nested groups, again and again, 100 MB": (_nested_groups, 100 * MB),
    "100,000 sections": (_sections, 60 * MB),
}
