"""The console of the command line: as wide as its terminal, and wide enough for tables where there is none."""

import os
import sys

from rich.console import Console, OverflowMethod
from rich.text import Text

from imports_client.cli.text import printable

COLUMNS_WITHOUT_TERMINAL = 120


def open_console(*, quiet: bool = False, stderr: bool = False) -> Console:
    """Standard output or standard error. A quiet one swallows everything, for commands that write JSON."""
    is_known = (sys.stderr if stderr else sys.stdout).isatty() or "COLUMNS" in os.environ
    return Console(quiet=quiet, stderr=stderr, width=None if is_known else COLUMNS_WITHOUT_TERMINAL)


def shown(text: str, *, overflow: OverflowMethod | None = None) -> Text:
    """Text out of a document as it may be printed: neither markup nor what a terminal takes for a command."""
    return Text(printable(text), overflow=overflow)
