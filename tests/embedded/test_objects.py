"""The embedded S3 store: signed calls only, loopback only, and objects that survive whatever is killed."""

import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from imports_service.embedded.child import EmbeddedPartFailed, is_alive
from imports_service.embedded.objects import EmbeddedObjects, embedded_objects
from imports_service.objects.store import Objects, open_objects
from tests.embedded.holding import held
from tests.sockets import sockets_of


@asynccontextmanager
async def bucket_of(store: EmbeddedObjects) -> AsyncIterator[Objects]:
    async with open_objects(
        bucket=store.bucket,
        endpoint_url=store.endpoint_url,
        region=store.region,
        access_key=store.access_key,
        secret_key=store.secret_key,
    ) as objects:
        await objects.make_bucket()
        yield objects


async def put(store: EmbeddedObjects, name: str) -> None:
    async with bucket_of(store) as objects:
        await objects.put(name, name.encode())


async def got(store: EmbeddedObjects, name: str) -> bytes:
    async with bucket_of(store) as objects:
        return await objects.get(name)


async def test_objects_keys_and_address_survive_a_restart_and_leave_no_sockets(data_dir: Path) -> None:
    async with embedded_objects(data_dir) as first:
        await put(first, "stopped")
        assert sockets_of(data_dir)
    async with embedded_objects(data_dir, stop_seconds=0) as second:
        assert await got(second, "stopped") == b"stopped"

    assert (second.endpoint_url, second.access_key, second.secret_key) == (
        first.endpoint_url,
        first.access_key,
        first.secret_key,
    )
    assert not sockets_of(data_dir)


async def test_objects_survive_kill_9_of_the_server(data_dir: Path) -> None:
    async with embedded_objects(data_dir, stop_seconds=0) as store:
        await put(store, "killed")
        os.kill(store.server.pid, signal.SIGKILL)
        await store.server.wait(poll_seconds=0.01)

    async with embedded_objects(data_dir, stop_seconds=0) as store:
        assert await got(store, "killed") == b"killed"


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux tells a process that its parent has died")
async def test_the_server_goes_with_its_killed_owner(data_dir: Path) -> None:
    async with held("objects", data_dir) as owned:
        await owned.kill_owner()

    async with embedded_objects(data_dir, stop_seconds=0) as store:
        await put(store, "again")


async def test_objects_survive_a_move_to_other_ports(data_dir: Path) -> None:
    async with embedded_objects(data_dir, stop_seconds=0) as first:
        await put(first, "moved")
    port = urlsplit(first.endpoint_url).port

    with socket.create_server(("127.0.0.1", port)):
        async with embedded_objects(data_dir, stop_seconds=0) as second:
            assert await got(second, "moved") == b"moved"

    assert second.endpoint_url != first.endpoint_url


async def test_a_second_owner_is_refused(object_server: EmbeddedObjects, run_dir: Path) -> None:
    assert object_server.server.is_running

    with pytest.raises(EmbeddedPartFailed, match="is in use by process"):
        async with embedded_objects(run_dir / "store"):
            pass


async def test_a_call_without_a_signature_is_refused(object_server: EmbeddedObjects) -> None:
    await put(object_server, "secret")
    url = f"{object_server.endpoint_url}/{object_server.bucket}/secret"

    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 403


async def test_the_keys_are_for_the_owner_only(object_server: EmbeddedObjects, run_dir: Path) -> None:
    assert object_server.secret_key

    assert stat.S_IMODE((run_dir / "store" / "objects" / "kept.json").stat().st_mode) == 0o600


async def test_the_path_of_the_directory_may_be_longer_than_a_socket_s(data_dir: Path) -> None:
    deep = data_dir / ("d" * 60) / ("e" * 60)

    async with embedded_objects(deep, stop_seconds=0) as store:
        await put(store, "deep")
        pid = store.server.pid

    assert not is_alive(pid)
    assert not sockets_of(deep)
