"""One segment: its transaction is fence, look up, fold, write, count. Nothing of it is visible before, all after.

Locks are taken in one order: the segment's row (and the next one's, which becomes ready), the resources by type and
id in one statement, the import.
"""

import asyncio
import os
from typing import TypeVar

from imports_service.domain.fold import ENTROPY_BYTES, Fold, Folded
from imports_service.domain.imports import Import
from imports_service.domain.lookups import GatheredNames, ReferenceNames, References, TargetNames
from imports_service.domain.outcomes import encode_outcomes
from imports_service.domain.resources import StoredResource
from imports_service.domain.shapes import Shape
from imports_service.store import imports, lanes, outcomes, units
from imports_service.store.conflicts import settle
from imports_service.store.database import Connection, TransactionConflict
from imports_service.store.units import Claimed
from imports_service.worker.environment import Environment, environment_of
from imports_service.worker.equipment import Equipment
from imports_service.worker.leases import Held, LeaseLost
from imports_service.worker.start import start_import
from imports_service.worker.supply import Segment, SegmentSupply

Names = TypeVar("Names", ReferenceNames, TargetNames, GatheredNames)


class ImportClosing(Exception):
    """The import is being closed: nothing of it may be written any more."""


class Unsettled(TransactionConflict):
    """What would have to change is there and was not locked: it has come while the segment looked."""

    def __init__(self, name: tuple[str, str]) -> None:
        super().__init__(
            f"{name[0]} {name[1]} has come while it was looked for", reason="DATABASE_UNAVAILABLE"
        )


class SegmentRunner:
    """Runs the segments of all imports of one process."""

    def __init__(self, equipment: Equipment, supply: SegmentSupply) -> None:
        self._equipment = equipment
        self._supply = supply

    async def run(self, held: Held) -> None:
        """Work through one claimed segment.

        Raises `ImportClosing` (the closing counts its rows as not processed), `LeaseLost`, `TransactionConflict`,
        `Unavailable`.
        """
        claimed = held.claimed
        imported = await start_import(self._equipment, claimed)
        if imported is None:
            raise ImportClosing
        await self._equipment.checkpoints.reach("after-start")
        segment = await self._supply.take(imported, claimed.segment)
        await self._equipment.checkpoints.reach("segment-fetched")
        if claimed.has_next and not claimed.attempts:  # what has failed before runs alone
            self._supply.fetch_ahead(imported, claimed.segment + 1)
        committed = await self._commit(held, imported, segment)
        await self._equipment.checkpoints.reach("after-commit")
        await self._announce(claimed, committed)

    async def _commit(self, held: Held, imported: Import, segment: Segment) -> Import:
        """Run the transaction until it goes through. A conflict means: look again, so all of it runs again."""

        async def transact() -> Import:
            with held.transaction():
                async with self._equipment.database.transaction() as connection:
                    committed = await self._process(connection, held.claimed, imported, segment)
                    await self._equipment.checkpoints.reach("before-commit")
                return committed

        try:
            return await settle(transact)
        except Unsettled as last:
            # nobody is that unlucky so often: to count it ends the import, should it be a fault of ours
            raise RuntimeError(f"never found in peace: {last}") from last

    async def _process(
        self, connection: Connection, claimed: Claimed, imported: Import, segment: Segment
    ) -> Import:
        reach = self._equipment.checkpoints.reach
        done_at = await units.fence(connection, claimed)
        if done_at is None:
            raise LeaseLost(claimed.lease_token)
        if claimed.in_order:
            await units.ready_next(connection, claimed)
        await reach("after-fence")

        environment = environment_of(imported, connection, self._equipment.checkpoints)
        folded = await self._fold(environment, imported, segment)
        await reach("after-look-up")

        await environment.write(folded, done_at)
        await reach("after-write")

        encoded = encode_outcomes(environment.outcomes(folded), segment.header.row_numbers())
        await outcomes.insert_outcome(connection, claimed, encoded)
        committed = await imports.count_rows(
            connection, claimed.organization_id, claimed.import_uid, encoded.counts
        )
        if committed is None:
            raise ImportClosing
        if committed.closing is not None:
            await units.insert_closing(connection, claimed.organization_id, claimed.import_uid)
        await reach("after-count")
        return committed

    async def _fold(self, environment: Environment, imported: Import, segment: Segment) -> Folded:
        """Look up what the rows name and fold them; again when the fold finds that it has to know more."""
        shape = self._equipment.shapes[imported.spec.resource_type]
        references = References()
        wanted = (await _gathered(ReferenceNames(shape), segment)).wanted()
        while True:
            while not wanted.is_empty:
                references.merge(await environment.look_up_references(wanted))
                wanted = (await _gathered(TargetNames(shape, references), segment)).wanted()
            await self._equipment.checkpoints.reach("references-known")
            named = (await _gathered(GatheredNames(shape, references), segment)).names()
            stored = await environment.read(named)
            folded = await self._fold_over(environment, shape, segment, references, stored)
            if folded.unlocked:
                raise Unsettled(folded.unlocked[0])
            if folded.unasked.is_empty:
                return folded
            wanted = folded.unasked

    async def _fold_over(
        self,
        environment: Environment,
        shape: Shape,
        segment: Segment,
        references: References,
        stored: list[StoredResource],
    ) -> Folded:
        """The fold itself, in slices, so that nothing else in the process waits for long."""
        fold = Fold(
            shape,
            references,
            stored,
            new_ids=environment.new_ids(sum(map(len, segment.slices))),
            entropy=os.urandom(ENTROPY_BYTES),
            recorder=environment.recorder,
        )
        for rows in segment.slices:
            fold.add(rows)
            await asyncio.sleep(0)
        return fold.finish()

    async def _announce(self, claimed: Claimed, committed: Import) -> None:
        """Say that there is progress, and wake the lane if the commit made another unit ready, or room for one."""
        self._equipment.nudges.progressed(claimed.organization_id, claimed.import_uid)
        if claimed.in_order or claimed.is_crowded or committed.closing is not None:
            async with self._equipment.database.transaction() as connection:
                await lanes.wake_lane(connection, claimed.organization_id)
            self._equipment.nudges.work()


async def _gathered(names: Names, segment: Segment) -> Names:
    """The names of all rows, gathered in steps, so that nothing else in the process waits for long."""
    for rows in segment.slices:
        names.add(rows)
        await asyncio.sleep(0)
    return names
