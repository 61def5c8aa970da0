"""Single promises about tokens that the properties found broken, each by itself."""

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from tests.watch_properties.conftest import Stage

ORGANIZATION = "organizations/resuming"


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
