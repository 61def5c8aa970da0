"""Interrupting an import: asking for its end. The end itself is a unit of work like a segment."""

from contextlib import suppress

from imports_service.checkpoints import NOWHERE, Checkpoints
from imports_service.domain.errors import FailedPrecondition, ImportNotFound, Unavailable
from imports_service.domain.imports import Closing, EventKind, Import
from imports_service.domain.names import ImportName
from imports_service.store.conflicts import settle
from imports_service.store.database import Database
from imports_service.store.events import record
from imports_service.store.imports import lock_import, request_closing
from imports_service.store.lanes import wake_lane
from imports_service.store.nudges import Nudges
from imports_service.store.units import insert_closing


async def interrupt_import(
    name: ImportName, *, database: Database, nudges: Nudges, checkpoints: Checkpoints = NOWHERE
) -> Import:
    """From the return on no segment of the import commits; its status follows when its files are written.

    An import that is closing already is answered as it is. Raises `ImportNotFound` and `FailedPrecondition`
    (IMPORT_ENDED).
    """

    async def request() -> tuple[Import, bool]:
        async with database.transaction() as connection:
            found = await lock_import(connection, name.organization_id, name.import_id)
            if found is None:
                raise ImportNotFound(str(name))
            if found.status.has_ended:
                raise FailedPrecondition(f"{name} has ended", reason="IMPORT_ENDED", name=name)
            if found.closing is not None:
                return found, False
            closing = await request_closing(connection, name.organization_id, found.uid, Closing.REQUESTED)
            if closing is None:
                raise AssertionError(f"{name} is locked and not closing, yet refuses to close")
            await insert_closing(connection, name.organization_id, found.uid)
            await record(connection, EventKind.SNAPSHOT, None, closing)
            return closing, True

    interrupted, is_new = await settle(request)
    if is_new:
        await checkpoints.reach("after-interrupt")
        nudges.changed(name.organization_id, interrupted.uid)
        # on its own, after the commit: no transaction that holds an import may wait for a lane; lost, it
        # costs the import a second, and the request stands
        with suppress(Unavailable):
            async with database.transaction() as connection:
                await wake_lane(connection, name.organization_id)
        nudges.work()
    return interrupted
