"""grpc-js follows all imports of an organization under a filter, over cut connections and a killed server."""

import json

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.settings import Role
from tests.foreign.crossing import crossing
from tests.foreign.programs import Event, node
from tests.foreign.stages import TRANSITION, end_of, held_in_the_middle, killable, kinds, serving, transitions
from tests.services import Client, client_of
from tests.worker.addresses import addresses

FOLLOWED = {"parent": "organizations/acme", "filter": {"resource_types": ["addresses"]}}


async def test_an_organization_is_followed_over_a_cut_connection_and_a_killed_server(
    spawn_service, settings, parts, recorded
):
    doomed = await killable(spawn_service, settings)
    async with client_of(doomed.address) as client, crossing(doomed.address) as way:
        before = await create(client, "before", addresses(60))
        await create(client, "other", b'[{"name":"a"}]', resource_type="tags")
        async with node("follow.js", way.address, "WatchImports", json.dumps(FOLLOWED)) as program:
            await program.tells(lambda event: event["kind"] == "KIND_SYNCED")
            await way.cut()
            meanwhile = await create(client, "meanwhile", addresses(1))
            way.lead_to(doomed.address)
            await program.tells(lambda event: event["kind"] == TRANSITION)
            async with held_in_the_middle(settings, parts):
                await program.tells(lambda event: has_begun(event, before.name))
                await doomed.kill()
                await way.cut()
            async with serving(settings, parts) as another:
                await end_of(another, before.name)
                await end_of(another, meanwhile.name)
                way.lead_to(another.address)
                await program.tells(lambda event: len(transitions(program.told)) == 5)

    told = program.told
    assert kinds(told)[:2] == ["KIND_SNAPSHOT", "KIND_SYNCED"]
    assert kinds(told).count("KIND_SNAPSHOT") == 1
    assert transitions(told) == (await recorded())[1:]


async def test_a_watch_of_an_organization_goes_on_behind_the_event_of_an_earlier_run(
    settings, parts, recorded
):
    async with serving(settings, parts, role=Role.API) as service:
        await create(service.client, "one", addresses(1))
        *_, synced = await until_synced(service.address, "")
        await create(service.client, "two", addresses(1))

        missed = await until_synced(service.address, synced["resume_token"])

    assert kinds(missed) == [TRANSITION, "KIND_SYNCED"]
    assert transitions(missed) == (await recorded())[1:]


async def create(
    client: Client, import_id: str, document: bytes, resource_type: str = "addresses"
) -> pb.Import:
    return await client.imports.CreateImport(
        pb.CreateImportRequest(
            parent="organizations/acme",
            import_id=import_id,
            spec=pb.ImportSpec(resource_type=resource_type),
            document=document,
        )
    )


async def until_synced(address: str, resume_token: str) -> list[Event]:
    """What a watch of the organization tells before all that was there, or was missed, has been told."""
    request = json.dumps({**FOLLOWED, "resume_token": resume_token})
    async with node("follow.js", address, "WatchImports", request, "KIND_SYNCED") as program:
        assert await program.ends() == 0
    return program.told


def has_begun(event: Event, name: str) -> bool:
    """Whether it says that the import of that name was taken up."""
    found: bool = (
        event["kind"] == TRANSITION
        and event["snapshot"]["name"] == name
        and event["snapshot"]["status"] == "STATUS_IN_PROGRESS"
    )
    return found
