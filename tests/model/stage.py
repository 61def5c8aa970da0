"""The real service for thousands of small imports: servers that cut documents differently, two workers, one database.

Everything is the service's own, put together as its composition root does it; only the checkpoints are the tests':
they hold a worker up for a moment here and there, so that segments overtake each other where nothing forbids it.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from imports_service.checkpoints import Checkpoints
from imports_service.domain.registry import load_registry
from imports_service.domain.shapes import Shapes
from imports_service.objects.store import Objects
from imports_service.rpc.server import open_server
from imports_service.rpc.servicers import make_servicers
from imports_service.rpc.structs import plain
from imports_service.settings import Settings
from imports_service.store.database import open_database
from imports_service.store.nudges import Nudges
from imports_service.watch.feeds import open_feeds
from imports_service.worker.equipment import Equipment
from imports_service.worker.loop import run_worker
from tests.model.kinds import KINDS, Row
from tests.model.world import Thing, World
from tests.services import Client, client_of

SEGMENT_ROWS = (1, 2, 3)
WORKERS = 2
LONGEST_PAUSE_SECONDS = 0.004
WITHIN_SECONDS = 20.0

COPY_ORGANIZATION = """
INSERT INTO resource
SELECT $2, resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
FROM resource WHERE organization_id = $1
"""


class Uneven(Checkpoints):
    """Checkpoints at which a worker sometimes pauses. The pauses prove nothing: they only vary who comes first."""

    def __init__(self) -> None:
        super().__init__()
        self.dice = random.Random(0)

    async def reach(self, name: str) -> None:
        if name in {"after-fence", "after-look-up", "before-commit"} and self.dice.random() < 0.4:
            await asyncio.sleep(self.dice.uniform(0, LONGEST_PAUSE_SECONDS))


@dataclass(frozen=True, kw_only=True)
class Document:
    """What one import is made of. `rows` is what the model takes, `text` what is sent, when not the rows as JSON."""

    kind: str
    rows: Sequence[Any]
    segment_rows: int = 3
    skip_errors: bool = True
    text: bytes | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return (
            self.text if self.text is not None else b"\n".join(json.dumps(row).encode() for row in self.rows)
        )

    def __str__(self) -> str:
        cut = f"segments of {self.segment_rows}" + ("" if self.skip_errors else ", errors count")
        return f"{self.kind}, {cut}:\n" + "\n".join(f"  {json.dumps(row)}" for row in self.rows)


@dataclass(frozen=True)
class Ran:
    """An import that has ended, with the result of every row."""

    imported: pb.Import
    results: list[pb.ImportResult]


class Stage:
    """The running service as a client sees it. One organization an example."""

    def __init__(self, clients: Mapping[int, Client], equipment: Equipment, checkpoints: Uneven) -> None:
        self._clients = clients
        self._client = clients[SEGMENT_ROWS[0]]
        self.equipment = equipment
        self.checkpoints = checkpoints
        self.template = ""
        self.loop = asyncio.get_running_loop()

    def shuffle(self, seed: int) -> None:
        """From here on the workers pause in another way."""
        self.checkpoints.dice.seed(seed)

    async def organization(self) -> str:
        """A new organization with the environment of the template."""
        organization_id = uuid4().hex
        async with self.equipment.database.transaction() as connection:
            await connection.execute(COPY_ORGANIZATION, self.template, organization_id)
        return organization_id

    async def create(self, organization_id: str, document: Document) -> pb.Import:
        created: pb.Import = await self._clients[document.segment_rows].imports.CreateImport(
            pb.CreateImportRequest(
                parent=f"organizations/{organization_id}",
                spec=pb.ImportSpec(
                    resource_type=document.kind, skip_errors=document.skip_errors, **document.spec
                ),
                document=document.body,
            )
        )
        return created

    async def ended(self, created: pb.Import) -> Ran:
        imports = self._client.imports
        await imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=WITHIN_SECONDS)
        imported = await imports.GetImport(pb.GetImportRequest(name=created.name))
        assert imported.status in {pb.STATUS_COMPLETED, pb.STATUS_INTERRUPTED}, "the import has not ended"
        page = await imports.ListImportResults(
            pb.ListImportResultsRequest(parent=created.name, page_size=1_000)
        )
        return Ran(imported, list(page.results))

    async def run(self, organization_id: str, document: Document) -> Ran:
        return await self.ended(await self.create(organization_id, document))

    async def ran_in_order(self, ran: Ran) -> bool:
        """Whether its segments had to follow each other."""
        async with self.equipment.database.connection() as connection:
            in_order: bool = await connection.fetchval(
                "SELECT in_order FROM import WHERE uid = $1", ran.imported.uid
            )
        return in_order

    async def environment(self, organization_id: str) -> tuple[World, dict[tuple[str, str], str]]:
        """All resources of the types that the model knows, and the import that changed each last."""
        world, last = World(), {}
        for kind in KINDS:
            listed = await self._client.resources.ListResources(
                resources_pb2.ListResourcesRequest(
                    parent=f"organizations/{organization_id}", resource_type=kind, page_size=1_000
                )
            )
            for resource in listed.resources:
                thing = thing_of(resource)
                world.put(thing)
                last[kind, thing.id] = resource.last_import
        return world, last


def thing_of(resource: resources_pb2.Resource) -> Thing:
    """The resource as the model holds it: the owner is among the references, no value is null."""
    kind = KINDS[resource.resource_type]
    values = plain(resource.attributes) | plain(resource.relationships)
    values = {name: value for name, value in values.items() if value is not None and value != []}
    owners = [
        items.owner for other in KINDS.values() for items in other.lists.values() if items.kind == kind.name
    ]
    owner = next((values[f"{name}_id"] for name in owners if f"{name}_id" in values), "")
    parts = resource.key.values
    key = tuple(parts.get(part) for part in kind.key) if parts else None
    if "tags" in values:
        values["tags"] = sorted(values["tags"])
    return Thing(
        resource.resource_type,
        resource.id,
        key,
        owner,
        (resource.created_at.ToNanoseconds(), resource.id),
        values,
    )


def issues_of(result: pb.ImportResult, severity: pb.Severity.ValueType) -> list[tuple[str, str]]:
    """The codes and attributes of a result's errors or warnings."""
    return [(issue.code, issue.attribute) for issue in result.issues if issue.severity == severity]


@contextlib.asynccontextmanager
async def open_stage(
    settings: Settings, database_url: str, objects: Objects, template: Sequence[tuple[str, list[Row]]]
) -> AsyncIterator[Stage]:
    """The service on these parts. `template`: rows by type that every new organization has."""
    registry, nudges, checkpoints = load_registry(), Nudges(), Uneven()
    stop = asyncio.Event()
    async with (
        open_database(
            database_url, connections=16, application_name="imports-model", lease=settings.lease
        ) as database,
        open_feeds(database, nudges, stop=stop) as feeds,
        contextlib.AsyncExitStack() as servers,
    ):
        equipment = Equipment(
            worker="worker-0",
            settings=settings,
            database=database,
            objects=objects,
            nudges=nudges,
            registry=registry,
            shapes=Shapes(registry),
            checkpoints=checkpoints,
        )
        clients = {}
        for rows in SEGMENT_ROWS:
            sized = replace(
                equipment,
                settings=settings.model_copy(update={"segment_rows": rows}),
                checkpoints=Checkpoints(),
            )
            served = make_servicers(sized, feeds)
            port = await servers.enter_async_context(open_server(sized.settings, served))
            clients[rows] = await servers.enter_async_context(client_of(f"127.0.0.1:{port}"))
        stage = Stage(clients, equipment, checkpoints)
        async with _working(equipment, stop):
            stage.template = uuid4().hex
            for kind, rows_of_kind in template:
                ran = await stage.run(stage.template, Document(kind=kind, rows=rows_of_kind))
                assert ran.imported.created_count == len(rows_of_kind), ran
            yield stage


@contextlib.asynccontextmanager
async def _working(equipment: Equipment, stop: asyncio.Event) -> AsyncIterator[None]:
    workers = [replace(equipment, worker=f"worker-{number}") for number in range(WORKERS)]
    # A task of its own: the fixture's set-up and tear-down are not the same task, and a task group needs one.
    tasks = [asyncio.create_task(run_worker(worker, stop), name=worker.worker) for worker in workers]
    try:
        yield
    finally:
        stop.set()
        equipment.nudges.work()
        for task in tasks:
            await task
