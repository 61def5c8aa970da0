"""How long it takes to close an import: to write its files, after its last row is done.

The less a row takes to be processed the less it takes to be closed, but not in proportion: a busy machine slows both
down, while a row with much to look up and to write is closed like any other. Measured over types, formats, sizes of
segments and imports at once, the time goes with the root of the pace, within some 40 %. What is particular to this
installation is learned from the closings that the process sees.
"""

import math

ROOT_SECONDS = 0.0013
"""Closing a row takes this times the root of the seconds that processing one takes: 8 µs beside 40 µs."""
MOST_LEARNED = math.log(8)


class Closings:
    """What one process knows of closings."""

    def __init__(self) -> None:
        self._log_factor = 0.0

    def seconds(self, rows: int, rows_per_second: float) -> float:
        """What closing an import of so many rows should take when its rows went at that rate, above 0."""
        return math.exp(self._log_factor) * _typical_seconds(rows, rows_per_second)

    def learn(self, rows: int, rows_per_second: float, seconds: float) -> None:
        """A closing took so long. The longer, the more it says: short ones are mostly waiting."""
        if seconds <= 0:
            return
        seen = math.log(seconds / _typical_seconds(rows, rows_per_second))
        seen = min(MOST_LEARNED, max(-MOST_LEARNED, seen))
        self._log_factor += 0.5 * seconds / (1 + seconds) * (seen - self._log_factor)


def _typical_seconds(rows: int, rows_per_second: float) -> float:
    return ROOT_SECONDS * rows / math.sqrt(rows_per_second)
