"""Moves the outcomes of an ended import out of PostgreSQL into one object.

The object is written whole first; then the rows let go of what they hold, a batch a transaction. As long as no row has,
the object can be written again, and once one has, it is there: so whoever takes over after a kill knows from the rows
what is left to do. Two who do it at once write the same bytes and the same places. The import owns the object before it
exists, and its deletion ends the move at the next extension of its lease. No transaction is open while the store works.
"""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import structlog

from imports_service.domain.errors import Unavailable, first_of
from imports_service.domain.names import outcomes_object
from imports_service.domain.outcome_object import HEADER, Part, batches_of, parts_of
from imports_service.domain.outcomes import decode_outcomes, decode_summary
from imports_service.domain.report import ReportBuilder
from imports_service.objects.writer import ObjectWriter
from imports_service.store import moves, outcomes
from imports_service.store.database import Connection
from imports_service.store.moves import Unmoved
from imports_service.store.outcomes import StoredOutcomes
from imports_service.worker.equipment import Equipment
from imports_service.worker.leases import LeaseLost

READ_BYTES = 1024 * 1024
PLACED_BYTES = 8 * 1024 * 1024
MOST_SEGMENTS = 100

log = structlog.get_logger()


async def move_outcomes(equipment: Equipment, unmoved: Unmoved) -> None:
    """Move them all, unless somebody else does. What fails is taken up again when the lease has run out.

    Raises `Unavailable`.
    """
    token = str(uuid4())
    async with equipment.database.transaction() as connection:
        was_begun = await moves.claim_move(connection, unmoved, token, lease=equipment.settings.lease)
    if was_begun is None:
        return
    move = _Move(equipment, unmoved, token)
    try:
        async with asyncio.TaskGroup() as upkeep:
            lease = upkeep.create_task(move.keep(), name=f"lease of the move of {unmoved.uid}")
            await move.run(was_begun=was_begun)
            lease.cancel()
    except BaseExceptionGroup as group:
        first = first_of(group)
        if not isinstance(first, LeaseLost):
            raise first from group
        log.info("left the outcomes to others", organization=unmoved.organization_id, import_uid=unmoved.uid)


class _Move:
    def __init__(self, equipment: Equipment, unmoved: Unmoved, token: str) -> None:
        self._equipment = equipment
        self._unmoved = unmoved
        self._token = token
        self._lease = equipment.settings.lease
        self._held_until = _now() + self._lease.total_seconds()
        self._name = outcomes_object(unmoved.organization_id, unmoved.uid)

    async def keep(self) -> None:
        """Extend the lease three times in its time. Raises `LeaseLost`, and `Unavailable` once it has run out: what is
        put after that may be put after the sweep of a deleted import."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                async with self._equipment.database.transaction() as connection:
                    await self._extend(connection)
            except Unavailable as away:
                if _now() >= self._held_until:
                    raise
                log.warning("move not extended", error=str(away), import_uid=self._unmoved.uid)

    async def run(self, *, was_begun: bool) -> None:
        """Raises `LeaseLost` and `Unavailable`."""
        async with self._equipment.database.connection() as connection:
            sizes = await moves.segment_sizes(connection, self._unmoved)
        parts = parts_of((size.segment, size.outcomes_size, size.issues_size) for size in sizes)
        if was_begun:
            await self._equipment.objects.abort_uploads(self._name)
        if parts and not any(size.is_moved for size in sizes):
            await self._write(parts)
            await self._equipment.checkpoints.reach("outcomes-stored")
        moved = {size.segment for size in sizes if size.is_moved}
        await self._place([part for part in parts if part.segment not in moved])
        async with self._equipment.database.transaction() as connection:
            await moves.finish_move(connection, self._unmoved, self._token)
        await self._equipment.checkpoints.reach("outcomes-moved")

    async def _write(self, parts: list[Part]) -> None:
        """Write the object, and the report if the closing was given up before it came to one."""
        async with self._equipment.database.connection() as connection:
            report = await outcomes.read_report(connection, *self._whose)
        missing = ReportBuilder() if report is None else None
        async with self._equipment.objects.writer(self._name) as target:
            await target.write(HEADER)
            for batch in batches_of(parts, most_bytes=READ_BYTES, most=MOST_SEGMENTS):
                for stored in await self._read(batch):
                    await self._copy(stored, target, missing)
                await self._equipment.checkpoints.reach("outcomes-copied")
        if missing is not None:
            await self._report(missing)

    async def _read(self, batch: Sequence[Part]) -> list[StoredOutcomes]:
        async with self._equipment.database.connection() as connection:
            read = await outcomes.read_outcomes(
                connection, *self._whose, from_segment=batch[0].segment, limit=len(batch)
            )
        if any(stored.is_moved for stored in read) or [stored.segment for stored in read] != [
            part.segment for part in batch
        ]:
            raise LeaseLost(self._token)  # others have moved them meanwhile, or deleted the import
        return read

    async def _copy(
        self, stored: StoredOutcomes, target: ObjectWriter, missing: ReportBuilder | None
    ) -> None:
        encoded = stored.encoded
        await target.write(encoded.outcomes)
        if encoded.issues is None:
            return
        await target.write(encoded.issues)
        if missing is not None:
            missing.add_summary(decode_summary(encoded.summary))
            if missing.wants_issues:
                missing.add(await asyncio.to_thread(decode_outcomes, encoded.outcomes, encoded.issues))

    async def _report(self, missing: ReportBuilder) -> None:
        async with self._equipment.database.transaction() as connection:
            await self._extend(connection)
            if await outcomes.read_report(connection, *self._whose) is None:
                await outcomes.insert_report(connection, *self._whose, missing.report().encode())

    async def _place(self, parts: list[Part]) -> None:
        """Have the rows let go of what is in the object, in short transactions."""
        for batch in batches_of(parts, most_bytes=PLACED_BYTES, most=MOST_SEGMENTS):
            async with self._equipment.database.transaction() as connection:
                await self._extend(connection)
                await moves.place_outcomes(connection, self._unmoved, batch)
                await self._equipment.checkpoints.reach("outcomes-placing")
            await self._equipment.checkpoints.reach("outcomes-placed")

    async def _extend(self, connection: Connection) -> None:
        """Extend the lease and lock the import. Raises `LeaseLost`."""
        began = _now()
        if not await moves.extend_move(connection, self._unmoved, self._token, lease=self._lease):
            raise LeaseLost(self._token)
        self._held_until = began + self._lease.total_seconds()

    @property
    def _whose(self) -> tuple[str, str]:
        return self._unmoved.organization_id, self._unmoved.uid


def _now() -> float:
    return asyncio.get_running_loop().time()
