"""Imports, leases and resources to test with: valid by default, a test says what it is about."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from imports_service.domain.imports import EventKind, Import, ImportSpec
from imports_service.domain.lookups import OwnNames
from imports_service.domain.resources import WrittenResource
from imports_service.store import claims, events, lanes, units
from imports_service.store.claims import NeedsSolitude, ReleaseDue
from imports_service.store.database import Database
from imports_service.store.imports import NewImport, get_import_by_uid, insert_import
from imports_service.store.resources import copy_created
from imports_service.store.units import Claimed, NewSegment

ORGANIZATION = "acme"
LEASE = timedelta(seconds=30)
NOW = datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=UTC)


async def created_import(
    database: Database,
    organization_id: str = ORGANIZATION,
    *,
    segments: int = 1,
    rows: int = 10,
    in_order: bool = False,
    spec: ImportSpec | None = None,
    import_id: str | None = None,
    after: Sequence[Import] = (),
) -> Import:
    """An import as its creation leaves it: pending, `segments` of `rows` rows each; `after`: what it waits for."""
    uid = str(uuid4())
    awaited = [each.uid for each in after]
    async with database.transaction() as connection:
        turn = await lanes.enter_lane(connection, organization_id)
        if awaited:
            await lanes.plan_release(connection, organization_id, timedelta(0))
        import_ = await insert_import(
            connection,
            NewImport(
                organization_id=organization_id,
                uid=uid,
                import_id=import_id or f"import-{uid}",
                etag="first",
                spec=spec or ImportSpec(resource_type="skus"),
                creator="insecure",
                inputs_size=segments * rows,
                segments=segments,
                in_order=in_order,
                turn=turn,
                after=awaited,
            ),
        )
        await units.insert_units(
            connection,
            organization_id,
            uid,
            [NewSegment(1 + number * rows, rows) for number in range(segments)],
            turn=turn,
            in_order=in_order,
            waits=bool(awaited),
        )
        await events.record(connection, EventKind.TRANSITION, None, import_)
    return import_


async def claimed_by(database: Database, worker: str, *, lease: timedelta = LEASE) -> Claimed | None:
    async with database.transaction() as connection:
        claimed = await claims.claim(connection, worker=worker, lease=lease)
    assert not isinstance(claimed, ReleaseDue | NeedsSolitude)
    return claimed


async def claimed_unit(database: Database, worker: str = "worker", *, lease: timedelta = LEASE) -> Claimed:
    claimed = await claimed_by(database, worker, lease=lease)
    assert claimed is not None
    return claimed


async def import_now(database: Database, import_: Import) -> Import:
    async with database.connection() as connection:
        found = await get_import_by_uid(connection, import_.organization_id, import_.uid)
    assert found is not None
    return found


async def lapse_leases(database: Database) -> None:
    """All leases have run out."""
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE unit SET lease_until = now() - interval '1 second' WHERE state = 'leased'"
        )


async def unit_states(database: Database, import_: Import) -> list[str]:
    """The states of the import's segments, in order."""
    async with database.connection() as connection:
        segments = await units.list_segments(connection, import_.organization_id, import_.uid)
    return [segment.state for segment in segments]


def resource(
    resource_id: str, *, key: str | None = None, resource_type: str = "skus", attributes: bytes = b"{}"
) -> WrittenResource:
    return WrittenResource(resource_type, resource_id, key, None, attributes)


def names(
    *, ids: list[str] | None = None, keys: list[str] | None = None, resource_type: str = "skus"
) -> OwnNames:
    ids, keys = ids or [], keys or []
    return OwnNames(
        key_types=[resource_type] * len(keys), keys=keys, id_types=[resource_type] * len(ids), ids=ids
    )


async def stored(
    database: Database, created: list[WrittenResource], *, organization_id: str = ORGANIZATION
) -> None:
    """The resources, written as a segment writes them."""
    async with database.transaction() as connection:
        await copy_created(connection, organization_id, created, done_at=NOW, last_import="first")


async def waits_for_a_lock(database: Database, *, statements: int = 1) -> bool:
    """Whether so many statements of anybody in this database wait for others."""
    async with database.connection() as connection:
        waiting = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    return int(waiting) >= statements
