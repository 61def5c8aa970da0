"""The overlays of rehearsals: what the earlier rows of one would have made of its organization's environment.

Everything is read through the overlay: what it says of an id wins over the environment, and what it says is removed is
not there. Nothing here locks or writes the environment. An overlay has one writer, the segment that is at work; after
the end of its import it is emptied in small batches.
"""

import asyncio
from datetime import datetime
from typing import Any

import msgspec

from imports_service.domain.lookups import OwnNames, Wanted
from imports_service.domain.references import References
from imports_service.domain.resources import ReferenceRow, StoredResource, WrittenResource
from imports_service.store.copy_rows import REHEARSED_COLUMNS, rehearsed_rows
from imports_service.store.database import Connection
from imports_service.store.named import by_type
from imports_service.store.resources import SLICE_ROWS, end_of_prefix, stored_resources
from imports_service.store.statements import SQL

BATCH_ROWS = 5_000
"""What is deleted of an overlay in one transaction: some hundredths of a second."""


class EndedRehearsal(msgspec.Struct, frozen=True):
    """A rehearsal that writes no more, and whose overlay may not be empty."""

    organization_id: str
    import_uid: str


async def insert_rehearsal(connection: Connection, organization_id: str, import_uid: str) -> None:
    """Own the overlay of a new import, in the transaction that creates it."""
    await connection.execute(SQL.insert_rehearsal, organization_id, import_uid)


async def look_up_references(
    connection: Connection, organization_id: str, import_uid: str, wanted: Wanted
) -> References:
    """What there would be of the resources wanted."""
    found = References()
    if wanted.ids or wanted.keys:
        key_types, keys = list(wanted.key_types), list(wanted.keys)
        records = await connection.fetch(
            SQL.find_rehearsed_references,
            organization_id,
            import_uid,
            *by_type(key_types, keys),
            *by_type(list(wanted.types), list(wanted.ids)),
        )
        await _add(found, records)
        found.add((), asked_keys=zip(key_types, keys, strict=True))
    if wanted.prefixes:
        records = await connection.fetch(
            SQL.find_rehearsed_references_by_prefix,
            organization_id,
            import_uid,
            list(wanted.prefix_types),
            list(wanted.prefixes),
            [end_of_prefix(prefix) for prefix in wanted.prefixes],
        )
        await _add(found, records)
    return found


async def _add(found: References, records: list[Any]) -> None:
    for start in range(0, len(records), SLICE_ROWS):
        found.add(
            ReferenceRow(record["resource_type"], record["id"], record["key"])
            for record in records[start : start + SLICE_ROWS]
        )
        await asyncio.sleep(0)


async def read_resources(
    connection: Connection, organization_id: str, import_uid: str, named: OwnNames
) -> list[StoredResource]:
    """Every resource named, by key, by id, by owner or by holder, without locks; unknown names are left out.

    When a resource was last changed, and by what, is not told: a rehearsal changes nothing.
    """
    records = await connection.fetch(
        SQL.find_rehearsed_resources,
        organization_id,
        import_uid,
        *by_type(named.key_types, named.keys),
        *by_type(named.id_types, named.ids),
        *([pair[part] for pair in named.owned] for part in range(2)),
        *([holder[part] for holder in named.holders] for part in range(3)),
    )
    return await stored_resources(records)


async def write_resources(
    connection: Connection,
    organization_id: str,
    import_uid: str,
    written: list[WrittenResource],
    removed: list[tuple[str, str]],
    *,
    done_at: datetime,
) -> None:
    """Put into the overlay what was created or changed, and that the others (given as type and id) are gone.

    A resource that was removed and made anew is given as both.
    """
    names = dict.fromkeys((resource.resource_type, resource.id) for resource in written)
    gone = [WrittenResource(*name, None, None, b"{}") for name in removed if name not in names]
    names |= dict.fromkeys(removed)
    await connection.execute(
        SQL.delete_rehearsed_resources,
        organization_id,
        import_uid,
        [resource_type for resource_type, _ in names],
        [resource_id for _, resource_id in names],
    )
    for resources, is_removed in ((written, False), (gone, True)):
        if resources:
            await connection.copy_to_table(
                "rehearsal_resource",
                columns=REHEARSED_COLUMNS,
                source=rehearsed_rows(
                    resources,
                    organization_id=organization_id,
                    import_uid=import_uid,
                    at=done_at,
                    is_removed=is_removed,
                ),
                format="binary",
            )


async def ended_rehearsals(connection: Connection, *, limit: int = 100) -> list[EndedRehearsal]:
    """Rehearsals of all organizations that have ended or were deleted; read without locks."""
    records = await connection.fetch(SQL.list_ended_rehearsals, limit)
    return [EndedRehearsal(record["organization_id"], record["import_uid"]) for record in records]


async def empty_rehearsal(connection: Connection, ended: EndedRehearsal) -> bool:
    """Delete the next batch of its overlay, and with the last of it the rehearsal's row; whether there may be more."""
    tag = await connection.execute(SQL.empty_rehearsal, ended.organization_id, ended.import_uid, BATCH_ROWS)
    if tag != "DELETE 0":
        return True
    await connection.execute(SQL.delete_rehearsal, ended.organization_id, ended.import_uid)
    return False
