"""Imports as rows: every change of one, and how it is read.

Functions take a connection and never open a transaction. Each change returns the import as it is after it, so
that an event can record exactly that; None means that the change was not allowed any more, and that nothing
happened.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from asyncpg import Record

from imports_service.domain.errors import ImportIdTaken
from imports_service.domain.imports import Closing, Counts, Import, ImportSpec, Status
from imports_service.domain.names import ImportName
from imports_service.domain.queries import ImportFilter, ImportOrder, ImportPosition
from imports_service.store.database import Connection
from imports_service.store.statements import SQL

OUTCOMES_AT_ONCE = 200
"""How many segments' outcomes one transaction deletes: some may hold megabytes."""

_encode = msgspec.json.Encoder().encode
_decode_spec = msgspec.json.Decoder(ImportSpec).decode


class NewImport(msgspec.Struct, frozen=True, kw_only=True):
    """An import that does not exist yet. `turn` is what `lanes.enter_lane` gave; `segments` their number; `after`: the
    uids of what it waits for."""

    organization_id: str
    uid: str
    import_id: str
    etag: str
    spec: ImportSpec
    creator: str
    inputs_size: int
    segments: int
    in_order: bool
    turn: int
    trace_context: str | None = None
    retry_of: str | None = None
    validate_only: bool = False
    after: Sequence[str] = ()


async def insert_import(connection: Connection, new: NewImport) -> Import:
    """Store an import, pending. Raises `ImportIdTaken`; the transaction is still good then."""
    record = await connection.fetchrow(
        SQL.insert_import,
        new.organization_id,
        new.uid,
        new.import_id,
        new.etag,
        new.spec.resource_type,
        _encode(new.spec).decode(),
        new.spec.reference,
        new.creator,
        new.trace_context,
        new.retry_of,
        new.in_order,
        new.turn,
        new.inputs_size,
        new.segments,
        new.validate_only,
        list(new.after),
    )
    if record is None:
        raise ImportIdTaken(str(ImportName(new.organization_id, new.import_id)))
    return import_of(record)


async def get_import(connection: Connection, organization_id: str, import_id: str) -> Import | None:
    """The import of that id, if there is one."""
    return _import_or_none(await connection.fetchrow(SQL.get_import, organization_id, import_id))


async def get_import_by_uid(connection: Connection, organization_id: str, uid: str) -> Import | None:
    """The import of that uid, if there is one; ids are used again after a deletion, uids never."""
    return _import_or_none(await connection.fetchrow(SQL.get_import_by_uid, organization_id, uid))


async def lock_import(connection: Connection, organization_id: str, import_id: str) -> Import | None:
    """The import, with every other change of it kept waiting until the transaction ends."""
    return _import_or_none(await connection.fetchrow(SQL.lock_import, organization_id, import_id))


async def start_import(connection: Connection, organization_id: str, uid: str) -> Import | None:
    """Pending → in_progress; None when it is not pending, is being closed, or is gone."""
    return _import_or_none(await connection.fetchrow(SQL.start_import, organization_id, uid))


async def count_rows(connection: Connection, organization_id: str, uid: str, counts: Counts) -> Import | None:
    """Add a segment's rows; the last segment, and the one with a tenth of all rows failed, set `closing`.

    None when the import is being closed or gone: the segment's transaction must roll back. Whoever sees
    `closing` set in the result inserts the closing unit in the same transaction.
    """
    return _import_or_none(
        await connection.fetchrow(
            SQL.count_rows,
            organization_id,
            uid,
            counts.created,
            counts.updated,
            counts.unchanged,
            counts.failed,
            counts.warnings,
        )
    )


async def request_closing(
    connection: Connection, organization_id: str, uid: str, closing: Closing
) -> Import | None:
    """Say how the import will end; None when that is settled already or it is gone.

    `REQUESTED` also sets `interrupt_requested_at`. The closing unit is the caller's to insert.
    """
    if closing is Closing.REQUESTED:
        return _import_or_none(await connection.fetchrow(SQL.request_interrupt, organization_id, uid))
    return _import_or_none(
        await connection.fetchrow(SQL.request_closing, organization_id, uid, closing.value)
    )


async def end_import(
    connection: Connection,
    organization_id: str,
    uid: str,
    *,
    not_processed_count: int,
    attachment: str | None,
    failed_inputs: str | None,
    at: datetime,
    retention: timedelta,
    closing: Closing | None = None,
) -> Import | None:
    """Give the import the final status that its closing says; `closing` overrides it (a closing given up:
    FAULT).

    `at` is the time of the fence, `attachment` and `failed_inputs` are names of objects. None when it has
    ended or is gone.
    """
    return _import_or_none(
        await connection.fetchrow(
            SQL.end_import,
            organization_id,
            uid,
            closing.value if closing is not None else None,
            not_processed_count,
            attachment,
            failed_inputs,
            at,
            at + retention,
        )
    )


async def update_import_fields(
    connection: Connection, organization_id: str, uid: str, *, spec: ImportSpec, etag: str
) -> Import | None:
    """Replace what callers may change: the spec's reference, its origin and the metadata, with a new etag."""
    return _import_or_none(
        await connection.fetchrow(
            SQL.update_import_fields, organization_id, uid, _encode(spec).decode(), spec.reference, etag
        )
    )


async def delete_import(connection: Connection, organization_id: str, uid: str) -> bool:
    """Delete the import, its units, outcomes and report; False when it was gone. The caller has locked it.

    Units that are locked at this moment, and outcomes of more than some hundred segments, stay and go with the last of
    the import's objects.
    """
    await delete_parts(connection, organization_id, uid)
    return await connection.fetchrow(SQL.delete_import, organization_id, uid) is not None


async def delete_parts(connection: Connection, organization_id: str, uid: str) -> bool:
    """Delete everything of an import but its own row, its events and what it imported, as far as a short transaction
    can; whether there may be more."""
    await connection.execute(SQL.delete_units, organization_id, uid)
    await connection.execute(SQL.delete_report, organization_id, uid)
    tag = await connection.execute(SQL.delete_outcomes, organization_id, uid, OUTCOMES_AT_ONCE)
    return tag == f"DELETE {OUTCOMES_AT_ONCE}"


class ExpiredImport(msgspec.Struct, frozen=True):
    """An import that has been kept for as long as it is to be."""

    organization_id: str
    uid: str
    import_id: str


async def expired_imports(connection: Connection, *, limit: int = 100) -> list[ExpiredImport]:
    """Imports of all organizations whose time is over, longest first; read without locks."""
    records = await connection.fetch(SQL.list_expired_imports, limit)
    return [
        ExpiredImport(record["organization_id"], record["uid"], record["import_id"]) for record in records
    ]


async def list_imports(
    connection: Connection,
    organization_id: str,
    filter: ImportFilter,
    order: ImportOrder = ImportOrder.NEWEST_FIRST,
    after: ImportPosition | None = None,
    limit: int = 50,
) -> list[Import]:
    """The next imports of the organization in that order, after the position, at most `limit`."""
    statement, column, start = _ORDERS[order]
    position = after or start
    records = await connection.fetch(
        statement,
        organization_id,
        *conditions_of(filter),
        getattr(position, column),
        position.uid,
        limit,
    )
    return [import_of(record) for record in records]


async def count_imports(connection: Connection, organization_id: str, filter: ImportFilter) -> int:
    """How many imports of the organization match."""
    return int(await connection.fetchval(SQL.count_imports, organization_id, *conditions_of(filter)))


async def count_pending(connection: Connection, organization_id: str) -> int:
    """How many imports of the organization are pending; exact in a creation that has entered its lane."""
    return int(await connection.fetchval(SQL.count_pending, organization_id))


def conditions_of(filter: ImportFilter) -> tuple[object, ...]:
    """The filter in the order of the statements' parameters; None is no condition."""
    return (
        [status.value for status in filter.statuses] or None,
        list(filter.resource_types) or None,
        filter.reference,
        filter.reference_prefix,
        filter.retry_of,
        filter.validate_only,
        filter.with_errors,
        filter.created_since,
        filter.created_before,
    )


# Before everything in either direction: a position is always there, so that the index always knows where to
# begin.
_LOWEST = ImportPosition(
    created_at=datetime(1, 1, 2, tzinfo=UTC), inputs_size=-1, uid="00000000-0000-0000-0000-000000000000"
)
_HIGHEST = ImportPosition(
    created_at=datetime(9999, 1, 1, tzinfo=UTC), inputs_size=2**62, uid="ffffffff-ffff-ffff-ffff-ffffffffffff"
)
_ORDERS: Mapping[ImportOrder, tuple[str, str, ImportPosition]] = {
    ImportOrder.NEWEST_FIRST: (SQL.list_imports_newest_first, "created_at", _HIGHEST),
    ImportOrder.OLDEST_FIRST: (SQL.list_imports_oldest_first, "created_at", _LOWEST),
    ImportOrder.LARGEST_FIRST: (SQL.list_imports_largest_first, "inputs_size", _HIGHEST),
    ImportOrder.SMALLEST_FIRST: (SQL.list_imports_smallest_first, "inputs_size", _LOWEST),
}


def _import_or_none(record: Record | None) -> Import | None:
    return import_of(record) if record is not None else None


def import_of(record: Record) -> Import:
    """The import of a row of any statement that reads imports."""
    closing = record["closing"]
    return Import(
        organization_id=record["organization_id"],
        uid=record["uid"],
        import_id=record["import_id"],
        version=record["version"],
        etag=record["etag"],
        spec=_decode_spec(record["spec"]),
        creator=record["creator"],
        validate_only=record["validate_only"],
        is_waiting=bool(record["after"]) and closing is None,
        status=Status(record["status"]),
        closing=Closing(closing) if closing is not None else None,
        inputs_size=record["inputs_size"],
        counts=Counts(
            created=record["created_count"],
            updated=record["updated_count"],
            unchanged=record["unchanged_count"],
            failed=record["errors_count"],
            warnings=record["warnings_count"],
        ),
        not_processed_count=record["not_processed_count"],
        threshold_exceeded=record["errors_count"] * 10 > record["inputs_size"],
        attachment=record["attachment"],
        failed_inputs=record["failed_inputs"],
        retry_of=record["retry_of"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
        started_at=record["started_at"],
        completed_at=record["completed_at"],
        interrupted_at=record["interrupted_at"],
        interrupt_requested_at=record["interrupt_requested_at"],
        expires_at=record["expires_at"],
    )
