"""Cells that a spreadsheet would run as formulas, kept from it by a leading quote mark.

Only files of failed inputs are written like this: their marks tell that the quote marks are to be taken off again.
"""

import re
from collections.abc import Sequence

GUARD = "'"

_RUN = re.compile(r"[=+\-@\t\r']")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def guarded(cells: Sequence[str]) -> list[str]:
    """The cells, each that a spreadsheet may run behind a quote mark; so is one that begins with a quote mark.

    Plain numbers stay as they are, whatever their sign.
    """
    return [
        GUARD + cell if _RUN.match(cell) and not _PLAIN_NUMBER.fullmatch(cell) else cell for cell in cells
    ]


def unguarded(cells: Sequence[str]) -> list[str]:
    """What `guarded` was given."""
    return [cell.removeprefix(GUARD) for cell in cells]
