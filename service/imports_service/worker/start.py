"""The start of an import: pending → in_progress, by the claim of its first segment."""

from imports_service.domain.imports import EventKind, Import, Status
from imports_service.store import events, imports
from imports_service.store.units import Claimed
from imports_service.worker.equipment import Equipment


async def start_import(equipment: Equipment, claimed: Claimed) -> Import | None:
    """The claimed segment's import, started; None when it is closing, ended or gone.

    A transaction of its own, after the claim's: the claim holds a lane, and no transaction that holds a lane may wait
    for an import.
    """
    async with equipment.database.connection() as connection:
        imported = await imports.get_import_by_uid(connection, claimed.organization_id, claimed.import_uid)
    if imported is None or imported.closing is not None:
        return None
    if imported.status is not Status.PENDING:
        return imported
    async with equipment.database.transaction() as connection:
        started = await imports.start_import(connection, claimed.organization_id, claimed.import_uid)
        if started is not None:
            await events.record(connection, EventKind.TRANSITION, Status.PENDING, started)
    if started is None:  # another segment's claim was first, or the import is closing by now
        return await start_import(equipment, claimed)
    equipment.nudges.changed(claimed.organization_id, claimed.import_uid)
    return started
