"""The units that a process holds at the same time, and the solitude of those that have failed before.

What has failed before may be what killed its worker. It is claimed only when the process holds nothing else, and while
it runs nothing else is claimed, so that it takes no innocent unit with it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Company:
    """Whoever claims passes the door, one at a time; who runs alone keeps it until the unit is done."""

    def __init__(self) -> None:
        self.door = asyncio.Lock()
        self._inside = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    @property
    def is_empty(self) -> bool:
        return not self._inside

    async def left(self) -> None:
        """Wait until the process holds no unit."""
        await self._is_empty.wait()

    def enter(self) -> None:
        """A unit was claimed; before the door is left, so that the next one to claim knows of it."""
        self._inside += 1
        self._is_empty.clear()

    @contextmanager
    def until_done(self) -> Iterator[None]:
        """Stands around the work on a unit that has entered."""
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._is_empty.set()
