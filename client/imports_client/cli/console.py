"""The console of the command line: as wide as its terminal, and wide enough for tables where there is none."""

import os
import sys

from rich.console import Console

COLUMNS_WITHOUT_TERMINAL = 120


def open_console(*, quiet: bool = False) -> Console:
    """Standard output. A quiet one swallows everything, for commands that write JSON."""
    is_known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(quiet=quiet, width=None if is_known else COLUMNS_WITHOUT_TERMINAL)
