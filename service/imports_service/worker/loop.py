"""Claims units of work and runs them, a few at a time, until told to stop.

Every process with the role `worker` runs one of these. Which unit comes next is the lanes' business (see the claim
statements); what becomes of a unit that fails is `attempts`'.
"""

import asyncio
import random

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.store import units
from imports_service.store.database import TransactionConflict
from imports_service.store.units import Claimed
from imports_service.worker import attempts
from imports_service.worker.closing import close_import
from imports_service.worker.equipment import Equipment
from imports_service.worker.leases import Held, Leases
from imports_service.worker.segment import SegmentRunner
from imports_service.worker.supply import SegmentSupply

log = structlog.get_logger()

IDLE_SECONDS = 1.0  # a lane's lost wake-up costs at most this
OUTAGE_SECONDS = 5.0


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

    async def work(self, stop: asyncio.Event) -> None:
        """One slot: claim, run, again."""
        outages = 0
        while not stop.is_set():
            self._equipment.nudges.work_wanted.clear()  # before the claim, so that a wake-up during it is not missed
            try:
                claimed = await self._claim()
                outages = 0
            except Unavailable as away:
                outages += 1
                log.warning("no claim", error=str(away), outages=outages)
                await self._rest(min(OUTAGE_SECONDS, 0.1 * 2**outages))
                continue
            if claimed is None:
                await self._rest(IDLE_SECONDS)
                continue
            self._equipment.nudges.work_wanted.set()  # where one unit was ready, another may be
            await attempts.run(self._equipment, self.leases, claimed, self._run)

    async def _claim(self) -> Claimed | None:
        settings = self._equipment.settings
        try:
            async with self._equipment.database.transaction() as connection:
                return await units.claim(connection, worker=self._equipment.worker, lease=settings.lease)
        except TransactionConflict:
            return None

    async def _run(self, held: Held) -> None:
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
