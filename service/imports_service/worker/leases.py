"""The leases that this process holds, extended while the work goes on.

Losing a lease ends the work that it stands for. The fence in the database, not this module, is what makes a late
commit impossible; ending early only saves the effort.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
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
    that skips the locked row must not be taken for a lost lease. Left without an exception it has committed, and
    the lease is spent.
    """

    def __init__(self, claimed: Claimed, scope: asyncio.Timeout) -> None:
        self.claimed = claimed
        self.is_in_transaction = False
        self.transactions = 0
        self._scope = scope
        self._is_over = False

    @property
    def wants_extension(self) -> bool:
        return not (self._is_over or self.is_in_transaction)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.is_in_transaction = True
        self.transactions += 1
        try:
            yield
            self._is_over = True
        finally:
            self.is_in_transaction = False

    def lose(self) -> None:
        """End the work at its next await, unless it is ending already."""
        if not self._is_over:
            self._is_over = True
            self._scope.reschedule(asyncio.get_running_loop().time())

    def let_go(self) -> None:
        """The work has ended: an extension that is still under way has nothing more to say."""
        self._is_over = True


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
                try:
                    await work(held)
                finally:
                    held.let_go()
        except TimeoutError:
            if scope.expired():
                raise LeaseLost(claimed.lease_token) from None
            raise
        finally:
            del self._held[claimed.lease_token]

    async def keep(self) -> None:
        """Extend what is held, three times a lease, for ever. What goes wrong for one does not stop the others."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            held_by: dict[str, list[Held]] = defaultdict(list)
            for held in self._held.values():
                if held.wants_extension:
                    held_by[held.claimed.organization_id].append(held)
            for organization_id, of_organization in held_by.items():
                try:
                    await self._extend(organization_id, of_organization)
                except Unavailable as away:
                    log.warning("leases not extended", error=str(away), organization=organization_id)
                except Exception:
                    log.exception("leases not extended", organization=organization_id)

    async def _extend(self, organization_id: str, leases: Sequence[Held]) -> None:
        asked = [(held, held.transactions) for held in leases if held.wants_extension]
        tokens = [held.claimed.lease_token for held, _ in asked]
        async with self._database.transaction() as connection:
            kept = await units.extend(connection, organization_id, tokens, lease=self._lease)
        for held, transactions in asked:
            untouched = held.wants_extension and held.transactions == transactions
            if untouched and held.claimed.lease_token not in kept:
                held.lose()
