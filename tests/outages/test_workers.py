"""Workers whose database goes away for longer than a lease, again and again: no attempt, no row, no import is lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.settings import Settings
from tests.eventually import eventually
from tests.outages.calls import PARENT, SPEC, document
from tests.servers import Servers
from tests.services import READY, Client, ServiceProcess, client_of, environment_of

ROWS = 400
SHORT = {"IMPORTS_LEASE_SECONDS": "3", "IMPORTS_MAX_ATTEMPTS": "2", "IMPORTS_SEGMENT_ROWS": "10"}
OUTAGES = (("stopped", 3.5), ("frozen", 4.5), ("stopped", 0.0))
HOLDINGS = """
SELECT (SELECT count(*) FROM resource WHERE organization_id = 'outages') AS resources,
    (SELECT sum(created_count) FROM outcome WHERE organization_id = 'outages') AS outcomes,
    (SELECT max(attempts) FROM unit WHERE organization_id = 'outages') AS attempts
"""


async def test_outages_longer_than_a_lease_cost_no_attempt(own_servers: Servers, tmp_path: Path) -> None:
    async with services(own_servers, tmp_path) as client:
        names = []
        for number, (outage, seconds) in enumerate(OUTAGES):
            names.append(await create(client, number))
            await eventually(lambda: is_leased(own_servers), 20, "a unit at work")
            async with getattr(own_servers.postgres, outage)():
                # how long an outage lasts is what this is about
                await asyncio.sleep(seconds)
            await eventually(lambda: is_served(client), 10, "the end of the outage", every=0.1)
        async with asyncio.TaskGroup() as tasks:
            waits = [tasks.create_task(end_of(client, name)) for name in names]
        ended = [wait.result() for wait in waits]
        holdings = await fetch(own_servers, HOLDINGS)

    assert [(each.status, each.created_count) for each in ended] == [(pb.STATUS_COMPLETED, ROWS)] * len(
        OUTAGES
    )
    assert (holdings["resources"], holdings["outcomes"]) == (ROWS * len(OUTAGES), ROWS * len(OUTAGES))
    assert holdings["attempts"] == 0


@contextlib.asynccontextmanager
async def services(own: Servers, directory: Path) -> AsyncIterator[Client]:
    """A process that takes calls and two workers."""
    async with contextlib.AsyncExitStack() as stack:
        processes = []
        for number, role in enumerate(("api", "worker", "worker")):
            environment = {**environment_of(Settings(), own.parts), **SHORT, "IMPORTS_ROLE": role}
            processes.append(ServiceProcess(environment, directory, number))
            stack.push_async_callback(processes[-1].kill)
        for process in processes:
            await process.said(READY)
        yield await stack.enter_async_context(client_of(processes[0].address))


async def create(client: Client, number: int) -> str:
    created = await client.imports.CreateImport(
        pb.CreateImportRequest(
            parent="organizations/outages", spec=SPEC, document=document(number * ROWS, ROWS)
        )
    )
    return created.name


async def end_of(client: Client, name: str) -> pb.Import:
    return await client.imports.WaitImport(pb.WaitImportRequest(name=name), timeout=60)


async def is_served(client: Client) -> bool:
    try:
        await client.imports.ListImports(pb.ListImportsRequest(parent=PARENT), timeout=10)
    except grpc.aio.AioRpcError:
        return False
    return True


async def is_leased(own: Servers) -> bool:
    found = await fetch(own, "SELECT EXISTS (SELECT FROM unit WHERE state = 'leased') AS is_leased")
    return bool(found["is_leased"])


async def fetch(own: Servers, statement: str) -> asyncpg.Record:
    connection = await asyncpg.connect(own.parts.database_url)
    try:
        row = await connection.fetchrow(statement)
        assert row is not None
        return row
    finally:
        await connection.close()
