"""Calls about an import that nobody works on: the service runs without a worker."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.rpc.refusals import refusal_of
from tests.rpc.tiny_server import details_of
from tests.services import Service, running_service

Watch = grpc.aio.UnaryStreamCall[pb.WatchImportRequest, pb.ImportEvent]
PARENT = "organizations/acme"


@pytest.fixture
def settings() -> Settings:
    return Settings(
        grpc_listen="127.0.0.1:0",
        role=Role.API,
        stop_grace_seconds=5.0,
        max_pending_imports=2,
        watch_heartbeat_seconds=0.3,
    )


ROW = b'{"code": "a", "name": "A", "do_not_ship": true}'


def wanted(number: int, *, parent: str = PARENT, document: bytes = ROW) -> pb.CreateImportRequest:
    return pb.CreateImportRequest(
        parent=parent,
        import_id=f"import-{number}",
        spec=pb.ImportSpec(resource_type="skus"),
        document=document,
    )


async def event_of(call: Watch) -> pb.ImportEvent:
    """The next event of a watch."""
    event = await call.read()
    assert isinstance(event, pb.ImportEvent)
    return event


async def read_on(call: Watch) -> None:
    """Reads what the watch still tells, until it ends."""
    while await call.read() is not grpc.aio.EOF:
        pass


@pytest.fixture
async def pending(service: Service) -> pb.Import:
    return await service.imports.CreateImport(wanted(0))


async def test_a_wait_is_answered_before_its_deadline(service: Service, pending: pb.Import) -> None:
    waited = await service.imports.WaitImport(pb.WaitImportRequest(name=pending.name), timeout=0.5)

    assert waited.status == pb.STATUS_PENDING


async def test_a_wait_for_a_deleted_import_is_not_found(service: Service, pending: pb.Import) -> None:
    async with asyncio.TaskGroup() as tasks:
        call = service.imports.WaitImport(pb.WaitImportRequest(name=pending.name), timeout=10)
        waiting = tasks.create_task(refusal_of(call))
        await service.imports.DeleteImport(pb.DeleteImportRequest(name=pending.name))

    assert waiting.result().reason == "IMPORT_NOT_FOUND"


async def test_results_of_a_pending_import_are_an_empty_page_with_a_token(
    service: Service, pending: pb.Import
) -> None:
    request = pb.ListImportResultsRequest(parent=pending.name)
    first = await service.imports.ListImportResults(request)
    request.page_token = first.next_page_token

    again = await service.imports.ListImportResults(request)

    assert (len(first.results), len(again.results)) == (0, 0)
    assert again.next_page_token


async def test_a_pending_import_has_an_empty_report(service: Service, pending: pb.Import) -> None:
    found = await service.imports.GetImport(pb.GetImportRequest(name=pending.name))

    assert (len(found.errors_log.fields), len(found.issue_summary), found.attachment_url) == (0, 0, "")


async def test_files_of_a_pending_import_are_not_there_yet(service: Service, pending: pb.Import) -> None:
    request = pb.DownloadImportFileRequest(name=pending.name, file=pb.IMPORT_FILE_ATTACHMENT)

    refusal = await refusal_of(service.imports.DownloadImportFile(request).read())

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "IMPORT_NOT_ENDED")


async def test_a_taken_import_id_is_refused(service: Service, pending: pb.Import) -> None:
    refusal = await refusal_of(service.imports.CreateImport(wanted(0)))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "IMPORT_ID_TAKEN")


async def test_the_quota_of_pending_imports_says_when_to_come_back(
    service: Service, pending: pb.Import
) -> None:
    await service.imports.CreateImport(wanted(1))

    with pytest.raises(grpc.aio.AioRpcError) as created:
        await service.imports.CreateImport(wanted(2))
    with pytest.raises(grpc.aio.AioRpcError) as uploaded:
        await service.imports.UploadImport(upload_of(wanted(2)))
    elsewhere = await service.imports.CreateImport(wanted(0, parent="organizations/other"))

    for caught in (created, uploaded):
        assert_over_the_quota(caught.value)
    assert elsewhere.status == pb.STATUS_PENDING


async def test_a_retry_is_held_to_the_quota_as_well(parts: Parts, settings: Settings) -> None:
    working = settings.model_copy(update={"role": Role.ALL})
    async with running_service(working, parts) as service:
        ended = await service.imports.CreateImport(wanted(0, document=b'{"code": 5}'))
        await service.imports.WaitImport(pb.WaitImportRequest(name=ended.name), timeout=20)
    async with running_service(settings, parts) as service:
        retry = pb.RetryImportRequest(name=ended.name)
        retries = [await service.imports.RetryImport(retry) for _ in range(2)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.imports.RetryImport(retry)

    assert [each.status for each in retries] == [pb.STATUS_PENDING] * 2
    assert_over_the_quota(caught.value)


def assert_over_the_quota(error: grpc.aio.AioRpcError) -> None:
    details = details_of(error)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details[error_details_pb2.ErrorInfo].reason == "PENDING_IMPORTS_LIMIT"
    assert details[error_details_pb2.QuotaFailure].violations[0].subject == PARENT
    assert details[error_details_pb2.RetryInfo].retry_delay.ToMilliseconds() > 0


async def upload_of(wanted: pb.CreateImportRequest) -> AsyncIterator[pb.UploadImportRequest]:
    document = wanted.document
    wanted.ClearField("document")
    yield pb.UploadImportRequest(header=wanted)
    yield pb.UploadImportRequest(chunk=document)


async def test_an_interrupt_is_noted_and_harmless_to_repeat(service: Service, pending: pb.Import) -> None:
    request = pb.InterruptImportRequest(name=pending.name)
    first = await service.imports.InterruptImport(request)

    again = await service.imports.InterruptImport(request)

    assert first.HasField("interrupt_requested_at")
    assert (again.status, again.interrupt_requested_at) == (pb.STATUS_PENDING, first.interrupt_requested_at)


async def test_a_silent_watch_sends_heartbeats(service: Service, pending: pb.Import) -> None:
    call = service.imports.WatchImport(pb.WatchImportRequest(name=pending.name), timeout=10)

    events = [await event_of(call) for _ in range(3)]
    call.cancel()

    assert events[0].kind == pb.KIND_SNAPSHOT
    assert events[0].progress.pending_reason == pb.PENDING_REASON_QUEUED
    assert pb.KIND_HEARTBEAT in {event.kind for event in events}


async def test_stopping_ends_watches_and_waits_at_once_and_says_when_to_come_back(
    service: Service, pending: pb.Import
) -> None:
    watch = service.imports.WatchImport(pb.WatchImportRequest(name=pending.name), timeout=30)
    await watch.read()
    wait = service.imports.WaitImport(pb.WaitImportRequest(name=pending.name), timeout=30)
    # a call made after the wait on the same channel: when it is answered, the wait is under way
    await service.imports.GetImport(pb.GetImportRequest(name=pending.name))
    began = asyncio.get_running_loop().time()

    service.stop.set()
    with pytest.raises(grpc.aio.AioRpcError) as watched:
        await read_on(watch)
    with pytest.raises(grpc.aio.AioRpcError) as waited:
        await wait

    assert asyncio.get_running_loop().time() - began < 3
    for caught in (watched, waited):
        details = details_of(caught.value)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert details[error_details_pb2.ErrorInfo].reason == "STOPPING"
        assert details[error_details_pb2.RetryInfo].retry_delay.ToMilliseconds() > 0


async def test_stopping_says_not_serving_first(service: Service) -> None:
    stub = health_pb2_grpc.HealthStub(service.client.channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=""), timeout=30)  # type: ignore[attr-defined]
    serving = await watch.read()

    service.stop.set()

    assert serving.status == health_pb2.HealthCheckResponse.SERVING
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
