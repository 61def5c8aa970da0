"""The leases that this process holds, extended while the work goes on.

Losing a lease ends the work that it stands for. The fence in the database, not this module, is what makes a late
commit impossible; ending early only saves the effort. A unit that could not be handed back is owed: it is handed back
when the database is there again.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.store import units
from imports_service.store.database import Database
from imports_service.store.units import Claimed

log = structlog.get_logger()

AGAIN = 12
"""When something was not extended or handed back, it is tried so many times a lease; `housekeeping` counts on it."""

GiveBack = Callable[[], Awaitable[object]]
"""Hands a unit back. Raises `Unavailable` or `TimeoutError` when that is to be tried again."""


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
        self._owed: dict[str, GiveBack] = {}
        self._owes = asyncio.Event()
        self._owes_nothing = asyncio.Event()
        self._owes_nothing.set()

    def owe(self, claimed: Claimed, give_back: GiveBack) -> None:
        """Have a unit handed back whose work has ended, as soon as that is possible."""
        self._owed[claimed.lease_token] = give_back
        self._owes.set()
        self._owes_nothing.clear()

    @property
    def are_settled(self) -> bool:
        """Whether nothing is owed."""
        return self._owes_nothing.is_set()

    async def settled(self) -> None:
        """Wait until nothing is owed."""
        await self._owes_nothing.wait()

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
        """Extend what is held, three times a lease, and hand back what is owed, for ever; sooner again what did not go
        well. What goes wrong for one does not stop the others.
        """
        seconds = self._lease.total_seconds()
        is_well = True
        while True:
            pause = seconds / 3 if is_well else seconds / AGAIN * random.uniform(0.5, 1.0)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._owes.wait()
            self._owes.clear()
            is_well = await self._extend_all()
            is_well = await self._hand_back_owed() and is_well

    async def _extend_all(self) -> bool:
        held_by: dict[str, list[Held]] = defaultdict(list)
        for held in self._held.values():
            if held.wants_extension:
                held_by[held.claimed.organization_id].append(held)
        is_well = True
        for organization_id, of_organization in held_by.items():
            try:
                await self._extend(organization_id, of_organization)
                continue
            except Unavailable as away:
                log.warning("leases not extended", error=str(away), organization=organization_id)
            except Exception:
                log.exception("leases not extended", organization=organization_id)
            is_well = False
        return is_well

    async def _hand_back_owed(self) -> bool:
        is_well = True
        for token, give_back in list(self._owed.items()):
            try:
                await give_back()
                log.info("handed back after an outage")
            except (Unavailable, TimeoutError):
                is_well = False
                continue
            except Exception:
                log.exception("not handed back; its lease will run out")
            del self._owed[token]
        if not self._owed:
            self._owes_nothing.set()
        return is_well

    async def _extend(self, organization_id: str, leases: Sequence[Held]) -> None:
        asked = [(held, held.transactions) for held in leases if held.wants_extension]
        tokens = [held.claimed.lease_token for held, _ in asked]
        async with self._database.transaction() as connection:
            kept = await units.extend(connection, organization_id, tokens, lease=self._lease)
        for held, transactions in asked:
            untouched = held.wants_extension and held.transactions == transactions
            if untouched and held.claimed.lease_token not in kept:
                held.lose()
