"""Imports that wait for others, as callers see it: named in the import, told by watches, let through in the end."""

from typing import Any

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from imports_service.store.database import Database
from imports_service.store.waiting import list_releasable, release
from tests.services import Service, running_service

PARENT = "organizations/acme"
FIRST = f"{PARENT}/imports/first"


@pytest.fixture
def settings() -> Settings:
    """Calls only: a test starts the worker when it is time."""
    return Settings(grpc_listen="127.0.0.1:0", role=Role.API, stop_grace_seconds=5.0)


async def create(service: Service, import_id: str, *after: str) -> pb.Import:
    return await service.imports.CreateImport(
        pb.CreateImportRequest(
            parent=PARENT,
            import_id=import_id,
            spec=pb.ImportSpec(resource_type="skus", after=after),
            document=b'{"code": "a", "name": "A", "do_not_ship": true}',
        )
    )


def seen(event: pb.ImportEvent) -> tuple[int, int]:
    return event.progress.pending_reason, event.progress.queue_position


async def next_of(watch: Any) -> pb.ImportEvent:
    event = await watch.read()
    assert isinstance(event, pb.ImportEvent)
    return event


async def next_like(watch: Any, looks: tuple[int, int], name: str = "") -> pb.ImportEvent:
    """The next event of the import, or of any, that looks so."""
    while True:
        event = await next_of(watch)
        if seen(event) == looks and name in event.snapshot.name:
            return event


async def test_what_an_import_waits_for_stands_in_it_and_in_no_filter(service: Service) -> None:
    await create(service, "first")
    created = await create(service, "second", FIRST)

    got = await service.imports.GetImport(pb.GetImportRequest(name=created.name))
    pending = await service.imports.ListImports(
        pb.ListImportsRequest(parent=PARENT, filter=pb.ImportFilter(statuses=[pb.STATUS_PENDING]))
    )

    assert list(created.after) == list(got.after) == [FIRST]
    assert [list(each.after) for each in pending.imports] == [[FIRST], []]


async def test_watches_say_why_it_waits_and_that_it_does_no_more(
    service: Service, database: Database
) -> None:
    await create(service, "first")
    second = await create(service, "second", FIRST)
    third = await create(service, "third")
    watch = service.imports.WatchImport(pb.WatchImportRequest(name=second.name), timeout=30)
    of_all = service.imports.WatchImports(pb.WatchImportsRequest(parent=PARENT), timeout=30)
    first_of_all = [await next_of(of_all) for _ in range(3)]

    one = await next_of(watch)
    await service.imports.DeleteImport(pb.DeleteImportRequest(name=FIRST))
    async with database.transaction() as connection:
        [releasable] = await list_releasable(connection, "acme", limit=10)
        await release(connection, "acme", releasable)
    released = await next_like(watch, (pb.PENDING_REASON_QUEUED, 0))
    released_of_all = await next_like(of_all, (pb.PENDING_REASON_QUEUED, 0), second.name)
    watch.cancel()
    of_all.cancel()

    assert seen(one) == (pb.PENDING_REASON_AFTER, 2)
    assert {event.snapshot.name: seen(event) for event in first_of_all} == {
        FIRST: (pb.PENDING_REASON_QUEUED, 0),
        third.name: (pb.PENDING_REASON_QUEUED, 1),
        second.name: (pb.PENDING_REASON_AFTER, 2),
    }
    assert (released.kind, released_of_all.kind) == (pb.KIND_PROGRESS, pb.KIND_PROGRESS)


async def test_with_a_worker_it_runs_when_the_other_has_ended(
    service: Service, settings: Settings, parts: Parts
) -> None:
    await create(service, "first")
    second = await create(service, "second", FIRST)
    watch = service.imports.WatchImports(pb.WatchImportsRequest(parent=PARENT), timeout=30)
    transitions: list[tuple[str, int]] = []

    async with running_service(settings.model_copy(update={"role": Role.ALL}), parts):
        while len(transitions) < 4:
            event = await next_of(watch)
            if event.kind == pb.KIND_TRANSITION:
                transitions.append((event.snapshot.name, event.snapshot.status))
    watch.cancel()

    assert transitions == [
        (FIRST, pb.STATUS_IN_PROGRESS),
        (FIRST, pb.STATUS_COMPLETED),
        (second.name, pb.STATUS_IN_PROGRESS),
        (second.name, pb.STATUS_COMPLETED),
    ]
