"""grpc-js watches a real import to its end, over cut connections and a killed server."""

import json
from pathlib import Path

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.settings import Role
from tests.foreign.conftest import ROWS
from tests.foreign.crossing import crossing
from tests.foreign.programs import Event, node
from tests.foreign.stages import TRANSITION, end_of, held_in_the_middle, killable, kinds, serving, transitions
from tests.services import Service

TAGS = pb.CreateImportRequest(
    parent="organizations/acme", spec=pb.ImportSpec(resource_type="tags"), document=b'[{"name":"a"}]'
)


async def test_an_upload_is_watched_to_its_end_over_a_cut_connection_and_a_killed_server(
    spawn_service, settings, parts, document, recorded
):
    doomed = await killable(spawn_service, settings)
    async with (
        crossing(doomed.address) as way,
        node("import_file.js", way.address, "acme", "addresses", document) as program,
    ):
        await program.tells(lambda event: event["kind"] == "KIND_SNAPSHOT")
        await way.cut()
        async with held_in_the_middle(settings, parts):
            way.lead_to(doomed.address)
            middle = await program.tells(lambda event: event["snapshot"]["processed_count"] > 0)
            await doomed.kill()
            await way.cut()
        async with serving(settings, parts) as another:
            ended = await end_of(another, middle["snapshot"]["name"])
            way.lead_to(another.address)
            status = await program.ends()

    told = program.told
    assert status == 0
    assert (kinds(told)[0], kinds(told)[-1]) == ("KIND_SNAPSHOT", TRANSITION)
    assert kinds(told).count("KIND_SNAPSHOT") == 1
    assert told[0]["snapshot"]["status"] == "STATUS_PENDING"
    assert middle["snapshot"]["processed_count"] == 20
    assert transitions(told) == (await recorded())[1:]
    assert told[-1]["snapshot"]["created_count"] == ended.created_count == ROWS


async def test_a_watch_goes_on_behind_the_event_of_an_earlier_run(settings, parts, document, recorded):
    async with (
        serving(settings, parts, role=Role.API) as earlier,
        node("import_file.js", earlier.address, "acme", "addresses", document) as program,
    ):
        first = await program.tells(lambda event: event["kind"] == "KIND_SNAPSHOT")
    name = first["snapshot"]["name"]
    async with serving(settings, parts) as later:
        await end_of(later, name)

        behind_first, status = await follow_import(later, name, first["resume_token"])
        behind_last, _ = await follow_import(later, name, behind_first[-1]["resume_token"])

    assert status == 0
    assert transitions(behind_first) == (await recorded())[1:]
    assert "KIND_SNAPSHOT" not in kinds(behind_first)
    assert behind_last == []


async def test_a_watch_of_nothing_says_why_in_the_trailers(service: Service) -> None:
    name = "organizations/acme/imports/no-such-import"

    [refusal], status = await follow_import(service, name)

    assert (status, refusal["code"]) == (3, 5)
    assert refusal["ErrorInfo"]["reason"] == "IMPORT_NOT_FOUND"
    assert refusal["ErrorInfo"]["domain"] == "imports.commerce"


async def test_a_token_of_something_else_is_refused_once_and_not_tried_again(service: Service) -> None:
    created = await service.imports.CreateImport(TAGS)

    [refusal], status = await follow_import(service, created.name, "not a token")

    assert (status, refusal["ErrorInfo"]["reason"]) == (3, "RESUME_TOKEN_INVALID")
    assert [each["field"] for each in refusal["BadRequest"]["field_violations"]] == ["resume_token"]


async def test_leaving_a_watch_in_the_middle_raises_nothing(settings, parts) -> None:
    async with serving(settings, parts, role=Role.API) as service:
        created = await service.imports.CreateImport(TAGS)

        told, status = await follow_import(service, created.name, "", "KIND_SNAPSHOT")

    assert (status, kinds(told)) == (0, ["KIND_SNAPSHOT"])


async def test_an_upload_that_is_refused_in_the_middle_ends_with_the_reason(
    service: Service, tmp_path: Path
) -> None:
    document = tmp_path / "long.json"
    document.write_bytes(b'[{"name":"a"},' + b"!" + b" " * 8_000_000)

    async with node("import_file.js", service.address, "acme", "tags", document) as program:
        status = await program.ends()

    assert (status, program.told[0]["ErrorInfo"]["reason"]) == (3, "DOCUMENT_MALFORMED")


async def follow_import(
    service: Service, name: str, resume_token: str = "", *until: str
) -> tuple[list[Event], int]:
    """All that a watch of the import tells, and the exit status of the program."""
    request = json.dumps({"name": name, "resume_token": resume_token})
    async with node("follow.js", service.address, "WatchImport", request, *until) as program:
        status = await program.ends()
    return program.told, status
