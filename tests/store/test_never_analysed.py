"""A database that was never analysed, and a connection that keeps the plans it made while the tables were empty.

Every fresh installation begins like this. A statement whose plan depends on statistics is right on a small table and
reads a whole organization here, seconds at a time.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from imports_service.domain.lookups import Wanted
from imports_service.store import exports, rehearsals, resources
from imports_service.store.copy_rows import CHANGED_COLUMNS, changed_rows
from imports_service.store.database import Connection, Database
from imports_service.store.named import by_type
from imports_service.store.statements import SQL
from tests.store.builders import NOW, ORGANIZATION, names, resource
from tests.store.citus_rules import ON_A_COORDINATOR
from tests.store.event_days import make_days, partition_names

ROWS = 50_000
SEGMENT = 5_000
NESTING = ROWS // SEGMENT
"""One SKU in so many owns an item, which owns an option, and holds an address."""

OWNED = [("skus", "line_items"), ("line_items", "line_item_options")]
HOLDERS = [("skus", "address_id", "addresses")]
MAX_SECONDS = 1.0
TABLES = (
    "import",
    "unit",
    "lane",
    "outcome",
    "resource",
    "organization_clock",
    "event",
    "upload",
    "object_trash",
    "creation_request",
    "import_report",
    "rehearsal",
    "rehearsal_resource",
)
NOT_RUN = {
    "create_changed_resources",  # the test has run it
    "create_schema_migration",
    "insert_schema_migration",
    "lock_migrations",
} | ON_A_COORDINATOR
"""Statements of the migrations, and what can be run once only."""

FILL = """
INSERT INTO import (
    organization_id, uid, import_id, etag, resource_type, spec, creator, in_order, turn, inputs_size, segments_left,
    created_at
)
SELECT 'acme', ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'import-' || n, '', 'skus',
    '{"resource_type": "skus"}', 'insecure', false, n * 5000, 20000000, 4000, now() - n * interval '1 second'
FROM generate_series(1, 3000) AS n;
INSERT INTO unit (organization_id, import_uid, segment, first_row, row_count, turn, state)
SELECT 'acme', '00000000-0000-0000-0000-000000000001', n, 1 + n * 5000, 5000, n * 5000,
    CASE WHEN n < 1000 THEN 'done' ELSE 'ready' END
FROM generate_series(0, 3999) AS n;
INSERT INTO unit (organization_id, import_uid, segment, first_row, row_count, turn, state)
SELECT 'acme', ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 0, 1, 1, n * 5000, 'ready'
FROM generate_series(2, 3000) AS n;
INSERT INTO import (
    organization_id, uid, import_id, etag, resource_type, spec, creator, in_order, turn, inputs_size, segments_left,
    after
)
SELECT 'acme', ('00000000-0000-0000-0003-' || lpad(n::text, 12, '0'))::uuid, 'after-' || n, '', 'skus',
    '{"resource_type": "skus"}', 'insecure', false, n * 5000, 20000000, 4000,
    ARRAY(SELECT gen_random_uuid()::text FROM generate_series(1, 9))
        || ('00000000-0000-0000-0000-' || lpad((n % 100 + 1)::text, 12, '0'))
FROM generate_series(4001, 5000) AS n;
INSERT INTO unit (organization_id, import_uid, segment, first_row, row_count, turn, state)
SELECT 'acme', ('00000000-0000-0000-0003-' || lpad(n::text, 12, '0'))::uuid, segment, 1, 1, n * 5000, 'waiting'
FROM generate_series(4001, 5000) AS n, generate_series(0, CASE WHEN n = 4001 THEN 3999 ELSE 3 END) AS segment;
INSERT INTO unit (
    organization_id, import_uid, segment, first_row, row_count, turn, state, lease_token, lease_until, worker
)
SELECT 'acme', ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, 0, 1, 1, n, 'leased',
    ('00000000-0000-0000-0002-' || lpad(n::text, 12, '0'))::uuid, now() + (n - 10) * interval '1 minute', 'worker'
FROM generate_series(1, 20) AS n;
INSERT INTO lane (organization_id, turn, wake_at)
SELECT 'org-' || n, n, CASE WHEN n % 10 = 0 THEN now() ELSE 'infinity' END
FROM generate_series(1, 2000) AS n;
INSERT INTO lane (organization_id, turn, wake_at) VALUES ('acme', 5000, now());
INSERT INTO outcome
SELECT 'acme', ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 0, 1, 0, 0, 0, 0, ''
FROM generate_series(2, 3000) AS n;
INSERT INTO outcome
SELECT 'acme', '00000000-0000-0000-0000-000000000001', n, 5000, 0, 0, 0, 0, '', CASE WHEN n % 100 = 0 THEN ''::bytea END
FROM generate_series(0, 999) AS n;
UPDATE import SET status = 'completed', closing = 'completed', completed_at = created_at, unchanged_count = inputs_size
WHERE turn % 10000 = 0;
INSERT INTO organization_clock (organization_id, seq) VALUES ('acme', 20000);
INSERT INTO event (organization_id, seq, import_uid, import_id, kind, version, snapshot, occurred_at)
SELECT 'acme', n, ('00000000-0000-0000-0000-' || lpad((1 + n % 3000)::text, 12, '0'))::uuid, '', 'snapshot', 1, '{}',
    now() - (20000 - n) * interval '32 seconds'
FROM generate_series(1, 20000) AS n;
INSERT INTO resource (
    organization_id, resource_type, id, owner_id, attributes, created_at, updated_at, last_import
)
SELECT 'acme', 'line_items', lpad(n::text, 7, '0'), lpad((n % 5000 * 10)::text, 7, '0'), '{}', now(), now(), 'first'
FROM generate_series(1, 50000) AS n;
INSERT INTO upload
SELECT 'acme', gen_random_uuid(), now() + n * interval '1 second' FROM generate_series(-5, 2000) AS n;
INSERT INTO object_trash
SELECT 'acme', gen_random_uuid(), 'prefix', now() + n * interval '1 second' FROM generate_series(-5, 2000) AS n;
INSERT INTO rehearsal
SELECT 'acme', ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid FROM generate_series(1, 3000) AS n;
INSERT INTO creation_request
SELECT 'acme', 'request-' || n, '', '', gen_random_uuid(), '', now() - n * interval '1 minute'
FROM generate_series(1, 3000) AS n
"""

UID = UUID("00000000-0000-0000-0000-000000000001")
BY_TYPE: Mapping[str, Any] = {
    "uuid": UID,
    "int4": 1,
    "int8": 100,
    "bool": False,
    "bytea": b"",
    "jsonb": "{}",
    "timestamptz": NOW,
}


def sample_of(type_name: str) -> object:
    if type_name == "interval":
        return NOW - NOW
    return [] if type_name.endswith("[]") else BY_TYPE.get(type_name, ORGANIZATION)


def key_of(number: int) -> str:
    return f"key-{number * 7919 % 1_000_003:07}"


def samples() -> dict[str, tuple[object, ...]]:
    """Parameters of the statements for which one of each type would show nothing."""
    some = range(0, ROWS, NESTING)
    types = ["skus"] * len(some)
    ids = [f"{number:07}" for number in some]
    keys = [key_of(number) for number in some]
    tokens = [f"00000000-0000-0000-0002-{number:012}" for number in range(1, 21)]
    numbers = [str(number) for number in range(5000, 5100)]
    anything = (None,) * 9
    texts = [str(number) for number in range(100, 200)]
    far, first = NOW.replace(year=9999), UUID(int=2**128 - 1)
    return {
        "find_references_by_id": (ORGANIZATION, *by_type(types, ids)),
        "find_references_by_key": (ORGANIZATION, *by_type(types, keys)),
        "find_references_by_prefix": (ORGANIZATION, types, keys, [key + "!" for key in keys]),
        "lock_resources": (ORGANIZATION, *by_type(types, keys), *by_type(types, ids[::-1])),
        "lock_nested_resources": (
            *(ORGANIZATION, *by_type(types[:500], keys[:500]), *by_type(types[:500], ids[499::-1])),
            *map(list, zip(*OWNED, strict=True)),
            *([name] for name in HOLDERS[0]),
        ),
        "find_owned_resources": (ORGANIZATION, ids, ["line_items"] * len(ids)),
        "find_resources_by_id": (ORGANIZATION, "skus", ids),
        "find_resources_by_key": (ORGANIZATION, "skus", keys),
        "list_resources": (ORGANIZATION, "skus", ids[-100], 1000),
        "list_exported_resources": (ORGANIZATION, "skus", "", 1000, 2**30, NOW, "price_list_id", "none"),
        "find_exported_resources": (ORGANIZATION, "skus", ids, NOW, "price_list_id", "none"),
        "list_exported_ids": (ORGANIZATION, "skus", ids[-1000], 1000, NOW, "price_list_id", "none"),
        "list_owned_resources": (ORGANIZATION, "line_items", ids[:500]),
        "count_owned_resources": (ORGANIZATION, "line_items", ids[:500], "line_item_options"),
        "delete_resources": (ORGANIZATION, types, ids),
        "find_rehearsed_references": (ORGANIZATION, UID, *by_type(types, keys), *by_type(types, ids[::-1])),
        "find_rehearsed_references_by_prefix": (
            ORGANIZATION,
            UID,
            types,
            keys,
            [key + "!" for key in keys],
        ),
        "find_rehearsed_resources": (
            ORGANIZATION,
            UID,
            *by_type(types[:500], keys[:500]),
            *by_type(types[:500], ids[500:1000]),
            *map(list, zip(*OWNED, strict=True)),
            ["skus"],
            ["address_id"],
            ["addresses"],
        ),
        "delete_rehearsed_resources": (ORGANIZATION, UID, types, ids),
        "empty_rehearsal": (ORGANIZATION, UID, SEGMENT),
        "insert_rehearsal": (ORGANIZATION, UUID(int=1 << 100)),
        "write_changed_resources": (ORGANIZATION, NOW, "last"),
        "extend_leases": (ORGANIZATION, tokens, NOW - NOW),
        "insert_units": (ORGANIZATION, UID, *[numbers] * 5, ["ready"] * len(numbers)),
        "list_result_segments": (ORGANIZATION, UID, 0, *[False] * 3, True, True, 1000, 2**22, 64),
        "claim_move": (ORGANIZATION, UUID(int=2), UUID(tokens[0]), NOW - NOW),
        "list_unmoved_imports": (NOW - NOW, 100),
        "delete_outcomes": (ORGANIZATION, UID, 200),
        "place_outcomes": (ORGANIZATION, UID, 100, 199, texts, texts, texts, [None] * 100),
        "find_segment_of_row": (ORGANIZATION, UID, 20_000_000),
        "list_imports_newest_first": (ORGANIZATION, *anything, far, first, 1000),
        "list_imports_oldest_first": (ORGANIZATION, *anything, NOW.replace(year=1), UUID(int=0), 1000),
        "list_imports_largest_first": (ORGANIZATION, *anything, 2**62, first, 1000),
        "list_imports_smallest_first": (ORGANIZATION, *anything, 0, UUID(int=0), 1000),
        "count_imports": (ORGANIZATION, *anything),
        "insert_import": (
            *(
                ORGANIZATION,
                UUID(int=1 << 100),
                "new",
                "",
                "skus",
                "{}",
                None,
                "me",
                None,
                None,
                True,
                1,
                1,
                1,
                True,
                [],
            ),
        ),
        "find_uids": (ORGANIZATION, [f"import-{number}" for number in range(1, 1001)]),
        "find_unended": (ORGANIZATION, [str(UUID(int=number)) for number in range(1, 1001)]),
        "list_releasable": (ORGANIZATION, 100),
        "is_awaited": (ORGANIZATION, str(UUID(int=1))),
        "release_units": (ORGANIZATION, UUID("00000000-0000-0000-0003-000000004001"), False, 5),
        "release_import": (ORGANIZATION, UUID("00000000-0000-0000-0003-000000004001"), 5),
        "insert_event": (ORGANIZATION, 20_001, UID, "", "snapshot", None, 1, "{}", None),
        "find_watched_imports": (
            ORGANIZATION,
            [f"import-{number}" for number in range(1, 1001)],
            [UUID(int=number) for number in range(1, 1001)],
        ),
        "find_moved_imports": (ORGANIZATION, [UUID(int=number) for number in range(1, 1001)], [0] * 1000),
        "list_low_floors": (datetime.now(UTC) - timedelta(days=2), 100),
        "raise_floor_to_time": (ORGANIZATION, datetime.now(UTC) - timedelta(days=2)),
        "list_events_of_import": (ORGANIZATION, UID, 0, 200),
        "spell_new_partition": ("new", NOW, NOW),
        "list_missed_events": (ORGANIZATION, [UUID(int=number) for number in range(1, 501)], [0] * 500, 20),
        "list_unfinished_imports": (ORGANIZATION, *anything, NOW.replace(year=1), UUID(int=0), 50),
        "read_clocks": ([ORGANIZATION, *numbers],),
        "insert_outcome": (ORGANIZATION, UID, 5000, 0, 0, 0, 0, 0, b"", None, None),
        "request_closing": (ORGANIZATION, UID, "fault"),
        "fence_unit": (ORGANIZATION, UUID(int=(1 << 64) + 5), 0, UUID(tokens[4])),
        "send_nudges": ("imports", ["x"] * 100),
        "terminate_backends": (["nobody"], NOW - NOW),
    }


async def grow(connection: Connection, start: int) -> None:
    numbers = range(start, start + SEGMENT)
    created = [
        resource(f"{number:07}", key=key_of(number), attributes=b'{"address_id": "address-%07d"}' % number)
        for number in numbers
    ]
    for number in numbers[::NESTING]:
        created += [
            replace(resource(f"item-{number:07}", resource_type="line_items"), owner_id=f"{number:07}"),
            replace(
                resource(f"option-{number:07}", resource_type="line_item_options"),
                owner_id=f"item-{number:07}",
            ),
            resource(f"address-{number:07}", resource_type="addresses"),
        ]
    async with connection.transaction():
        await resources.copy_created(connection, ORGANIZATION, created, done_at=NOW, last_import="first")
        await rehearsals.write_resources(connection, ORGANIZATION, str(UID), created, [], done_at=NOW)


async def look_up(connection: Connection, start: int) -> None:
    """As a segment does, and that of a rehearsal: by key and by id, half of them there and half of them not yet. And
    as an export does.
    """
    numbers = range(max(0, start - SEGMENT // 2), start + SEGMENT // 2, 5)
    ids, keys = [f"{number:07}" for number in numbers], [key_of(number) for number in numbers]
    types = ["skus"] * len(ids)
    for named in (names(keys=keys), names(ids=ids), names(ids=ids, keys=keys)):
        await resources.lock_resources(connection, ORGANIZATION, named)
        nesting = replace(named, owned=OWNED, holders=HOLDERS)
        await resources.lock_resources(connection, ORGANIZATION, nesting)
        await rehearsals.read_resources(connection, ORGANIZATION, str(UID), named)
        await rehearsals.read_resources(connection, ORGANIZATION, str(UID), nesting)
    for wanted in (
        Wanted(types=types, ids=ids),
        Wanted(key_types=types, keys=keys),
        Wanted(prefix_types=types, prefixes=keys),
    ):
        await resources.look_up_references(connection, ORGANIZATION, wanted)
        await rehearsals.look_up_references(connection, ORGANIZATION, str(UID), wanted)
    await exports.read_owned(connection, ORGANIZATION, "line_items", ids)
    await exports.count_owned(connection, ORGANIZATION, "line_items", ids, "line_item_options")


async def seconds_of(connection: Connection, name: str, given: Mapping[str, tuple[object, ...]]) -> float:
    """How long the statement takes; what it did is undone."""
    statement = getattr(SQL, name)
    if name not in given:
        prepared = await connection.prepare(statement)
        given = {name: tuple(sample_of(parameter.name) for parameter in prepared.get_parameters())}
    transaction = connection.transaction()
    await transaction.start()
    try:
        if name == "write_changed_resources":
            changed = [resource(f"{number:07}", key=key_of(number)) for number in range(SEGMENT)]
            await connection.copy_to_table(
                "changed_resource",
                schema_name="pg_temp",
                columns=CHANGED_COLUMNS,
                source=changed_rows(changed),
                format="binary",
            )
        began = time.perf_counter()
        await connection.fetch(statement, *given[name])
        return time.perf_counter() - began
    finally:
        await transaction.rollback()


@pytest.mark.alone
@pytest.mark.timeout(300)
async def test_no_statement_reads_a_whole_organization(database: Database) -> None:
    given = samples()
    slow: dict[str, float] = {}
    async with database.connection() as connection:
        await make_days(connection, *range(-7, 2))
        tables = [table for table in TABLES if table != "event"] + await partition_names(connection)
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        for start in range(0, ROWS, SEGMENT):
            await look_up(connection, start)
            await grow(connection, start)
        await connection.execute(FILL)
        await connection.execute(SQL.create_changed_resources)

        for name in SQL.names():
            if name not in NOT_RUN:
                taken = max([await seconds_of(connection, name, given) for _ in range(7)])
                if taken > MAX_SECONDS:
                    slow[name] = taken

        analysed = await connection.fetchval(
            "SELECT count(*) FROM pg_stats WHERE tablename = ANY ($1::text[])", tables
        )

    assert analysed == 0
    assert slow == {}
