"""More points at which a process is killed, of workers and of calls; see `tests/worker/test_kill_points.py`.

Imports are small, and one server and one worker outlive all of it: at the end nothing may be left of any kill.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.settings import Role
from tests.chaos.findings import Findings
from tests.chaos.judging import begun_with
from tests.chaos.kill_stage import Imported, KillStage, addresses, breaks_off, creation_of
from tests.chaos.rest import unrest
from tests.chaos.run import REST_SECONDS, open_scene
from tests.chaos.truth import Truth
from tests.clusters import Cluster
from tests.model.world import World

WORKER_POINTS = [
    "after-claim:2",
    "after-start:2",
    "segment-fetched:3",
    "references-known:2",
    "created-written:3",
    "closing-written",
    "closing-stored",
    "after-closing",
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects, run_dir: Path
) -> AsyncIterator[KillStage]:
    """Nothing is left of all kills when it is left."""
    await open_bucket.delete_prefix("")
    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with cluster.clone() as url:
        parts = Parts(
            database_url=url,
            listen_url=url,
            bucket=open_bucket.bucket,
            endpoint_url=object_server.endpoint_url,
            public_endpoint_url=None,
            region=object_server.region,
            access_key=object_server.access_key,
            secret_key=object_server.secret_key,
        )
        async with open_scene(parts, directory, Findings(), asyncio.Event(), servers=1, workers=1) as scene:
            stage = KillStage(scene, parts, directory)
            yield stage
            await stage.close()
            stage.go_on()
            assert await unrest(scene.oracle, open_bucket, within=REST_SECONDS) == []


@pytest.mark.parametrize("point", WORKER_POINTS)
async def test_a_worker_killed_at_a_point_costs_nothing(stage: KillStage, point: str) -> None:
    doomed = await stage.doomed(Role.WORKER, point)
    imported = await stage.imported(addresses(bad=5))

    await doomed.is_killed()

    ran = await stage.judge(imported)
    assert (ran.imported.status, ran.imported.errors_count) == (pb.STATUS_COMPLETED, 5)


@pytest.mark.parametrize("point", ["object-stored:2", "before-creation", "after-creation"])
async def test_a_creation_killed_at_a_point_can_be_asked_for_again(stage: KillStage, point: str) -> None:
    doomed = await stage.doomed(Role.API, point)
    document, organization_id = addresses(), uuid4().hex
    request = creation_of(document, organization_id, uuid4().hex)

    async with doomed.client() as client:
        await breaks_off(client.imports.CreateImport(request), doomed)
    created = await stage.scene.calls.create(request)

    await stage.judge(Imported(organization_id, Truth(World()), begun_with(created.name, document)))
    assert (
        await stage.scene.oracle.value(
            "SELECT count(*) FROM import WHERE organization_id = $1", organization_id
        )
        == 1
    )


async def test_an_interrupt_whose_server_is_killed_after_its_commit_is_carried_out(stage: KillStage) -> None:
    doomed = await stage.doomed(Role.API, "after-interrupt")
    imported = await stage.imported(addresses())
    imported.begun.may_be_interrupted = True

    async with doomed.client() as client:
        request = pb.InterruptImportRequest(name=imported.begun.name)
        await breaks_off(client.imports.InterruptImport(request), doomed)

    ran = await stage.judge(imported)
    assert (ran.imported.status_reason, ran.imported.not_processed_count) == (pb.STATUS_REASON_REQUESTED, 60)


async def test_a_deletion_whose_server_is_killed_before_its_commit_deletes_nothing(stage: KillStage) -> None:
    imported = await stage.imported(addresses())
    await stage.judge(imported)
    doomed = await stage.doomed(Role.API, "before-deletion")

    async with doomed.client() as client:
        request = pb.DeleteImportRequest(name=imported.begun.name)
        await breaks_off(client.imports.DeleteImport(request), doomed)

    assert await stage.scene.calls.is_there(imported.begun.name)
    await stage.scene.calls.delete(imported.begun.name)
    assert not await stage.scene.calls.is_there(imported.begun.name)


async def test_a_retry_whose_server_is_killed_can_be_asked_for_again(stage: KillStage) -> None:
    imported = await stage.imported(addresses(bad=5))
    await stage.judge(imported)
    doomed = await stage.doomed(Role.API, "splitting")
    request = pb.RetryImportRequest(name=imported.begun.name, request_id=uuid4().hex)

    async with doomed.client() as client:
        await breaks_off(client.imports.RetryImport(request), doomed)
    child = await stage.scene.calls.retry(request)

    imported.begun.name, imported.begun.rows = child.name, imported.begun.rows[-5:]
    ran = await stage.judge(imported)
    assert ran.imported.errors_count == 5


async def test_a_sweep_that_is_killed_half_way_is_taken_up_by_others(stage: KillStage) -> None:
    imported = await stage.imported(addresses())
    await stage.judge(imported)
    doomed = await stage.doomed(Role.WORKER, "swept")

    await stage.scene.calls.delete(imported.begun.name)

    await doomed.is_killed()  # that nothing is left of it shows at the end
