"""Knowledge about tools as data: one TOML file a tool, read by `load`.

A pack that cannot be used is a problem with file, line and reason; the others still load.
"""

from logsieve.packs.load import load, user_folder
from logsieve.packs.schema import (
    BlockRule,
    EnvelopeRule,
    IgnoreRule,
    NoiseRule,
    OutcomeRule,
    Pack,
    PackSet,
    Pattern,
    Problem,
    Rule,
    Sample,
    SectionRule,
)

__all__ = [
    "BlockRule",
    "EnvelopeRule",
    "IgnoreRule",
    "NoiseRule",
    "OutcomeRule",
    "Pack",
    "PackSet",
    "Pattern",
    "Problem",
    "Rule",
    "Sample",
    "SectionRule",
    "load",
    "user_folder",
]
