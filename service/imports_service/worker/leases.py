"""The leases that this process holds, extended while the work goes on.

Losing a lease ends the work that it stands for. The fence in the database, not this module, is what makes a late
commit impossible; ending early only saves the effort.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.store import units
from imports_service.store.database import Database
from imports_service.store.units import Claimed

log = structlog.get_logger()


class LeaseLost(Exception):
    """Somebody else may have the unit by now: nothing of it may be committed here."""


class Held:
    """One unit under its lease.

    `with held.transaction():` stands around the unit's own transaction: its row is locked then, and an extension
    that skips the locked row must not be taken for a lost lease.
    """

    def __init__(self, claimed: Claimed, scope: asyncio.Timeout) -> None:
        self.claimed = claimed
        self.is_in_transaction = False
        self.transactions = 0
        self._scope = scope

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.is_in_transaction = True
        self.transactions += 1
        try:
            yield
        finally:
            self.is_in_transaction = False

    def lose(self) -> None:
        """End the work at its next await."""
        self._scope.reschedule(asyncio.get_running_loop().time())


class Leases:
    """All leases of one process. `keep` must run as long as anything is held."""

    def __init__(self, database: Database, *, lease: timedelta) -> None:
        self._database = database
        self._lease = lease
        self._held: dict[str, Held] = {}

    async def hold(self, claimed: Claimed, work: Callable[[Held], Awaitable[None]]) -> None:
        """Do the work under the unit's lease. Raises `LeaseLost` when the lease was lost on the way."""
        try:
            async with asyncio.timeout(None) as scope:
                held = self._held[claimed.lease_token] = Held(claimed, scope)
                await work(held)
        except TimeoutError:
            if scope.expired():
                raise LeaseLost(claimed.lease_token) from None
            raise
        finally:
            del self._held[claimed.lease_token]

    async def keep(self) -> None:
        """Extend what is held, three times a lease, for ever."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                await self._extend_all()
            except Unavailable as away:
                log.warning("leases not extended", error=str(away), held=len(self._held))

    async def _extend_all(self) -> None:
        asked: dict[str, list[tuple[Held, int]]] = defaultdict(list)
        for held in self._held.values():
            if not held.is_in_transaction:
                asked[held.claimed.organization_id].append((held, held.transactions))
        for organization_id, of_organization in asked.items():
            tokens = [held.claimed.lease_token for held, _ in of_organization]
            async with self._database.transaction() as connection:
                kept = await units.extend(connection, organization_id, tokens, lease=self._lease)
            for held, transactions in of_organization:
                untouched = not held.is_in_transaction and held.transactions == transactions
                if untouched and held.claimed.lease_token not in kept:
                    held.lose()
