"""`python -m logsieve`: the command line."""

import sys

from logsieve.cli import main

sys.exit(main())
