"""Where `logsieve` and `python -m logsieve` start: an interrupt is quiet even while the command line is imported."""

import os
import sys

__all__ = ["main"]

INTERRUPTED = 130  # as shells count: 128 and the signal's number

# Nothing here multiplies matrices, and numpy's library for that starts a thread a core: a tenth of what starting takes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main() -> int:
    """Run the command line on sys.argv; the exit code."""
    try:
        from logsieve import cli

        return cli.main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
