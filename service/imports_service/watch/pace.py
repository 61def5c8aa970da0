"""How fast rows get done: over a moving window of readings of which each may come at any time."""

from collections import deque
from itertools import pairwise

WINDOW_SECONDS = 10.0
GRAIN_SECONDS = 0.2
"""Steps that follow each other faster are one step, so that readings of any density take the same memory."""
MOST_STEPS = 128


class Pace:
    """The rows done at some moments since `began`, and the rate that follows from them. Times are in seconds.

    Rows get done by the segment. A segment that is not overdue, which is as long as those before it took, slows
    nothing down; one that is does, until after a window without a row the rate is 0. The window grows with
    segments that take longer than it.
    """

    def __init__(self, began: float) -> None:
        self._steps: deque[tuple[float, int]] = deque([(began, 0)], maxlen=MOST_STEPS)
        self._now = began
        self._gap = 0.0
        """The longest time between any of the last few steps."""

    def read(self, at: float, rows: int) -> None:
        """So many rows were done at that time. A reading that is older than another one adds nothing."""
        self._now = max(self._now, at)
        last_at, last_rows = self._steps[-1]
        if rows > last_rows and at > last_at:
            if len(self._steps) > 2 and at - self._steps[-2][0] < GRAIN_SECONDS:
                self._steps.pop()
            self._steps.append((at, rows))
            recent = list(self._steps)[-4:]
            self._gap = max(later - earlier for (earlier, _), (later, _) in pairwise(recent))
        window_began = self._now - max(WINDOW_SECONDS, 2 * self._gap)
        while len(self._steps) > 1 and self._steps[1][0] <= window_began:
            self._steps.popleft()

    @property
    def rows_per_second(self) -> float:
        (first_at, first_rows), (last_at, last_rows) = self._steps[0], self._steps[-1]
        if last_at == first_at:
            return 0.0
        overdue = max(0.0, self._now - last_at - self._gap)
        return (last_rows - first_rows) / (last_at - first_at + overdue)

    def seconds_for(self, rows: int) -> float | None:
        """How long so many more rows will take; None while no rate is known."""
        rate = self.rows_per_second
        if rate == 0:
            return None
        underway = min(self._now - self._steps[-1][0], self._gap)
        return max(0.0, rows / rate - underway)
