"""Claims units of work and runs them, a few at a time, until told to stop.

Every process with the role `worker` runs one of these. Which unit comes next is the lanes' business (see the claim
statements); what becomes of a unit that fails is `attempts`'.
"""

import asyncio
import random
from contextlib import suppress

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.store import lanes, units
from imports_service.store.database import TransactionConflict
from imports_service.store.units import Claimed, ReleaseDue
from imports_service.worker import attempts
from imports_service.worker.closing import close_import
from imports_service.worker.equipment import Equipment
from imports_service.worker.leases import Held, Leases
from imports_service.worker.release import release_waiting
from imports_service.worker.segment import SegmentRunner
from imports_service.worker.supply import SegmentSupply

log = structlog.get_logger()

IDLE_SECONDS = 1.0  # a lane's lost wake-up costs at most this
BUSY_SECONDS = 0.02  # when other claims hold the lanes, or there are more than one claim looks at
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
        """One slot: claim, run, again. After trouble it waits, longer each time that there is more of it."""
        troubles = 0
        while not stop.is_set():
            self._equipment.nudges.work_wanted.clear()  # before the claim, so that a wake-up during it is not missed
            if await self._turn():
                troubles = 0
                continue
            troubles += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(min(OUTAGE_SECONDS, 0.1 * 2 ** min(troubles, 10))):
                    await stop.wait()

    async def _turn(self) -> bool:
        """Claim a unit and run it, or rest; False when a part is away, or a claim failed as no claim should."""
        try:
            claimed, rest_seconds = await self._claim()
        except TransactionConflict:
            claimed, rest_seconds = None, BUSY_SECONDS
        except Unavailable as away:
            log.warning("no claim", error=str(away))
            return False
        except Exception:
            log.exception("no claim")
            return False
        if isinstance(claimed, ReleaseDue):
            return await self._release(claimed)
        if claimed is None:
            await self._rest(rest_seconds)
            return True
        self._equipment.nudges.work_wanted.set()  # where one unit was ready, another may be
        return await attempts.run(self._equipment, self.leases, claimed, self._run)

    async def _claim(self) -> tuple[Claimed | ReleaseDue | None, float]:
        """A unit, or what is to be done first; or None, and how long to rest before the next claim."""
        settings = self._equipment.settings
        async with self._equipment.database.transaction() as connection:
            claimed = await units.claim(connection, worker=self._equipment.worker, lease=settings.lease)
            if claimed is None and await lanes.is_any_awake(connection):
                return None, BUSY_SECONDS
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
