"""One way to run the engine on a piece of log in the tests."""

from logsieve import packs
from logsieve.core.analysis import Analysis, analyse
from logsieve.packs import PackSet
from logsieve.packs.load import read
from logsieve.settings import DEFAULTS, Settings
from logsieve.text import LogText

__all__ = ["analysed", "pack_of"]


def analysed(log: str | bytes, pack: PackSet | None = None, settings: Settings = DEFAULTS) -> Analysis:
    """The analysis of a log, with all built-in packs or with those given."""
    data = log.encode() if isinstance(log, str) else log
    return analyse(LogText.from_bytes(data), packs.load() if pack is None else pack, settings)


def pack_of(toml: str) -> PackSet:
    """A pack set of one pack; `name` and a sample are added, since the tests that use it are about other things."""
    pack, problems = read('name = "try"\n' + toml + '\n[[sample]]\ntext = "x"\n', "try.toml")
    assert pack is not None, problems
    return PackSet((pack,))
