"""Where a CSV record ends, found piece by piece: for records longer than a buffer, and for quotes left open.

Agrees with the `csv` module, character by character, on what quotes mean. Holds no text.
"""

import re
from enum import Enum, auto


class _Inside(Enum):
    """Where in a record the next character stands."""

    FIELD_START = auto()
    FIELD = auto()
    QUOTES = auto()
    AFTER_QUOTE = auto()


class RecordScanner:
    """Reads one record. `opening_quote` is where, in the piece fed last, quotes opened, the last of them if several.

    None when that piece opened none. Quotes that seem closed at the end of a piece may go on in the next one, as its
    first quote makes a doubled one of the two.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter.encode()
        self._field_end = re.compile(rb"[\r\n]|" + re.escape(self._delimiter))
        self._inside = _Inside.FIELD_START
        self.opening_quote: int | None = None

    @property
    def in_quotes(self) -> bool:
        return self._inside is _Inside.QUOTES

    def feed(self, piece: bytes) -> int | None:
        """Where in the piece the record ended, behind its line break, or None when it goes on."""
        self.opening_quote = None
        position = 0
        while position < len(piece):
            if self._inside is _Inside.QUOTES:
                position = self._find_closing_quote(piece, position)
            elif self._inside is not _Inside.FIELD and piece[position] == ord('"'):
                if self._inside is _Inside.FIELD_START:
                    self.opening_quote = position
                self._inside = _Inside.QUOTES
                position += 1
            else:
                end = self._field_end.search(piece, position)
                if end is None:
                    self._inside = _Inside.FIELD
                    return None
                if end[0] != self._delimiter:
                    return end.end()
                self._inside = _Inside.FIELD_START
                position = end.end()
        return None

    def _find_closing_quote(self, piece: bytes, position: int) -> int:
        quote = piece.find(b'"', position)
        if quote < 0:
            return len(piece)
        self._inside = _Inside.AFTER_QUOTE
        return quote + 1
