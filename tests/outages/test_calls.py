"""Calls of a service that misses a part: they fail fast, say which part and when to come back, and the process says
that it is not ready. It is by itself when the part is back.
"""

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import grpc
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.settings import Settings
from tests.eventually import eventually
from tests.outages.calls import (
    DATABASE_CALLS,
    OBJECT_CALLS,
    PARENT,
    Ended,
    HalfAnUpload,
    document,
    end_of,
    ends_of,
)
from tests.servers import Servers
from tests.services import READY, Client, ServiceProcess, client_of, environment_of

SHORT = {"IMPORTS_LEASE_SECONDS": "1", "IMPORTS_SEGMENT_ROWS": "10"}
SKIPPING = pb.ImportSpec(resource_type="skus", skip_errors=True)
UNSEEN_SECONDS = 7.0
"""The longest that a call may wait for a part before anybody knows that it hangs, 5 s, on a busy machine."""
KNOWN_SECONDS = 1.5


class Stage(NamedTuple):
    """A process that takes calls, without a worker; an import that has ended and one that waits for a worker."""

    own: Servers
    client: Client
    admin: str
    ended: pb.Import
    pending: pb.Import


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(own_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    directory = tmp_path_factory.mktemp("calls")
    async with contextlib.AsyncExitStack() as stack:
        api, worker = (_spawned(stack, own_servers, directory, role) for role in ("api", "worker"))
        for process in (api, worker):
            await process.said(READY)
        client = await stack.enter_async_context(client_of(api.address))
        create = pb.CreateImportRequest(
            parent=PARENT, spec=SKIPPING, document=document(0, 20) + b'{"code": 5}\n'
        )
        created = await client.imports.CreateImport(create)
        ended = await client.imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=30)
        await eventually(lambda: _has_moved(own_servers), 20, "outcomes that have moved", every=0.1)
        await worker.terminate()
        pending = await client.imports.CreateImport(create)
        admin = (await api.said("imports-service admin: ")).split()[-1]
        yield Stage(own_servers, client, admin, ended, pending)


def _spawned(stack: contextlib.AsyncExitStack, own: Servers, directory: Path, role: str) -> ServiceProcess:
    environment = {
        **environment_of(Settings(), own.parts),
        **SHORT,
        "IMPORTS_ROLE": role,
        "IMPORTS_ADMIN_LISTEN": "127.0.0.1:0",
    }
    process = ServiceProcess(environment, directory, ("api", "worker").index(role))
    stack.push_async_callback(process.kill)
    return process


async def _has_moved(own: Servers) -> bool:
    connection = await asyncpg.connect(own.parts.database_url)
    try:
        return bool(await connection.fetchval("SELECT bool_and(outcomes_moved) FROM import"))
    finally:
        await connection.close()


async def report_of(stage: Stage) -> tuple[int, dict[str, Any]]:
    """What /readyz answers: the status and the report."""

    def read() -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(stage.admin, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    return await asyncio.to_thread(read)


async def has_health(stage: Stage, service: str = "") -> bool:
    stub: Any = health_pb2_grpc.HealthStub(stage.client.channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def away_parts(stage: Stage) -> set[str]:
    """The parts that the process needs and misses."""
    status, report = await report_of(stage)
    missed = {name for name, part in report["parts"].items() if part["status"] != "ok" and part["needed"]}
    assert (status == 200) is (not missed)
    assert (await has_health(stage), await has_health(stage, "commerce.imports.v1.ImportService")) in {
        (True, True),
        (False, False),
    }
    return missed


def assert_refused(ends: dict[str, Ended], reason: str, *, within: float) -> None:
    for method, ended in ends.items():
        assert (ended.code, ended.reason) == (grpc.StatusCode.UNAVAILABLE, reason), (method, ended)
        assert ended.retry_seconds > 0, method
        assert ended.seconds < within, (method, ended)


async def is_ready(stage: Stage) -> bool:
    return not await away_parts(stage) and await has_health(stage)


@pytest.mark.parametrize("outage", ["stopped", "frozen"])
async def test_without_a_database_every_call_fails_fast(stage: Stage, outage: str) -> None:
    upload = HalfAnUpload(stage.client)
    await upload.begin()

    async with getattr(stage.own.postgres, outage)(), asyncio.TaskGroup() as tasks:
        broken_off = tasks.create_task(end_of(upload.finish))
        first = await ends_of(stage.client, stage.ended, DATABASE_CALLS)
        assert await eventually(lambda: away_parts(stage), 8, "the outage", every=0.1) == {"database"}
        again = await ends_of(stage.client, stage.ended, DATABASE_CALLS)
        assert not await has_health(stage)

    assert_refused(
        {**first, "UploadImport": broken_off.result()}, "DATABASE_UNAVAILABLE", within=UNSEEN_SECONDS
    )
    assert_refused(again, "DATABASE_UNAVAILABLE", within=KNOWN_SECONDS)
    await eventually(lambda: is_ready(stage), 10, "the end of the outage", every=0.1)
    found = await stage.client.imports.GetImport(pb.GetImportRequest(name=stage.ended.name))
    assert (found.status, found.errors_count) == (pb.STATUS_COMPLETED, 1)


@pytest.mark.parametrize("outage", ["stopped", "frozen"])
async def test_without_an_object_store_calls_that_need_it_fail_fast_and_the_others_are_answered(
    stage: Stage, outage: str
) -> None:
    upload = HalfAnUpload(stage.client)
    await upload.begin()

    async with getattr(stage.own.store, outage)(), asyncio.TaskGroup() as tasks:
        broken_off = tasks.create_task(end_of(upload.finish))
        first = await ends_of(stage.client, stage.ended, OBJECT_CALLS)
        assert await eventually(lambda: away_parts(stage), 8, "the outage", every=0.1) == {"objects"}
        again = await ends_of(stage.client, stage.ended, OBJECT_CALLS)
        found = await stage.client.imports.GetImport(pb.GetImportRequest(name=stage.ended.name))

    assert_refused(
        {**first, "UploadImport": broken_off.result()}, "OBJECTS_UNAVAILABLE", within=UNSEEN_SECONDS
    )
    assert_refused(again, "OBJECTS_UNAVAILABLE", within=KNOWN_SECONDS)
    assert found.attachment_url
    await eventually(lambda: is_ready(stage), 10, "the end of the outage", every=0.1)
    after = await ends_of(stage.client, stage.ended, OBJECT_CALLS)
    assert {ended.code for ended in after.values()} == {grpc.StatusCode.OK}


async def test_who_waits_for_a_start_is_told_that_the_store_is_away_and_that_it_is_back(stage: Stage) -> None:
    watch = stage.client.imports.WatchImport(pb.WatchImportRequest(name=stage.pending.name), timeout=60)

    async def reads(reason: int) -> None:
        """Reads on until that is told; other progress may come before."""
        while True:
            event = await watch.read()
            assert isinstance(event, pb.ImportEvent)
            if event.HasField("progress") and event.progress.pending_reason == reason:
                return

    await reads(pb.PENDING_REASON_QUEUED)
    async with stage.own.store.stopped():
        await reads(pb.PENDING_REASON_OUTAGE)
    await reads(pb.PENDING_REASON_QUEUED)
    watch.cancel()
