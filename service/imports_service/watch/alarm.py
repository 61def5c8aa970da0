"""A sleep that others can end: what every watch and every feed waits with."""

import asyncio
import random


def now() -> float:
    """The loop's time, in seconds."""
    return asyncio.get_running_loop().time()


def heartbeat_due(seconds: float) -> float:
    """When the next heartbeat is due, at most so many seconds from now.

    Jittered, so that those who came at once are not all told at once for ever; and on a grid, so that those of many
    watchers fall together: told one by one each costs several times as much.
    """
    due = now() + seconds * random.uniform(0.9, 1.0)
    return due - due % (seconds / 30)


class Alarm:
    """Rings at the earliest moment that anyone has asked for. One task rests, anybody rings.

    Times are the loop's, in seconds. Cheap, because there is one for each of thousands of watchers: a future and a
    timer while it rests, nothing else.
    """

    __slots__ = ("_due", "_has_rung", "_loop", "_resting", "_timer")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._resting: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._has_rung = False

    def ring(self) -> None:
        """End the rest, or the next one if nobody rests now."""
        self._has_rung = True
        if self._resting is not None and not self._resting.done():
            self._resting.set_result(None)

    def ring_at(self, due: float) -> None:
        """End the rest at that moment, if it would last longer. Nothing happens when nobody rests."""
        if self._resting is None or (self._timer is not None and self._due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self.ring)

    async def rest(self, until: float | None) -> None:
        """Wait for a ring, at most until that moment; None: however long it takes."""
        if not self._has_rung:
            self._resting = self._loop.create_future()
            try:
                if until is not None:
                    self.ring_at(until)
                await self._resting
            finally:
                self._resting = None
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
        self._has_rung = False
