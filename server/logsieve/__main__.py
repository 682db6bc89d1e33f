"""Where `logsieve` and `python -m logsieve` start: an interrupt is quiet even while the command line is imported."""

import gc
import os
import sys

__all__ = ["main"]

INTERRUPTED = 130  # as shells count: 128 and the signal's number

# Nothing here multiplies matrices, and numpy's library for that starts a thread a core: a tenth of what starting takes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


# What is imported and loaded stays, and to look for cycles in it every 700 objects takes a tenth of that time too.
gc.set_threshold(100_000)


def main() -> int:
    """Run the command line on sys.argv; the exit code."""
    try:
        from logsieve import cli

        return cli.main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
