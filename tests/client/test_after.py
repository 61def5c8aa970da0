"""Imports that wait for others, from the client and the command line, with the fake and with the service."""

import asyncio
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from imports_client import Refused, connect
from imports_client.testing import fake_service
from tests.client.shell import imports as run
from tests.services import Service

PARENT = "organizations/acme"
FIRST = f"{PARENT}/imports/first"
ROWS = [{"code": "A", "name": "a"}, {"code": "B", "name": "b"}]


async def test_the_fake_lets_an_import_wait_however_the_other_ends() -> None:
    async with fake_service(by_hand=True) as fake, connect(fake.target) as imports:
        first = await imports.create(PARENT, "skus", ROWS, import_id="first")
        gone = await imports.create(PARENT, "skus", ROWS, import_id="gone")
        second = await imports.create(PARENT, "skus", ROWS, after=[first.name, gone.name])
        watch = imports.watch(second.name, progress_interval=timedelta(milliseconds=100))
        begun = await anext(watch)
        for step in (fake.start, fake.process, fake.complete):
            with pytest.raises(ValueError, match="waits"):
                step(second.name)

        fake.interrupt(first.name)
        with pytest.raises(ValueError, match="waits"):
            fake.start(second.name)
        await ImportServiceStub(imports.channel).DeleteImport(pb.DeleteImportRequest(name=gone.name))
        released = await anext(watch)
        ended = fake.complete(second.name)

    assert list(second.after) == [first.name, gone.name]
    assert begun.progress.pending_reason == pb.PENDING_REASON_AFTER
    assert (released.kind, released.progress.pending_reason) == (
        pb.KIND_PROGRESS,
        pb.PENDING_REASON_QUEUED,
    )
    assert ended.status == pb.STATUS_COMPLETED


async def test_an_import_of_the_fake_that_runs_by_itself_waits_as_well() -> None:
    async with fake_service() as fake, connect(fake.target) as imports:
        fake.hold()
        first = await imports.create(PARENT, "skus", ROWS)
        waiting = asyncio.create_task(
            imports.import_and_wait(PARENT, "skus", b'{"code": "A"}', after=[first.name])
        )
        fake.release()
        ended = await waiting
        before = fake.get(first.name)

    assert before.completed_at.ToNanoseconds() <= ended.started_at.ToNanoseconds()


async def test_an_interrupted_import_of_the_fake_ends_without_waiting() -> None:
    async with fake_service() as fake, connect(fake.target) as imports:
        fake.hold()
        first = await imports.create(PARENT, "skus", ROWS)
        second = await imports.create(PARENT, "skus", ROWS, after=[first.name])
        await ImportServiceStub(imports.channel).InterruptImport(pb.InterruptImportRequest(name=second.name))

        ended = fake.complete(second.name)

    assert (ended.status, ended.HasField("started_at")) == (pb.STATUS_INTERRUPTED, False)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        pytest.param([FIRST], "IMPORT_NOT_FOUND", id="unknown"),
        pytest.param(["first"], "FIELD_INVALID", id="malformed"),
        pytest.param(["organizations/other/imports/first"], "FIELD_INVALID", id="of another organization"),
        pytest.param([FIRST, FIRST], "FIELD_INVALID", id="twice"),
        pytest.param([f"{FIRST}{number}" for number in range(11)], "FIELD_INVALID", id="eleven"),
    ],
)
async def test_the_fake_refuses_what_the_service_refuses(
    service: Service, after: list[str], reason: str
) -> None:
    refusals: list[tuple[grpc.StatusCode, str]] = []
    async with fake_service() as fake:
        for target in (fake.target, service.address):
            async with connect(target) as imports:
                with pytest.raises(Refused) as caught:
                    await imports.create(PARENT, "skus", ROWS, after=after)
                refusals.append((caught.value.code(), caught.value.reason))

    code = grpc.StatusCode.NOT_FOUND if reason == "IMPORT_NOT_FOUND" else grpc.StatusCode.INVALID_ARGUMENT
    assert refusals == [(code, reason)] * 2


async def test_the_command_line_and_the_client_pass_it_on(service: Service, tmp_path: Path) -> None:
    document = tmp_path / "categories.jsonl"
    document.write_text('{"code":"A","name":"a"}\n')
    async with connect(service.address) as imports:
        first = await imports.create(PARENT, "shipping_categories", ROWS, import_id="first")

        told = await run(
            *("create", str(document), "--type", "shipping_categories", "--after", "first", "--json"),
            server=service.address,
        )
        assert (told.status, told.err) == (0, "")
        ended = await imports.import_and_wait(
            PARENT, "shipping_categories", document, after=[first.name, told.documents[-1]["name"]]
        )
        unknown = await run(
            *("create", str(document), "--type", "shipping_categories", "--after", "none"),
            server=service.address,
        )

    assert (told.status, told.err) == (0, "")
    assert told.documents[-1]["after"] == [first.name]
    assert (ended.unchanged_count, list(ended.after)) == (1, [first.name, told.documents[-1]["name"]])
    assert (unknown.status, unknown.err.startswith("IMPORT_NOT_FOUND")) == (3, True)
