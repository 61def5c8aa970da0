"""The end of an import: its files, then one transaction that shows them, the counts and the final status at once.

A closing is a unit like a segment: leased, fenced, taken up by another worker when this one dies. What it was writing
then is left under a name that carries its lease token, and no import will ever name it.
"""

from imports_service.commands.awaited import wake_those_after
from imports_service.domain.imports import Closing, EventKind, Import
from imports_service.store import events, imports, outcomes, units
from imports_service.store.conflicts import settle
from imports_service.store.database import Connection
from imports_service.store.units import Claimed
from imports_service.worker.equipment import Equipment
from imports_service.worker.files import Files, write_files
from imports_service.worker.leases import Held, LeaseLost


async def close_import(equipment: Equipment, held: Held) -> None:
    """Write the files and end the import. Raises `LeaseLost`, `TransactionConflict`, `Unavailable`."""
    claimed = held.claimed
    async with equipment.database.connection() as connection:
        imported = await imports.get_import_by_uid(connection, claimed.organization_id, claimed.import_uid)
    if imported is None:
        return  # deleted while it was pending; its units went with it
    files = await write_files(equipment, imported, claimed.lease_token)
    await _end(equipment, held, imported, files)
    equipment.nudges.changed(claimed.organization_id, claimed.import_uid)
    await equipment.checkpoints.reach("after-closing")
    await wake_those_after(
        claimed.organization_id,
        claimed.import_uid,
        database=equipment.database,
        nudges=equipment.nudges,
    )


async def end_without_files(
    equipment: Equipment, connection: Connection, organization_id: str, import_uid: str
) -> None:
    """End an import whose closing was given up: interrupted (FAULT); its rows stay readable and retrievable."""
    imported = await imports.get_import_by_uid(connection, organization_id, import_uid)
    if imported is None or imported.status.has_ended:
        return
    await units.void_segments(connection, organization_id, import_uid)
    ended = await imports.end_import(
        connection,
        organization_id,
        import_uid,
        not_processed_count=rows_left(imported),
        attachment=None,
        failed_inputs=None,
        at=await units.transaction_time(connection),
        retention=equipment.settings.retention,
        closing=Closing.FAULT,
    )
    if ended is not None:
        await events.record(connection, EventKind.TRANSITION, imported.status, ended)


async def _end(equipment: Equipment, held: Held, imported: Import, files: Files) -> None:
    async def transact() -> None:
        with held.transaction():
            async with equipment.database.transaction() as connection:
                await _end_once(equipment, connection, held.claimed, imported, files)
                await equipment.checkpoints.reach("closing-before-commit")

    await settle(transact)


async def _end_once(
    equipment: Equipment, connection: Connection, claimed: Claimed, imported: Import, files: Files
) -> None:
    organization_id, uid = claimed.organization_id, claimed.import_uid
    done_at = await units.fence(connection, claimed)
    if done_at is None:
        raise LeaseLost(claimed.lease_token)
    await units.void_segments(connection, organization_id, uid)
    ended = await imports.end_import(
        connection,
        organization_id,
        uid,
        not_processed_count=rows_left(imported),
        attachment=files.attachment,
        failed_inputs=files.failed_inputs,
        at=done_at,
        retention=equipment.settings.retention,
    )
    if ended is None:
        return  # deleted meanwhile
    await outcomes.insert_report(connection, organization_id, uid, files.report.encode())
    await events.record(connection, EventKind.TRANSITION, imported.status, ended)


def rows_left(imported: Import) -> int:
    """Rows without an outcome; since `closing` was set no segment has been able to add one."""
    return imported.inputs_size - imported.counts.processed - imported.counts.failed
