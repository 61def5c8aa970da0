"""Changes while the first snapshots are on their way to one who reads slowly, and every token on that way."""

import asyncio
from uuid import uuid4

from google.protobuf.struct_pb2 import Struct

from commerce.imports.v1 import imports_pb2 as pb
from tests.eventually import eventually
from tests.watch_properties.conftest import Stage
from tests.watch_properties.play import prove, prove_resumed
from tests.watch_properties.requests import update_of
from tests.watch_properties.watchers import Watcher

IMPORTS = 120
"""More than two pages."""
EVERY = 7
DOCUMENT = b'{"code":"A","name":"Shirt","do_not_ship":true}'
WANTED = pb.ImportFilter(reference_prefix="spring")


async def changed_meanwhile(stage: Stage) -> None:
    """The first snapshots of many imports, which change while the reader pauses. Raises `Broken`."""
    organization_id = uuid4().hex
    stage.fleet.workers[0].freeze()
    try:
        names = [await create(stage, organization_id, "spring") for _ in range(IMPORTS)]
        watcher = Watcher(stage.fleet, stage.oracle, organization_id, wanted=WANTED, is_calm=True)
        watcher.is_reading.clear()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watcher.run())
            await eventually(lambda: len(watcher.watched.told) == 1, what="the first snapshot")

            # the server waits for the reader somewhere on its way
            await change(stage, organization_id, names)
            watcher.is_reading.set()
            await eventually(lambda: watcher.watched.settled_at is not None, what="synced")
            await change(stage, organization_id, names[1:])
            await prove(stage.oracle, watcher)
            for place in range(0, len(watcher.watched.told), EVERY):
                await prove_resumed(stage.oracle, watcher, place, server=place)
            watching.cancel()
    finally:
        stage.fleet.workers[0].thaw()


async def change(stage: Stage, organization_id: str, names: list[str]) -> None:
    """Something of all kinds, to imports that come early, in the middle and late."""
    imports = stage.clients[1].imports
    for name in (names[0], names[IMPORTS // 2], names[-1]):
        await imports.UpdateImport(update_of(name, "spring, again"))
    for name in (names[3], names[IMPORTS // 2 + 3], names[-4]):
        await imports.UpdateImport(update_of(name, "autumn"))
    for name in (names[6], names[-7]):
        await imports.InterruptImport(pb.InterruptImportRequest(name=name))
    for name in (names[9], names[-10]):
        await imports.DeleteImport(pb.DeleteImportRequest(name=name, allow_missing=True))
    await create(stage, organization_id, "spring")
    joining = await create(stage, organization_id, "autumn")
    await imports.UpdateImport(update_of(joining, "spring"))


async def create(stage: Stage, organization_id: str, reference: str) -> str:
    """A new import with much to say of itself; its name."""
    metadata = Struct()
    metadata.update({"note": "wide " * 4_000})
    spec = pb.ImportSpec(resource_type="skus", reference=reference, metadata=metadata)
    request = pb.CreateImportRequest(parent=f"organizations/{organization_id}", spec=spec, document=DOCUMENT)
    return (await stage.clients[0].imports.CreateImport(request)).name
