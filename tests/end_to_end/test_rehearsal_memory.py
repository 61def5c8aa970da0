"""A rehearsal of any size takes flat memory: what its rows would make is kept in the database.

`IMPORTS_REHEARSED_ROWS=1000000` runs the longest that there can be.
"""

import json
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from tests.eventually import eventually
from tests.services import client_of

ROWS = int(os.environ.get("IMPORTS_REHEARSED_ROWS", "50000"))
REPEATED = ROWS // 10
ALLOWED = 150 * 1024 * 1024
SECONDS = 60 + ROWS / 2_000


@pytest.mark.timeout(2 * SECONDS)
async def test_a_rehearsal_stays_within_150_mib_of_idle_and_leaves_nothing(spawn_service, database_url):
    process = await spawn_service(IMPORTS_LEASE_SECONDS="6")
    idle = memory(process.pid, "VmRSS")

    async with client_of(process.address) as client:
        created = await client.imports.UploadImport(parts(), timeout=SECONDS)
        ended = await client.imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=SECONDS)

    taken = memory(process.pid, "VmHWM") - idle
    print(f"{ROWS} rows, {taken / 2**20:.0f} MiB above {idle / 2**20:.0f} MiB idle")
    assert (ended.status, ended.inputs_size) == (pb.STATUS_COMPLETED, ROWS)
    assert (ended.created_count, ended.updated_count) == (ROWS - REPEATED, REPEATED)
    assert taken < ALLOWED
    connection = await asyncpg.connect(database_url)
    try:

        async def is_empty() -> bool:
            return not await connection.fetchval("SELECT EXISTS (SELECT 1 FROM rehearsal)")

        await eventually(is_empty, within=SECONDS, what="an empty overlay", every=0.1)
        assert await connection.fetchval("SELECT count(*) FROM rehearsal_resource") == 0
        assert await connection.fetchval("SELECT count(*) FROM resource") == 0
    finally:
        await connection.close()


async def parts() -> AsyncIterator[pb.UploadImportRequest]:
    yield pb.UploadImportRequest(
        header=pb.CreateImportRequest(
            parent="organizations/acme", spec=pb.ImportSpec(resource_type="skus"), validate_only=True
        )
    )
    for start in range(0, ROWS, 1_000):
        yield pb.UploadImportRequest(
            chunk=b"".join(row(number) for number in range(start, min(ROWS, start + 1_000)))
        )


def row(number: int) -> bytes:
    """A SKU; the last tenth of them are those of the first tenth, and change them."""
    sku = {
        "code": f"SKU{number % (ROWS - REPEATED):08}",
        "name": f"Bold anorak no. {number}",
        "description": f"The bold anorak of our {number % 90 + 10}th collection",
        "pieces_per_pack": number % 12 + 1,
        "weight": number % 900 + 0.5,
        "unit_of_weight": "gr",
        "do_not_ship": True,
    }
    return json.dumps(sku).encode() + b"\n"


def memory(pid: int, line: str) -> int:
    """What the system tells of the process, in bytes."""
    with open(f"/proc/{pid}/status") as status:
        [kilobytes] = [text.split()[1] for text in status if text.startswith(f"{line}:")]
    return int(kilobytes) * 1024
