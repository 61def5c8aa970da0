"""The console of the command line: as wide as its terminal, and wide enough for tables where there is none."""

import os
import sys

from rich.console import Console, OverflowMethod
from rich.text import Text

COLUMNS_WITHOUT_TERMINAL = 120


def open_console(*, quiet: bool = False) -> Console:
    """Standard output. A quiet one swallows everything, for commands that write JSON."""
    is_known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(quiet=quiet, width=None if is_known else COLUMNS_WITHOUT_TERMINAL)


def shown(text: str, *, overflow: OverflowMethod | None = None) -> Text:
    """Text out of a document as it may be printed: neither markup nor what a terminal takes for a command."""
    return Text("".join(c if c.isprintable() else "\ufffd" for c in text), overflow=overflow)
