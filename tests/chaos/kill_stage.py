"""One server and one worker for many kills: the worker stands still while another process goes to meet its end."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.chaos.documents import Document
from tests.chaos.fleet import ENVIRONMENT
from tests.chaos.judging import Begun, begun_with, judged
from tests.chaos.rows import ADDRESS
from tests.chaos.scene import Scene
from tests.chaos.truth import Truth
from tests.model.kinds import Row
from tests.model.stage import Ran
from tests.model.world import World
from tests.services import READY, Client, ServiceProcess, client_of, environment_of
from tests.watch_properties.history import Kind


class Doomed:
    """A process that stops at a point, and is killed there."""

    def __init__(self, process: ServiceProcess, stage: "KillStage") -> None:
        self._process, self._stage = process, stage

    async def is_killed(self) -> None:
        """Wait until it has come to its point; kill it, and let the others go on."""
        await self._process.said("stopped at")
        await self._process.kill()
        self._stage.go_on()

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with client_of(self._process.address) as client:
            yield client


@dataclass
class Imported:
    """An import, and the model of its organization."""

    organization_id: str
    truth: Truth
    begun: Begun


class KillStage:
    """Everything is on one database; each test has an organization of its own."""

    def __init__(self, scene: Scene, parts: Parts, directory: Path) -> None:
        self.scene = scene
        self._parts, self._directory = parts, directory
        self._started: list[ServiceProcess] = []

    async def doomed(self, role: Role, point: str) -> Doomed:
        """A process of that role, ready; the worker that is there stands still from now on."""
        self.scene.fleet.workers[0].freeze()
        environment = environment_of(Settings(), self._parts) | ENVIRONMENT
        environment |= {"IMPORTS_ROLE": role.value, "IMPORTS_STOP_AT": point}
        process = ServiceProcess(environment, self._directory, len(self._started))
        self._started.append(process)
        await process.said(READY)
        return Doomed(process, self)

    def go_on(self) -> None:
        self.scene.fleet.workers[0].thaw()

    async def imported(self, document: Document) -> Imported:
        """A new import of the document in an organization of its own."""
        organization_id = uuid4().hex
        created = await self.scene.imports.create(
            f"organizations/{organization_id}", document.kind, document.text, **document.spec
        )
        return Imported(organization_id, Truth(World()), begun_with(created.name, document))

    async def judge(self, imported: Imported) -> Ran:
        """The import has ended as the model says, in three changes; the environment is that of the model.

        Raises AssertionError.
        """
        ran = await judged(self.scene, imported.truth, imported.begun)
        found = await self.scene.calls.environment(imported.organization_id)
        assert imported.truth.environment_differs(found) == []
        history = await self.scene.oracle.history(imported.organization_id)
        changes = [change for change in history.by_uid[ran.imported.uid] if change.kind is Kind.TRANSITION]
        is_completed = ran.imported.status == pb.STATUS_COMPLETED
        expected = ["pending", "in_progress", "completed"] if is_completed else ["pending", "interrupted"]
        assert [change.told.status for change in changes] == expected
        return ran

    async def close(self) -> None:
        for process in self._started:
            await process.kill()


def addresses(*, bad: int = 0) -> Document:
    """Three segments: two make addresses with ids, the third changes some of them and makes others; the last `bad` rows
    fail."""
    rows: list[Row] = [ADDRESS | {"id": f"a{number}"} for number in range(40)]
    rows += [ADDRESS | {"id": f"a{number}", "line_1": "2 Quay"} for number in range(30, 50)]
    for row in rows[len(rows) - bad :]:
        row["city"] = None
    return Document("addresses", rows, "lines", skip_errors=True, in_order=True)


async def breaks_off(call: grpc.aio.Call, doomed: Doomed) -> None:
    """The call has no answer: its server is killed in the middle of it."""
    await doomed.is_killed()
    assert await call.code() is grpc.StatusCode.UNAVAILABLE


def creation_of(document: Document, organization_id: str, request_id: str) -> pb.CreateImportRequest:
    """The request for an import of the document."""
    return pb.CreateImportRequest(
        parent=f"organizations/{organization_id}",
        spec=pb.ImportSpec(resource_type=document.kind, **document.spec),
        document=document.text,
        request_id=request_id,
    )
