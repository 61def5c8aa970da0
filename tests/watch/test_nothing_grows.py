"""Watches that come and go, or stop reading, leave nothing behind in the server and make nothing grow in it."""

import asyncio
import gc
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import grpc
import psutil
import pytest

from benchmarks.helpers import Helper, running_helper
from benchmarks.latency import WATCH_IMPORT
from benchmarks.service import memory_bytes
from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import imports_pb2_grpc
from imports_service.commands.update import UpdateImport, update_import
from imports_service.rpc.boundary import InFlight
from imports_service.settings import Role, Settings
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from tests.conftest import SpawnService
from tests.eventually import eventually
from tests.services import Service
from tests.watch.story import Story

MIB = 1024 * 1024
AT_ONCE = 50
OPENED = 10_000
WARM_UP = 2_000
ALLOWED_BYTES = 8 * MIB
"""Allocators settle for some thousand calls more; an open watch takes 23 KiB or more, ten thousand of them 225 MiB."""

FROZEN_SECONDS = 20.0
"""Twice what keepalive takes."""
UNREAD = 1_500
FILLER = {"filler": "x" * 40_000}
ALLOWED_UNREAD_BYTES = 24 * MIB
READS_LITTLE = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 64 * 1024)]
"""Options of a client that takes 64 KiB ahead of its reader, and not as much as the network would give."""


@pytest.fixture
def settings() -> Settings:
    """Nobody works on the imports, and a watch does not end by itself."""
    return Settings(grpc_listen="127.0.0.1:0", role=Role.API, stop_grace_seconds=5.0)


@pytest.fixture
async def watchers() -> AsyncIterator[Helper]:
    async with running_helper("benchmarks.watchers") as watchers:
        yield watchers


async def test_ten_thousand_opens_and_cancels_do_not_grow_the_memory_of_the_server(
    database: Database, nudges: Nudges, watchers: Helper, spawn_service: SpawnService
) -> None:
    story = await Story.begin(database, nudges)
    process = await spawn_service(IMPORTS_ROLE="api")
    server = psutil.Process(process.pid)
    await churn(watchers, process.address, story, WARM_UP)
    memory, files, threads = memory_bytes(process.pid), server.num_fds(), server.num_threads()

    ended = await churn(watchers, process.address, story, OPENED)

    assert ended == {"CANCELLED": OPENED}
    assert memory_bytes(process.pid) - memory < ALLOWED_BYTES
    await eventually(lambda: server.num_fds() <= files, what="no more open files than before")
    assert server.num_threads() <= threads + 1


async def test_opens_and_cancels_leave_no_call_task_or_subscription(
    database: Database, nudges: Nudges, watchers: Helper, service: Service
) -> None:
    story = await Story.begin(database, nudges)
    await churn(watchers, service.address, story, 500)
    await nobody_is_served()
    before, tasks = objects_by_type(), len(asyncio.all_tasks())

    await churn(watchers, service.address, story, 2_000)
    await nobody_is_served()

    # a call is counted out before its task has ended
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks + 1, what="the end of every task")
    # of whatever a watch is made of, less than one in ten is still there
    grown = {kind: more for kind, more in (objects_by_type() - before).items() if more > 200}
    assert grown == {}


async def test_a_client_that_stops_reading_costs_no_memory_and_misses_no_event(
    database: Database, nudges: Nudges, spawn_service: SpawnService
) -> None:
    story = await Story.begin(database, nudges)
    process = await spawn_service(IMPORTS_ROLE="api")
    async with grpc.aio.insecure_channel(process.address, options=READS_LITTLE) as channel:
        request = pb.WatchImportRequest(name=str(story.name))
        request.progress_interval.FromTimedelta(timedelta(milliseconds=100))
        watching = aiter(imports_pb2_grpc.ImportServiceStub(channel).WatchImport(request, timeout=100))
        await anext(watching)
        idle = memory_bytes(process.pid)
        await story.start()
        for number in range(UNREAD):
            await update_import(
                UpdateImport(name=story.name, reference=str(number), metadata=FILLER),
                database=database,
                nudges=nudges,
            )
            if number % 200 == 0:
                await story.count(created=10)
        await story.count(created=10)
        grown = memory_bytes(process.pid) - idle

        told = await read_until_it_knows(watching, processed=90)
        await story.work_off(1)
        told += [event async for event in watching]

    assert grown < ALLOWED_UNREAD_BYTES
    recorded = [event for event in told if event.kind != pb.KIND_PROGRESS]
    assert [event.snapshot.reference for event in recorded[1:-1]] == [str(n) for n in range(UNREAD)]
    assert [event.snapshot.status for event in (recorded[0], recorded[-1])] == [
        pb.STATUS_IN_PROGRESS,
        pb.STATUS_COMPLETED,
    ]


async def test_a_client_that_is_frozen_is_dropped_within_seconds(
    database: Database, nudges: Nudges, watchers: Helper, service: Service
) -> None:
    story = await Story.begin(database, nudges)
    request = pb.WatchImportRequest(name=str(story.name)).SerializeToString().hex()
    opened = await watchers.ask(
        "open", target=service.address, method=WATCH_IMPORT, requests=[request] * 5, channels=2, within=10
    )
    served = sum(call.count for call in calls_in_flight())
    watchers.process.send_signal(signal.SIGSTOP)

    await nobody_is_served(within=FROZEN_SECONDS)

    assert (len(opened["told"]), served) == (5, 5)


async def read_until_it_knows(
    watching: AsyncIterator[pb.ImportEvent], processed: int
) -> list[pb.ImportEvent]:
    """What is told until PROGRESS says that so many rows are processed."""
    told = []
    async for event in watching:
        told.append(event)
        if event.kind == pb.KIND_PROGRESS and event.snapshot.processed_count == processed:
            return told
    raise AssertionError("the watch ended before")


async def churn(watchers: Helper, address: str, story: Story, times: int) -> dict[str, int]:
    request = pb.WatchImportRequest(name=str(story.name)).SerializeToString().hex()
    ended: dict[str, int] = await watchers.ask(
        "churn", target=address, method=WATCH_IMPORT, request=request, times=times, at_once=AT_ONCE
    )
    return ended


def calls_in_flight() -> list[InFlight]:
    calls = [found for found in gc.get_objects() if isinstance(found, InFlight)]
    assert calls
    return calls


async def nobody_is_served(within: float = 10.0) -> None:
    calls = calls_in_flight()
    await eventually(lambda: all(call.count == 0 for call in calls), within, "the end of every call")


def objects_by_type() -> Counter[str]:
    gc.collect()
    return Counter(f"{type(found).__module__}.{type(found).__qualname__}" for found in gc.get_objects())
