"""buf curl, of Connect's Go library, runs the commands of docs/other-languages.md: an import watched over a kill."""

import base64
from typing import Any

from google.rpc import code_pb2, error_details_pb2

from tests.foreign.conftest import ROWS
from tests.foreign.page import commands
from tests.foreign.programs import Event, shell
from tests.foreign.stages import TRANSITION, end_of, held_in_the_middle, killable, kinds, serving, transitions
from tests.services import Service

NO_IMPORT = "organizations/acme/imports/no-such-import"


async def test_a_watch_that_a_kill_breaks_off_goes_on_with_its_last_token(
    spawn_service, settings, parts, document, recorded
):
    doomed = await killable(spawn_service, settings)
    name = (await answer(commands("UploadImport"), doomed.address, FILE=str(document)))["name"]
    async with shell(commands("WatchImport"), doomed.address, NAME=name) as watching:
        await watching.tells(lambda event: event["kind"] == "KIND_SNAPSHOT")
        async with held_in_the_middle(settings, parts):
            await watching.tells(lambda event: done(event) == "20")
            await doomed.kill()
            broken_off = await watching.ends()
    before = watching.told
    async with serving(settings, parts) as another:
        await end_of(another, name)
        after, status = await watched(another, name, before[-1]["resumeToken"])

    told = as_in_the_contract(before + after)
    assert (broken_off, status) == (code_pb2.INTERNAL * 8, 0)
    assert (kinds(told)[0], kinds(told)[-1]) == ("KIND_SNAPSHOT", TRANSITION)
    assert kinds(told).count("KIND_SNAPSHOT") == 1
    assert transitions(told) == (await recorded())[1:]
    assert told[-1]["snapshot"]["createdCount"] == str(ROWS)


async def test_values_are_imported_and_watched_to_their_end(service: Service) -> None:
    created = await answer(commands("CreateImport"), service.address)

    told, status = await watched(service, created["name"])

    assert (created["status"], created["inputsSize"], status) == ("STATUS_PENDING", "2", 0)
    assert told[0]["kind"] == "KIND_SNAPSHOT"
    assert told[-1]["snapshot"]["status"] == "STATUS_COMPLETED"


async def test_a_watch_of_nothing_says_why_in_the_trailers(service: Service) -> None:
    async with shell(f"{{ {commands('WatchImport')} }} 2>&1", service.address, NAME=NO_IMPORT) as program:
        await program.ends()

    [refusal] = program.told
    [detail] = refusal["details"]
    info = error_details_pb2.ErrorInfo.FromString(base64.b64decode(detail["value"] + "=="))
    assert (detail["type"], info.reason) == ("google.rpc.ErrorInfo", "IMPORT_NOT_FOUND")


def done(event: Event) -> str | None:
    """How many rows are done, if the event says so."""
    count: str | None = event.get("snapshot", {}).get("processedCount")
    return count


async def answer(commands: str, address: str, **environment: str) -> dict[str, Any]:
    """What a call that goes well answers."""
    async with shell(commands, address, **environment) as program:
        assert await program.ends() == 0
    [message] = program.told
    return message


async def watched(service: Service, name: str, token: str = "") -> tuple[list[Event], int]:
    """All that a watch tells, behind the token if there is one, and the exit status of the command."""
    typed = commands("WatchImport", resuming=bool(token))
    async with shell(typed, service.address, NAME=name, TOKEN=token) as program:
        status = await program.ends()
    return program.told, status


def as_in_the_contract(told: list[Event]) -> list[Event]:
    """The events with the contract's name for the one field that the stories compare."""
    return [{**event, "previous_status": event.get("previousStatus")} for event in told]
