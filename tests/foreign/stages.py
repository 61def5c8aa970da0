"""What stories of a broken watch are made of: services on one database, an import held in the middle, its end."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.conftest import SpawnService
from tests.foreign.programs import Event
from tests.services import Service, ServiceProcess, running_service

TRANSITION = "KIND_TRANSITION"

Transition = tuple[str, str, str]
"""The last part of the import's name, the status before, the status after."""


async def killable(spawn_service: SpawnService, settings: Settings) -> ServiceProcess:
    """A process that takes calls, works on nothing, and may be killed."""
    return await spawn_service(
        IMPORTS_ROLE="api",
        IMPORTS_SEGMENT_ROWS=str(settings.segment_rows),
        IMPORTS_WATCH_HEARTBEAT_SECONDS=str(settings.watch_heartbeat_seconds),
    )


@contextlib.asynccontextmanager
async def serving(settings: Settings, parts: Parts, **changes: Any) -> AsyncIterator[Service]:
    """A service of this process on the same database and store, for the time of the block."""
    async with running_service(settings.model_copy(update=changes), parts) as service:
        yield service


@contextlib.asynccontextmanager
async def held_in_the_middle(settings: Settings, parts: Parts) -> AsyncIterator[None]:
    """For the time of the block a worker stands in the second segment's transaction. Then it hands it back."""
    held = {"role": Role.WORKER, "stop_at": "before-commit:2", "stop_grace_seconds": 0.0}
    async with serving(settings, parts, **held):
        yield


async def end_of(service: Service, name: str) -> pb.Import:
    """The import when it has ended."""
    return await service.imports.WaitImport(pb.WaitImportRequest(name=name), timeout=30)


def kinds(told: list[Event]) -> list[str]:
    return [event["kind"] for event in told]


def transitions(told: list[Event]) -> list[Transition]:
    """The changes of status that a watch told, as the fixture `recorded` reads them."""
    return [
        (event["snapshot"]["name"].rsplit("/", 1)[-1], event["previous_status"], event["snapshot"]["status"])
        for event in told
        if event["kind"] == TRANSITION
    ]
