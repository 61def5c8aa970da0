"""Workers of this process on the test's database and bucket, and imports for them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from imports_service.checkpoints import Checkpoints
from imports_service.commands.create import create_import
from imports_service.commands.creation import CreateImport, Creation, CreationLimits
from imports_service.domain.errors import Unavailable
from imports_service.domain.imports import Import, ImportSpec
from imports_service.domain.outcomes import RowResult, decode_outcomes
from imports_service.domain.registry import load_registry
from imports_service.domain.shapes import Shapes
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from imports_service.store import outcomes
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from imports_service.worker.equipment import Equipment
from imports_service.worker.loop import run_worker
from tests.eventually import eventually
from tests.store.builders import ORGANIZATION, import_now

REGISTRY = load_registry()
SHAPES = Shapes(REGISTRY)


def equipped(database: Database, objects: Objects, *, worker: str = "worker", **settings: Any) -> Equipment:
    """A worker's equipment; the settings are those of the service but for the ones given."""
    return Equipment(
        worker=worker,
        settings=Settings(**settings),
        database=database,
        objects=objects,
        nudges=Nudges(),
        registry=REGISTRY,
        shapes=SHAPES,
        checkpoints=Checkpoints(settings.get("stop_at")),
    )


def named(equipment: Equipment, worker: str) -> Equipment:
    """Another worker with the same parts, nudges included."""
    return replace(equipment, worker=worker)


@contextlib.asynccontextmanager
async def working(*workers: Equipment) -> AsyncIterator[asyncio.Event]:
    """The workers, for the time of the block; what one of them fails with fails the test. Gives their stop."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for equipment in workers:
            tasks.create_task(run_worker(equipment, stop))
        try:
            yield stop
        finally:
            stop.set()
            for equipment in workers:
                equipment.nudges.work()


async def created(
    equipment: Equipment,
    document: bytes,
    *,
    segment_rows: int = 10,
    resource_type: str = "skus",
    skip_errors: bool = False,
    organization_id: str = ORGANIZATION,
    import_id: str | None = None,
    validate_only: bool = False,
    after: Sequence[Import] = (),
) -> Import:
    """A new import of JSON Lines, as a call leaves it."""
    creation = Creation(
        database=equipment.database,
        objects=equipment.objects,
        nudges=equipment.nudges,
        registry=equipment.registry,
        checkpoints=Checkpoints(),
        limits=CreationLimits(
            segment_rows=segment_rows,
            segment_bytes=1024 * 1024,
            max_inputs=1_000_000,
            max_validate_inputs=1_000_000,
            max_input_bytes=64 * 1024,
            max_document_bytes=64 * 1024 * 1024,
            max_pending_imports=1_000,
            lease=timedelta(seconds=30),
        ),
    )

    async def chunks() -> AsyncIterator[bytes]:
        yield document

    wanted = CreateImport(
        organization_id=organization_id,
        spec=ImportSpec(
            resource_type=resource_type,
            skip_errors=skip_errors,
            after=tuple(each.name for each in after),
        ),
        creator="insecure",
        import_id=import_id,
        validate_only=validate_only,
    )
    return await create_import(wanted, chunks(), creation)


async def ended(equipment: Equipment, import_: Import, *, within: float = 10.0) -> Import:
    """The import once it has ended."""

    async def look() -> Import | None:
        try:
            found = await import_now(equipment.database, import_)
        except Unavailable:  # a test may have cut off the connection that this look has got
            return None
        return found if found.status.has_ended else None

    found = await eventually(look, within, f"the end of {import_.name}", every=0.02)
    assert found is not None
    return found


async def results(database: Database, import_: Import) -> list[RowResult]:
    """What became of the rows of all finished segments."""
    async with database.connection() as connection:
        stored = await outcomes.read_outcomes(
            connection, import_.organization_id, import_.uid, limit=1_000_000
        )
    return [
        result
        for segment in stored
        for result in decode_outcomes(segment.encoded.outcomes, segment.encoded.issues).results()
    ]
