"""When a watch tells what is not recorded: progress, at most so often, and heartbeats after silence."""

import asyncio
from contextlib import suppress
from typing import NamedTuple

from imports_client.testing.imports import FakeImport
from imports_client.testing.refused import stopping
from imports_client.testing.world import Organization, Standing, World

RETRY_SECONDS = 0.05
"""What the fake asks for when it cuts connections: tests are in a hurry."""


class State(NamedTuple):
    """What PROGRESS is about: the import's version, and how it stands while it is pending."""

    version: int
    standing: Standing

    @classmethod
    def of(cls, held: FakeImport, organization: Organization) -> "State":
        return cls(held.version, organization.standing_of(held))


class Throttle:
    """Whether progress of an import may be told: it is newer than what was told, and the interval is over."""

    def __init__(self, seconds: float, told: State, at: float) -> None:
        self.told = told
        self._seconds = seconds
        self._last = at

    def due(self, state: State) -> float | None:
        """When, by the loop's clock; None when there is nothing new."""
        return self._last + self._seconds if state != self.told else None

    def tell(self, state: State, at: float) -> None:
        self.told, self._last = state, at


class Pause:
    """The waiting of one watch. Ends it when connections are cut."""

    def __init__(self, world: World, heartbeat_seconds: float) -> None:
        self._world = world
        self._heartbeat_seconds = heartbeat_seconds
        self._connections = world.connections
        self._last_told = loop_time()
        self._changed = world.changed

    def look(self) -> None:
        """Before looking: what changes from now on ends the next wait. Raises `Refused` (STOPPING)."""
        self._changed = self._world.changed
        if self._world.connections != self._connections:
            raise stopping(RETRY_SECONDS)

    def told(self) -> None:
        """Something was sent."""
        self._last_told = loop_time()

    @property
    def is_silent(self) -> bool:
        """Whether a heartbeat is due."""
        return loop_time() >= self._last_told + self._heartbeat_seconds

    async def wait(self, due: float | None = None) -> None:
        """Until something changes, a heartbeat is due, or the time given has come."""
        until = self._last_told + self._heartbeat_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until if due is None else min(due, until)):
                await self._changed.wait()


def loop_time() -> float:
    """Seconds of the loop's clock."""
    return asyncio.get_running_loop().time()
