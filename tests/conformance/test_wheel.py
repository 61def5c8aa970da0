"""The wheel of the fake: what a unit test of a caller can do with it."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.connection import Imports, connect
from imports_client.refusals import refusal_of
from imports_client.testing import FakeService, fake_service
from imports_client.testing.resource_types import RESOURCE_TYPES
from imports_service.domain.registry import load_registry

PARENT = "organizations/o"
ROWS = [{"code": f"C{number}"} for number in range(10)]


@pytest_asyncio.fixture(loop_scope="session")
async def fake() -> AsyncIterator[FakeService]:
    async with fake_service(by_hand=True) as fake:
        yield fake


@pytest_asyncio.fixture(loop_scope="session")
async def imports(fake: FakeService) -> AsyncIterator[Imports]:
    async with connect(fake.target) as imports:
        yield imports


async def test_an_import_runs_by_itself() -> None:
    async with fake_service() as fake, connect(fake.target) as imports:
        ended = await imports.import_and_wait(PARENT, "skus", b'[{"code": "A"}, {"code": "B"}]')

    assert (ended.status, ended.created_count) == (pb.STATUS_COMPLETED, 2)


async def test_an_import_by_hand_takes_only_the_steps_of_the_test(
    fake: FakeService, imports: Imports
) -> None:
    created = await imports.create(PARENT, "skus", ROWS)

    assert fake.get(created.name).status == pb.STATUS_PENDING
    assert fake.start(created.name).status == pb.STATUS_IN_PROGRESS
    assert fake.process(created.name, rows=4).created_count == 4
    assert fake.process(created.name, rows=1, failed=1).errors_count == 1
    ended = fake.complete(created.name)

    assert ended == await _listed(imports, created.name)
    assert (ended.status, ended.created_count, ended.errors_count) == (pb.STATUS_COMPLETED, 9, 1)


async def test_a_watch_outlives_dropped_connections(fake: FakeService, imports: Imports) -> None:
    created = await imports.create(PARENT, "skus", ROWS)
    told: list[pb.ImportEvent] = []
    is_watching = asyncio.Event()

    async def watch() -> None:
        async for event in imports.watch(created.name):
            told.append(event)
            is_watching.set()

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        await is_watching.wait()
        fake.drop_connections()
        fake.complete(created.name)

    transitions = [event.snapshot.status for event in told if event.kind == pb.KIND_TRANSITION]
    assert transitions == [pb.STATUS_IN_PROGRESS, pb.STATUS_COMPLETED]


async def test_too_many_failed_rows_interrupt(fake: FakeService, imports: Imports) -> None:
    created = await imports.create(PARENT, "skus", ROWS)

    fake.process(created.name, rows=3, failed=2)
    with pytest.raises(ValueError, match="is being interrupted"):
        fake.process(created.name, rows=1)
    ended = fake.complete(created.name)

    assert ended.status_reason == pb.STATUS_REASON_TOO_MANY_ERRORS
    assert (ended.created_count, ended.errors_count, ended.not_processed_count) == (1, 2, 7)


async def test_rows_fail_as_the_test_says(fake: FakeService, imports: Imports) -> None:
    fake.fail_rows(3, code="required", attribute="name", message="can't be blank")
    created = await imports.create(PARENT, "skus", ROWS, skip_errors=True)
    fake.complete(created.name)

    got = await imports.get(created.name)
    results = [result async for result in imports.results(created.name, outcomes=[pb.OUTCOME_FAILED])]

    assert got.errors_log["C2"]["name"][0] == "can't be blank"  # type: ignore[index]
    assert [(result.row_number, result.issues[0].code) for result in results] == [(3, "required")]


async def test_rows_are_numbered_from_1(fake: FakeService) -> None:
    with pytest.raises(ValueError, match="numbered from 1"):
        fake.fail_rows(1, 0)


async def test_an_import_ends_with_a_fault_of_the_service(fake: FakeService, imports: Imports) -> None:
    created = await imports.create(PARENT, "skus", ROWS)
    fake.process(created.name, rows=4)

    ended = fake.interrupt(created.name, pb.STATUS_REASON_FAULT)

    assert (ended.status_reason, ended.not_processed_count) == (pb.STATUS_REASON_FAULT, 6)


async def test_an_expired_import_is_told_as_deleted(fake: FakeService, imports: Imports) -> None:
    created = await imports.create(PARENT, "skus", ROWS)
    fake.complete(created.name)
    [last] = [event async for event in imports.watch(created.name)]
    fake.expire(created.name)

    told = [event.kind async for event in imports.watch(created.name, resume_token=last.resume_token)]

    assert told == [pb.KIND_DELETED]


async def test_a_call_is_refused_as_often_as_the_test_says(fake: FakeService, imports: Imports) -> None:
    fake.refuse("CreateImport", grpc.StatusCode.RESOURCE_EXHAUSTED, "PENDING_IMPORTS_LIMIT")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await imports.create(PARENT, "skus", ROWS)
    created = await imports.create(PARENT, "skus", ROWS)

    refusal = refusal_of(caught.value)
    assert (refusal.reason, refusal.retry_after_seconds) == ("PENDING_IMPORTS_LIMIT", 0.05)
    assert created.status == pb.STATUS_PENDING


async def test_the_limit_of_pending_imports_is_kept() -> None:
    async with fake_service(by_hand=True, max_pending_imports=1) as fake, connect(fake.target) as imports:
        first = await imports.create(PARENT, "skus", ROWS, request_id="once")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await imports.create(PARENT, "skus", ROWS)
        again = await imports.create(PARENT, "skus", ROWS, request_id="once")

    assert refusal_of(caught.value).reason == "PENDING_IMPORTS_LIMIT"
    assert again.uid == first.uid


@pytest.mark.parametrize("name", [f"{PARENT}/imports/none", "none"])
async def test_a_step_of_an_import_that_is_not_there_is_a_mistake_of_the_test(
    fake: FakeService, name: str
) -> None:
    with pytest.raises(LookupError):
        fake.complete(name)


async def test_a_step_that_cannot_be_taken_is_a_mistake_of_the_test(
    fake: FakeService, imports: Imports
) -> None:
    created = await imports.create(PARENT, "skus", ROWS)
    fake.start(created.name)

    with pytest.raises(ValueError, match="is not pending"):
        fake.start(created.name)
    with pytest.raises(ValueError, match="has 10 rows left"):
        fake.process(created.name, rows=11)
    fake.complete(created.name)
    with pytest.raises(ValueError, match="has ended"):
        fake.process(created.name)


async def test_what_fails_inside_fails_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with fake_service():
            raise KeyError("of the test")


def test_the_fake_knows_the_types_of_the_registry() -> None:
    assert set(load_registry().types) == RESOURCE_TYPES


async def _listed(imports: Imports, name: str) -> pb.Import:
    return next(each for each in [each async for each in imports.list(PARENT)] if each.name == name)
