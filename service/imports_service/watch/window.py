"""The last events of a stream, kept for those who are about to tell them."""

from collections import deque
from collections.abc import Sequence

from imports_service.watch.events import Recorded


class Window:
    """All events after `since`, oldest first, as far as they have been read; at most `size` of them.

    A watcher who is further behind reads the table instead, so that nothing is kept for the slow.
    """

    __slots__ = ("_events", "_size", "_trimmed_to", "since")

    def __init__(self, since: int, *, size: int) -> None:
        self.since = since
        self._events: deque[Recorded] = deque()
        self._size = size
        self._trimmed_to = since

    def __len__(self) -> int:
        return len(self._events)

    def add(self, recorded: Recorded) -> None:
        """Add the next event; one that the window begins after is left out."""
        if recorded.event.seq <= self.since:
            return
        self._events.append(recorded)
        if len(self._events) > self._size:
            self._drop_first()

    def after(self, seq: int) -> Sequence[Recorded] | None:
        """The events after the number, oldest first; None when the window does not reach back so far."""
        if seq < self.since:
            return None
        if not self._events or self._events[-1].event.seq <= seq:
            return ()
        return [recorded for recorded in self._events if recorded.event.seq > seq]

    def trim(self) -> None:
        """Drop what was here at the last trim already."""
        while self._events and self._events[0].event.seq <= self._trimmed_to:
            self._drop_first()
        self._trimmed_to = self._events[-1].event.seq if self._events else self.since

    def _drop_first(self) -> None:
        self.since = self._events.popleft().event.seq
