"""Whatever befalls servers, workers and watchers: a watch tells exactly what happened, in the order of commits."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import grpc
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.store.database import open_database
from tests.eventually import eventually
from tests.model.properties import EXAMPLES, SECONDS, holds
from tests.watch_properties.beginnings import changed_meanwhile
from tests.watch_properties.conftest import Stage
from tests.watch_properties.overtaking import begun, overtaken, watching
from tests.watch_properties.play import prove
from tests.watch_properties.steps import schedules
from tests.watch_properties.watchers import Watcher

ORGANIZATION = "organizations/resuming"


@pytest.mark.timeout(SECONDS)
def test_watches_tell_what_happened(stage: Stage) -> None:
    holds(stage.loop, schedules(), stage.play, examples=max(4, EXAMPLES // 6))


async def test_a_change_that_others_wait_for_is_told_before_them(stage: Stage) -> None:
    await overtaken(stage)


async def test_what_changes_while_the_first_snapshots_are_told_is_told_once(stage: Stage) -> None:
    await changed_meanwhile(stage)


@pytest.mark.parametrize("server", [0, 1])
async def test_the_listener_that_faults_cut_is_there_and_comes_back(stage: Stage, server: int) -> None:
    async def one_is_cut() -> bool:
        return await stage.fleet.servers[server].cut_listener() == 1

    for _ in range(2):
        await eventually(one_is_cut, what="a listener")


async def test_resuming_after_the_end_tells_nothing_though_the_import_was_changed_since(
    stage: Stage,
) -> None:
    name, token = await ended(stage)
    await stage.clients[0].imports.UpdateImport(pb.UpdateImportRequest(name=name, reference="noted"))

    assert await told(stage, name, token) == []


async def test_resuming_after_the_end_tells_of_a_deletion_since(stage: Stage) -> None:
    name, token = await ended(stage)
    await stage.clients[0].imports.DeleteImport(pb.DeleteImportRequest(name=name))

    assert [event.kind for event in await told(stage, name, token)] == [pb.KIND_DELETED]


async def test_progress_is_told_after_the_change_that_it_includes_though_another_watch_knows_it_sooner(
    stage: Stage,
) -> None:
    organization_id = uuid4().hex
    async with (
        watching(stage, [organization_id]) as [watcher],
        open_database(
            stage.database_url, connections=4, application_name="the-test", lease=timedelta(seconds=30)
        ) as database,
    ):
        # nobody is nudged of these two; the second waits behind the first, which is progress
        async with begun(database, organization_id):
            pass
        async with begun(database, organization_id) as (_, second):
            pass
        beside = Watcher(stage.fleet, stage.oracle, organization_id, name=second.name, is_calm=True)
        async with asyncio.TaskGroup() as group:
            watching_it = group.create_task(beside.run())
            await eventually(lambda: beside.watched.told, what="the snapshot")
            await prove(stage.oracle, watcher)
            watching_it.cancel()


async def told(stage: Stage, name: str, token: str = "") -> list[pb.ImportEvent]:
    """All that a watch of the import tells until it ends."""
    request = pb.WatchImportRequest(name=name, resume_token=token)
    call = stage.clients[0].imports.WatchImport(request, timeout=20)
    events = [event async for event in call]
    assert await call.code() is grpc.StatusCode.OK
    return events


async def ended(stage: Stage) -> tuple[str, str]:
    """A new import that has ended, and the token of the event that ended it."""
    spec = pb.ImportSpec(resource_type="skus")
    document = b'{"code":"A","name":"Shirt","do_not_ship":true}'
    request = pb.CreateImportRequest(parent=ORGANIZATION, spec=spec, document=document)
    created = await stage.clients[0].imports.CreateImport(request)
    return created.name, (await told(stage, created.name))[-1].resume_token
