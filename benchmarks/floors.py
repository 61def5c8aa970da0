"""What the same rows cost without a service: the two floors that our figure is divided by.

*raw*: rows already encoded in memory, binary COPY into a temporary table, then one ordered INSERT .. SELECT ..
ON CONFLICT; the better of one and two connections. *file*: the same starting from the document's bytes
(msgspec, or csv.reader), one process and two connections: what a good script of one's own would do. Same columns,
indexes and database as ours. And *statements*: what a simple script does, a statement for each row.
"""

import asyncio
import csv
import itertools
import secrets
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import asyncpg
import msgspec

BATCH_ROWS = 5_000

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS floor_resource (
    LIKE resource INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING STORAGE
)
"""
CREATE_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS floor_stage (LIKE floor_resource) ON COMMIT DELETE ROWS
"""
MERGE = """
INSERT INTO floor_resource AS r (organization_id, resource_type, id, key, owner_id, attributes, created_at,
                                 updated_at, last_import)
SELECT organization_id, resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
FROM floor_stage ORDER BY key
ON CONFLICT (organization_id, resource_type, key) WHERE key IS NOT NULL
DO UPDATE SET attributes = r.attributes || excluded.attributes, updated_at = excluded.updated_at,
              last_import = excluded.last_import
WHERE r.attributes IS DISTINCT FROM r.attributes || excluded.attributes
"""

UPSERT = """
INSERT INTO floor_resource AS r (organization_id, resource_type, id, key, attributes, created_at, updated_at,
                                 last_import)
VALUES ($1, 'skus', $2, $3, $4, now(), now(), 'statements')
ON CONFLICT (organization_id, resource_type, key) WHERE key IS NOT NULL
DO UPDATE SET attributes = r.attributes || excluded.attributes, updated_at = excluded.updated_at,
              last_import = excluded.last_import
"""
SQL = (
    f"{CREATE_TABLE.strip()};\n{CREATE_STAGE.strip()};\n"
    f"COPY floor_stage FROM STDIN (FORMAT binary);\n{MERGE.strip()};"
)
"""What *raw* and *file* run: the last two for each batch, in a transaction of its own."""

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
POSTGRES_EPOCH_SECONDS = 946_684_800


class Sku(msgspec.Struct, gc=False):
    """The row as a script would declare it."""

    code: str
    name: str
    description: str
    pieces_per_pack: int
    weight: float
    unit_of_weight: str
    hs_tariff_number: str
    do_not_ship: bool


def _field(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


class Encoder:
    """Rows of one organization as binary COPY; what is constant is packed once."""

    def __init__(self, organization_id: str) -> None:
        now = _field(struct.pack(">q", int((time.time() - POSTGRES_EPOCH_SECONDS) * 1e6)))
        self._head = struct.pack(">h", 9) + _field(organization_id.encode()) + _field(b"skus")
        self._tail = now + now + _field(b"floor")
        self._json = msgspec.json.Encoder()
        self._prefix = secrets.token_hex(6)
        self._numbers = itertools.count()

    def row(self, sku: Sku) -> bytes:
        attributes = self._json.encode(sku)
        resource_id = f"{self._prefix}{next(self._numbers):012d}".encode()
        size = struct.pack(">i", len(attributes) + 1) + b"\x01"
        return (
            self._head + _field(resource_id) + _field(sku.code.encode()) + b"\xff\xff\xff\xff"
            + size + attributes + self._tail
        )  # fmt: skip


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _write(connection: "asyncpg.Connection[asyncpg.Record]", rows: Iterable[bytes]) -> None:
    data = HEADER + b"".join(rows) + TRAILER
    async with connection.transaction():
        await connection.copy_to_table("floor_stage", source=_once(data), format="binary")
        await connection.execute(MERGE)


async def _write_all(url: str, batches: "Iterable[Sequence[bytes]]", connections: int) -> None:
    """Each connection takes the next batch; taking one is where the script's own work happens."""
    waiting = iter(batches)

    async def write_some(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        for batch in waiting:
            await _write(connection, batch)

    opened = [await asyncpg.connect(url) for _ in range(connections)]
    try:
        for connection in opened:
            await connection.execute(CREATE_STAGE)
        async with asyncio.TaskGroup() as tasks:
            for connection in opened:
                tasks.create_task(write_some(connection))
    finally:
        for connection in opened:
            await connection.close()


async def raw_seconds(url: str, document: bytes) -> float:
    """Seconds for rows that were encoded before; the better of one and two connections."""
    skus = msgspec.json.Decoder(Sku).decode_lines(document)
    best = float("inf")
    for connections in (1, 2):
        encoder = Encoder(f"raw-{secrets.token_hex(4)}")
        batches = [
            [encoder.row(row) for row in skus[start : start + BATCH_ROWS]]
            for start in range(0, len(skus), BATCH_ROWS)
        ]
        started = time.perf_counter()
        await _write_all(url, batches, connections)
        best = min(best, time.perf_counter() - started)
    return best


async def file_seconds(url: str, document: bytes) -> float:
    """Seconds from the bytes of JSON Lines on, one process, two connections."""
    decoder = msgspec.json.Decoder(Sku)

    def read() -> Iterable[list[Sku]]:
        lines = iter(document.splitlines())
        while batch := list(itertools.islice(lines, BATCH_ROWS)):
            yield decoder.decode_lines(b"\n".join(batch))

    return await _file_seconds(url, read)


async def csv_file_seconds(url: str, document: bytes) -> float:
    """The same from the bytes of a CSV document."""

    def read() -> Iterable[list[Sku]]:
        rows = csv.reader(document.decode().splitlines())
        columns = next(rows)
        while batch := list(itertools.islice(rows, BATCH_ROWS)):
            cells = [dict(zip(columns, row, strict=True)) for row in batch]
            yield msgspec.convert(cells, list[Sku], strict=False)

    return await _file_seconds(url, read)


async def _file_seconds(url: str, read: Callable[[], Iterable[list[Sku]]]) -> float:
    encoder = Encoder(f"file-{secrets.token_hex(4)}")
    started = time.perf_counter()
    await _write_all(url, ([encoder.row(row) for row in batch] for batch in read()), 2)
    return time.perf_counter() - started


async def statement_seconds(url: str, document: bytes) -> float:
    """Seconds for a prepared statement a row, on one connection and in one transaction."""
    organization_id = f"statements-{secrets.token_hex(4)}"
    prefix = secrets.token_hex(6)
    connection = await asyncpg.connect(url)
    try:
        started = time.perf_counter()
        async with connection.transaction():
            statement = await connection.prepare(UPSERT)
            for number, line in enumerate(document.splitlines()):
                code = msgspec.json.decode(line, type=Sku).code
                await statement.fetch(organization_id, f"{prefix}{number:012d}", code, line.decode())
        return time.perf_counter() - started
    finally:
        await connection.close()


async def create_table(url: str) -> None:
    """What the floors write to, beside the service's own table."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(CREATE_TABLE)
    finally:
        await connection.close()
