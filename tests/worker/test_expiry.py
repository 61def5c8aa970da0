"""Imports whose time is over go with all that they have, in transactions that hold nobody up."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from imports_service.domain.names import import_prefix
from imports_service.objects.store import Objects
from imports_service.store import requests
from imports_service.store.database import Connection, Database
from imports_service.worker import housekeeping
from imports_service.worker.equipment import Equipment
from tests.store.builders import ORGANIZATION, created_import
from tests.store.event_days import make_days
from tests.worker.working import equipped

EXPIRED = 350
LONGEST_SECONDS = 1.0

pytestmark = pytest.mark.alone

INSERT = """
INSERT INTO import (
    organization_id, uid, import_id, etag, resource_type, spec, creator, in_order, turn, inputs_size, segments_left,
    status, closing, unchanged_count, completed_at, expires_at
)
SELECT 'acme', ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'import-' || n, '', 'skus',
    '{"resource_type": "skus"}', 'insecure', false, 1, 20, 0, 'completed', 'completed', 20, now(), now()
FROM generate_series(1, $1::integer) AS n
"""
PARTS = [
    """
    INSERT INTO unit (organization_id, import_uid, segment, first_row, row_count, turn, state)
    SELECT organization_id, uid, n, 1 + n * 10, 10, 1, 'done' FROM import, generate_series(0, 1) AS n
    """,
    """
    INSERT INTO outcome
    SELECT organization_id, uid, n, 0, 0, 10, 0, 0, '' FROM import, generate_series(0, 1) AS n
    """,
    "INSERT INTO import_report SELECT organization_id, uid, '' FROM import",
]


class Timed(Database):
    """Knows how long its longest transaction was, from its first statement to its end."""

    longest = 0.0

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection, None]:
        async with super().transaction() as connection:
            began = time.monotonic()
            yield connection
        self.longest = max(self.longest, time.monotonic() - began)


@pytest.fixture
def timed(database: Database, objects: Objects) -> Equipment:
    return equipped(Timed(database._pool, lease=equipped(database, objects).settings.lease), objects)


def longest_of(equipment: Equipment) -> float:
    assert isinstance(equipment.database, Timed)
    return equipment.database.longest


async def expired_imports(database: Database, count: int) -> None:
    async with database.transaction() as connection:
        await connection.execute(INSERT, count)
        for statement in PARTS:
            await connection.execute(statement)


async def rows_left(database: Database) -> dict[str, int]:
    async with database.connection() as connection:
        return {
            table: await connection.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("import", "unit", "outcome", "import_report", "object_trash")
        }


async def swept(equipment: Equipment) -> None:
    """The trash, swept as if its time had come, three times."""
    for _ in range(3):
        async with equipment.database.connection() as connection:
            await connection.execute("UPDATE object_trash SET not_before = now()")
        await housekeeping.sweep_trash(equipment)


@pytest.mark.timeout(300)
async def test_hundreds_of_expired_imports_go_in_one_round_with_all_their_objects(
    timed: Equipment, objects: Objects
) -> None:
    await expired_imports(timed.database, EXPIRED)
    for number in range(1, EXPIRED + 1, 25):
        prefix = import_prefix(ORGANIZATION, f"00000000-0000-0000-0000-{number:012}")
        for name in ("segments/0", "outcomes", "files/token/attachment.json.gz"):
            await objects.put(prefix + name, b"object")

    await housekeeping.expire_imports(timed)
    assert (await rows_left(timed.database))["object_trash"] == EXPIRED
    await swept(timed)

    assert set((await rows_left(timed.database)).values()) == {0}
    assert [name async for name in objects.list("")] == []
    assert longest_of(timed) < LONGEST_SECONDS


async def test_a_large_import_goes_in_several_transactions(timed: Equipment) -> None:
    import_ = await created_import(timed.database, segments=4_000)
    async with timed.database.transaction() as connection:
        await connection.execute("UPDATE import SET expires_at = now()")
        await connection.execute(
            "INSERT INTO outcome SELECT 'acme', $1, n, 0, 0, 0, 0, 0, decode(repeat('00', 20000), 'hex')"
            " FROM generate_series(0, 3999) AS n",
            import_.uid,
        )
    timed.database.longest = 0.0  # type: ignore[attr-defined]

    await housekeeping.expire_imports(timed)
    await swept(timed)

    assert set((await rows_left(timed.database)).values()) == {0}
    assert longest_of(timed) < LONGEST_SECONDS


async def test_an_import_that_does_not_go_holds_up_no_other(timed: Equipment) -> None:
    await expired_imports(timed.database, 250)
    async with timed.database.connection() as connection:
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$"
        )
        await connection.execute(
            "CREATE TRIGGER kept BEFORE DELETE ON import FOR EACH ROW"
            " WHEN (OLD.import_id = 'import-7') EXECUTE FUNCTION refuse()"
        )

    await housekeeping.expire_imports(timed)

    assert (await rows_left(timed.database))["import"] == 1


async def test_old_events_and_requests_go_in_short_transactions_until_none_is_left(timed: Equipment) -> None:
    async with timed.database.transaction() as connection:
        await make_days(connection)
        await connection.execute(
            "INSERT INTO organization_clock (organization_id, seq) VALUES ('acme', 1700)"
        )
        await connection.execute(
            "INSERT INTO event (organization_id, seq, import_uid, import_id, kind, version, snapshot, occurred_at)"
            " SELECT 'acme', n, gen_random_uuid(), '', 'snapshot', 1, '{}', now() - interval '8 days'"
            " FROM generate_series(1, 1700) AS n"
        )
        await connection.execute(
            "INSERT INTO creation_request"
            " SELECT 'acme', 'request-' || n, '', '', gen_random_uuid(), '', now() - interval '2 days'"
            " FROM generate_series(1, 250) AS n"
        )

    await housekeeping.forget_events(timed)
    await housekeeping.forget_requests(timed)

    async with timed.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM event") == 0
        assert await connection.fetchval("SELECT floor FROM organization_clock") == 1700
        assert await requests.forget_requests(connection, older_than=housekeeping.REQUESTS_KEPT) == 0
    assert longest_of(timed) < LONGEST_SECONDS
