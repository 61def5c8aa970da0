"""`serve --embedded`: the whole service on one machine, from one command; what it took in survives its end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2
from tests.eventually import eventually
from tests.services import READY, ServiceProcess, client_of, plain_environment

ROWS = (
    b'{"code": "TSHIRT", "name": "T-shirt", "do_not_ship": true}\n'
    b'{"code": "MUG", "name": "Mug", "do_not_ship": true}\n'
)

Spawn = Callable[..., ServiceProcess]


@pytest_asyncio.fixture(loop_scope="session")
async def spawn(data_dir: Path) -> AsyncIterator[Spawn]:
    """Starts `serve --embedded` on the test's directory; whatever is left of it at the end is killed."""
    async with AsyncExitStack() as stack:
        number = 0

        def start(**environment: str) -> ServiceProcess:
            nonlocal number
            number += 1
            everything = {**plain_environment(), "IMPORTS_DATA_DIR": str(data_dir), **environment}
            process = ServiceProcess(everything, data_dir.parent, number, "--embedded")
            stack.push_async_callback(process.kill)
            return process

        yield start


async def import_two_rows(process: ServiceProcess) -> imports_pb2.Import:
    async with client_of(process.address) as client:
        spec = imports_pb2.ImportSpec(resource_type="skus")
        created = await client.imports.CreateImport(
            imports_pb2.CreateImportRequest(parent="organizations/acme", spec=spec, document=ROWS)
        )
        return await client.imports.WaitImport(imports_pb2.WaitImportRequest(name=created.name), timeout=30)


async def read(process: ServiceProcess, name: str) -> imports_pb2.Import:
    async with client_of(process.address) as client:
        return await client.imports.GetImport(imports_pb2.GetImportRequest(name=name))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_an_import_survives_the_end_of_the_service(spawn: Spawn, end: signal.Signals) -> None:
    first = spawn()
    await first.said(READY)
    imported = await import_two_rows(first)
    first.process.send_signal(end)
    await first.has_ended()

    second = spawn()
    await second.said(READY)
    found = await read(second, imported.name)

    assert imported.created_count == 2
    assert (found.status, found.created_count) == (imports_pb2.STATUS_COMPLETED, 2)


async def test_a_given_database_is_migrated_and_only_the_store_is_ours(
    spawn: Spawn, empty_database_url: str, data_dir: Path
) -> None:
    process = spawn(IMPORTS_DATABASE_URL=empty_database_url)
    await process.said(READY)
    imported = await import_two_rows(process)

    assert imported.created_count == 2
    assert sorted(path.name for path in data_dir.iterdir()) == ["objects", "objects.lock"]


async def test_without_its_database_server_the_service_ends_and_says_why(
    spawn: Spawn, data_dir: Path
) -> None:
    process = spawn()
    await process.said(READY)
    pid_file = data_dir / "postgres" / "data" / "postmaster.pid"

    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

    assert await process.has_ended() == 1
    assert "PostgreSQL ended by itself" in process.errors.read_text()


async def test_a_second_service_on_the_directory_is_refused(spawn: Spawn) -> None:
    first = spawn()
    await first.said(READY)

    second = spawn()

    assert await second.has_ended() == 1
    assert f"is in use by process {first.pid}" in second.errors.read_text()


async def test_a_stop_during_the_start_leaves_nothing_running(spawn: Spawn, data_dir: Path) -> None:
    process = spawn()
    pid_file = data_dir / "postgres" / "data" / "postmaster.pid"
    await eventually(pid_file.exists, 30, "the start of PostgreSQL")
    await asyncio.to_thread(process.process.send_signal, signal.SIGTERM)

    await process.has_ended()

    assert not pid_file.exists()
