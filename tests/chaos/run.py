"""A run: load and faults for some time, then rest, then the judgement of what is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from imports_client.connection import connect
from imports_service.embedded.parts import Parts
from imports_service.settings import Settings
from tests.chaos.calls import Calls
from tests.chaos.faults import Faults
from tests.chaos.findings import Findings
from tests.chaos.fleet import ENVIRONMENT, Ended, Kept, look_after
from tests.chaos.load import Load
from tests.chaos.logs import faults_logged
from tests.chaos.oracle import PatientOracle
from tests.chaos.rest import unrest
from tests.chaos.scene import Scene
from tests.servers import bucket_of, open_servers
from tests.watch_properties.fleet import clients_of, fleet_of
from tests.watch_properties.oracle import installed

SERVERS, WORKERS = 2, 3
PROGRESS_SECONDS = 5.0
REST_SECONDS = 120.0


@dataclass(frozen=True)
class Plan:
    """`seconds` of load and faults; `organizations` at once. The seed draws both, but not how they meet."""

    seed: int
    seconds: float
    organizations: int = 4
    deck: dict[str, int] | None = None


async def run(plan: Plan, directory: Path, say: Callable[[str], None]) -> Findings:
    """All of it, with parts of its own in the directory. What is violated is in the findings."""
    findings, dice = Findings(), Random(plan.seed)
    stop = asyncio.Event()
    async with (
        open_servers(directory) as servers,
        open_scene(servers.parts, directory, findings, stop) as scene,
    ):
        await scene.prepare()
        findings.begin()
        load = Load(scene, Random(dice.random()))
        faults = Faults(scene.fleet, servers, scene.oracle, findings, Random(dice.random()), plan.deck)
        async with told(findings, say):
            async with asyncio.TaskGroup() as group:
                group.create_task(load.run(plan.organizations))
                group.create_task(faults.run(stop))
                await asyncio.sleep(plan.seconds)
                stop.set()
            await scene.fleet.heal()
            await judge_rest(scene, load, servers.parts)
    return findings


async def judge_rest(scene: Scene, load: Load, parts: Parts, *, within: float = REST_SECONDS) -> None:
    """What is left when nothing befalls anybody any more."""
    async with bucket_of(parts) as objects:
        for what in await unrest(scene.oracle, objects, within=within):
            scene.findings.violated("at rest", what)
    for organization_id, fingerprint in load.judged.items():
        now = await scene.fingerprint(organization_id)
        if now != fingerprint:
            scene.findings.violated(f"organization {organization_id}", f"was {fingerprint}, and is {now}")


@contextlib.asynccontextmanager
async def open_scene(
    parts: Parts,
    directory: Path,
    findings: Findings,
    stop: asyncio.Event,
    *,
    servers: int = SERVERS,
    workers: int = WORKERS,
    planted: str = "",
    before: str = "",
) -> AsyncIterator[Scene]:
    """Processes on these parts, looked after, and what the load needs of them. `planted` names a fault of `planted`;
    `before` is what it needs of the database."""
    ended: list[Ended] = []
    async with (
        installed(parts.database_url, before=before) as installed_oracle,
        fleet_of(
            Settings(),
            parts,
            oracle := PatientOracle(installed_oracle.pool),
            directory,
            servers=servers,
            workers=workers,
            environment=ENVIRONMENT,
            planted=planted,
            module="tests.chaos.planted",
            member=Kept,
        ) as fleet,
        clients_of(fleet) as clients,
        connect(",".join(server.address for server in fleet.servers)) as imports,
        asyncio.TaskGroup() as group,
    ):
        keeper = group.create_task(look_after(fleet, ended))
        yield Scene(fleet, imports, Calls(clients), oracle, findings, stop)
        keeper.cancel()
    for each in ended:
        findings.violated("a process ended by itself", f"status {each.status}: {each.last_words}")
    for fault in faults_logged(directory):
        findings.violated("the logs", fault)


@contextlib.asynccontextmanager
async def told(findings: Findings, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Say every few seconds how far it is."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            say(findings.line())

    async with asyncio.TaskGroup() as group:
        telling = group.create_task(tell())
        yield
        telling.cancel()
