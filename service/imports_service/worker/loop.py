"""Claims units of work and runs them, a few at a time, until told to stop.

Every process with the role `worker` runs one of these. Which unit comes next is the lanes' business (see the claim
statements); what becomes of a unit that fails is `attempts`'.
"""

import asyncio
import random
from contextlib import suppress

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.store import claims, lanes
from imports_service.store.claims import NeedsSolitude, ReleaseDue
from imports_service.store.database import TransactionConflict
from imports_service.store.units import Claimed
from imports_service.worker import attempts
from imports_service.worker.closing import close_import
from imports_service.worker.company import Company
from imports_service.worker.equipment import Equipment
from imports_service.worker.leases import Held, Leases
from imports_service.worker.release import release_waiting
from imports_service.worker.segment import SegmentRunner
from imports_service.worker.supply import SegmentSupply

log = structlog.get_logger()

IDLE_SECONDS = 1.0  # a lane's lost wake-up costs at most this
BUSY_SECONDS = 0.02  # when other claims hold the lanes, or there are more than one claim looks at
TROUBLE_SECONDS = 0.1, 5.0
"""The shortest and the longest rest after trouble."""


async def run_worker(equipment: Equipment, stop: asyncio.Event) -> None:
    """Work until `stop`; then finish what is claimed, or hand it back when the grace is over."""
    try:
        async with asyncio.timeout(None) as grace, asyncio.TaskGroup() as tasks:
            worker = Worker(equipment, tasks)
            keeper = tasks.create_task(worker.leases.keep(), name="lease keeper")
            async with asyncio.TaskGroup() as slots:
                for number in range(equipment.settings.worker_segments):
                    slots.create_task(worker.work(stop), name=f"slot {number}")
                slots.create_task(_bound(grace, stop, equipment), name="grace")
            worker.supply.discard()
            await worker.leases.settled()
            keeper.cancel()
    except TimeoutError:
        if not grace.expired():
            raise
        log.warning("stopped before all units were finished; they were handed back")


async def _bound(grace: asyncio.Timeout, stop: asyncio.Event, equipment: Equipment) -> None:
    await stop.wait()
    equipment.nudges.work_wanted.set()
    grace.reschedule(asyncio.get_running_loop().time() + equipment.settings.stop_grace_seconds)


class Worker:
    """The slots of one process and what they share."""

    def __init__(self, equipment: Equipment, tasks: asyncio.TaskGroup) -> None:
        self._equipment = equipment
        self.leases = Leases(equipment.database, lease=equipment.settings.lease)
        self.supply = SegmentSupply(equipment, tasks)
        self._segments = SegmentRunner(equipment, self.supply)
        self._company = Company()

    async def work(self, stop: asyncio.Event) -> None:
        """One slot: claim, run, again. After trouble it rests, longer as a rule the more of it there is, and never in
        step with others: the next rest is drawn between the shortest and three times the last one.
        """
        shortest, longest = TROUBLE_SECONDS
        rest = shortest
        while not stop.is_set():
            self._equipment.nudges.work_wanted.clear()  # before the claim, so that a wake-up during it is not missed
            # without the store a claim would start imports that get no further
            if not self._equipment.objects.pulse.is_away and await self._turn(stop):
                rest = shortest
                self._equipment.pulse.answered()
                continue
            rest = min(longest, random.uniform(shortest, 3 * rest))
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await stop.wait()

    async def _turn(self, stop: asyncio.Event) -> bool:
        """Claim a unit and run it, or rest; False when a part is away, or a claim failed as no claim should."""
        pulse = self._equipment.pulse
        async with self._company.door:
            if stop.is_set():
                return True
            try:
                claimed, rest_seconds = await self._next()
            except TransactionConflict:
                claimed, rest_seconds = None, BUSY_SECONDS
            except Unavailable as away:
                log.warning("no claim", error=str(away))
                if not self._equipment.database.pulse.is_away:
                    pulse.failed(f"no claim: {away}")
                return False
            except Exception as error:
                log.exception("no claim")
                pulse.failed(f"no claim: {type(error).__name__}")
                return False
            if isinstance(claimed, Claimed):
                self._company.enter()
                if claimed.attempts:
                    return await self._work_on(claimed)  # alone: nobody else passes the door meanwhile
        if isinstance(claimed, ReleaseDue):
            return await self._release(claimed)
        if claimed is None:
            await self._rest(rest_seconds)
            return True
        self._equipment.nudges.work_wanted.set()  # where one unit was ready, another may be
        return await self._work_on(claimed)

    async def _work_on(self, claimed: Claimed) -> bool:
        with self._company.until_done():
            return await attempts.run(self._equipment, self.leases, claimed, self._run)

    async def _next(self) -> tuple[Claimed | ReleaseDue | None, float]:
        """A unit, or what is to be done first; or None, and how long to rest before the next claim."""
        claimed, rest_seconds = await self._claim()
        if isinstance(claimed, NeedsSolitude):
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):  # by then another process may have been alone
                    await self._company.left()
                    await self.leases.settled()
                    await self.supply.settle()
            claimed, rest_seconds = await self._claim()
        return (None, BUSY_SECONDS) if isinstance(claimed, NeedsSolitude) else (claimed, rest_seconds)

    @property
    def _is_alone(self) -> bool:
        """Whether no unit would lose an attempt if the process were killed, and nothing but the claimed one kill it."""
        return self._company.is_empty and self.leases.are_settled and self.supply.is_settled

    async def _claim(self) -> tuple[Claimed | NeedsSolitude | ReleaseDue | None, float]:
        settings = self._equipment.settings
        claimed: Claimed | NeedsSolitude | ReleaseDue | None = None
        try:
            async with self._equipment.database.transaction() as connection:
                claimed = await claims.claim(
                    connection,
                    worker=self._equipment.worker,
                    lease=settings.lease,
                    alone=self._is_alone,
                    max_running=settings.max_running_segments,
                )
                if claimed is None and await lanes.is_any_awake(connection):
                    return None, BUSY_SECONDS
        except Unavailable:
            if isinstance(claimed, Claimed):
                attempts.owe_unknown_claim(self._equipment, self.leases, claimed)
            raise
        return claimed, IDLE_SECONDS

    async def _release(self, due: ReleaseDue) -> bool:
        """Look at the imports that wait; False when a part is away. What goes wrong is tried again in a second."""
        try:
            await release_waiting(self._equipment, due.organization_id)
        except TransactionConflict as conflict:
            log.info("no release", error=str(conflict), organization=due.organization_id)
        except Unavailable as away:
            log.warning("no release", error=str(away), organization=due.organization_id)
            return False
        except Exception:
            log.exception("no release", organization=due.organization_id)
        return True

    async def _run(self, held: Held) -> None:
        await self._equipment.checkpoints.reach("after-claim")
        if held.claimed.is_closing:
            await close_import(self._equipment, held)
        else:
            await self._segments.run(held)

    async def _rest(self, seconds: float) -> None:
        """Until there may be work, at most the seconds given (jittered, so that processes do not poll in step)."""
        try:
            async with asyncio.timeout(seconds * random.uniform(0.7, 1.0)):
                await self._equipment.nudges.work_wanted.wait()
        except TimeoutError:
            return
