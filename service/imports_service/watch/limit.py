"""Whether an organization runs as many segments as it may, for what is told of its pending imports.

What runs is read now and then, and there is one less for a moment whenever a segment ends. So the limit counts as
reached until half of it is left; nobody is told a change of reasons with every segment.
"""


class Limit:
    """`most`: how many segments of one organization may run. `is_reached`: by what was read last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.is_reached = False

    def read(self, running: int) -> bool:
        """So many run; whether the limit is reached."""
        self.is_reached = running >= ((self._most + 1) // 2 if self.is_reached else self._most)
        return self.is_reached
