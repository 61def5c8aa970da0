"""Watching over the wire: on another replica, and across the stop of one."""

from collections.abc import AsyncIterator

import grpc
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.services import Service, running_service

DOCUMENT = b'{"code":"SKU-1","name":"Shirt","do_not_ship":true}\n'


@pytest.fixture
def settings() -> Settings:
    """Nobody works on the imports: what happens to them is what a test calls for."""
    return Settings(grpc_listen="127.0.0.1:0", role=Role.API, stop_grace_seconds=5.0)


@pytest.fixture
async def created(service: Service) -> pb.Import:
    request = pb.CreateImportRequest(
        parent="organizations/acme", spec=pb.ImportSpec(resource_type="skus"), document=DOCUMENT
    )
    return await service.imports.CreateImport(request)


def watched(service: Service, name: str, *, resume_token: str = "") -> AsyncIterator[pb.ImportEvent]:
    request = pb.WatchImportRequest(name=name, resume_token=resume_token)
    return aiter(service.imports.WatchImport(request, timeout=20))


async def test_a_change_made_through_one_replica_is_told_by_another(
    service: Service, created: pb.Import, settings: Settings, parts: Parts
) -> None:
    async with running_service(settings, parts) as other:
        watching = watched(other, created.name)
        first = await anext(watching)

        await service.imports.InterruptImport(pb.InterruptImportRequest(name=created.name))
        told = await anext(watching)

    assert not first.snapshot.HasField("interrupt_requested_at")
    assert (told.kind, told.snapshot.HasField("interrupt_requested_at")) == (pb.KIND_SNAPSHOT, True)


async def test_a_watch_that_a_stopping_replica_ends_goes_on_at_another_and_misses_nothing(
    service: Service, created: pb.Import, settings: Settings, parts: Parts
) -> None:
    async with running_service(settings, parts) as stopping:
        watching = watched(stopping, created.name)
        token = (await anext(watching)).resume_token
        stopping.stop.set()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await anext(watching)
    await service.imports.InterruptImport(pb.InterruptImportRequest(name=created.name))

    told = await anext(watched(service, created.name, resume_token=token))

    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (told.kind, told.snapshot.HasField("interrupt_requested_at")) == (pb.KIND_SNAPSHOT, True)


async def test_a_watcher_of_an_import_at_work_sees_it_start_and_end(parts: Parts, settings: Settings) -> None:
    async with running_service(settings.model_copy(update={"role": Role.ALL}), parts) as service:
        rows = b"".join(
            b'{"code":"SKU-%d","name":"Shirt","do_not_ship":true}\n' % number for number in range(12_000)
        )
        created = await service.imports.CreateImport(
            pb.CreateImportRequest(
                parent="organizations/acme", spec=pb.ImportSpec(resource_type="skus"), document=rows
            )
        )

        told = [event async for event in watched(service, created.name)]

    transitions = [event.snapshot.status for event in told if event.kind == pb.KIND_TRANSITION]
    processed = [event.snapshot.processed_count for event in told]
    assert transitions[-1] == pb.STATUS_COMPLETED
    assert told[-1].kind == pb.KIND_TRANSITION
    assert processed == sorted(processed)
    assert processed[-1] == 12_000
