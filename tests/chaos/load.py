"""The load: organizations with a few lanes and watches each; when one has come to its end it is judged, and another
takes its place. So memory does not know how long a run is, and what is wrong is found while it goes on."""

import asyncio
from random import Random
from uuid import uuid4

from commerce.imports.v1 import imports_pb2 as pb
from tests.chaos.findings import first_words
from tests.chaos.lane import Lane
from tests.chaos.scene import Scene
from tests.chaos.truth import Truth
from tests.watch_properties.play import Broken, prove
from tests.watch_properties.watchers import Watcher

LANES = 3
TOLD_SECONDS = 90.0
FILTERS = [
    pb.ImportFilter(),
    pb.ImportFilter(statuses=[pb.STATUS_IN_PROGRESS]),
    pb.ImportFilter(resource_types=["skus", "addresses"]),
]
"""Of the watches of an organization's imports."""


class Load:
    """So many organizations at once. `judged` holds the fingerprints of those that have come to their end;
    `told_seconds` is how long after that a watch may take to have told of it."""

    def __init__(self, scene: Scene, dice: Random, *, told_seconds: float = TOLD_SECONDS) -> None:
        self._scene, self._dice, self._told_seconds = scene, dice, told_seconds
        self.judged: dict[str, str] = {}

    async def run(self, organizations: int) -> None:
        """Returns when the last import has come to its end, after the scene's stop."""
        async with asyncio.TaskGroup() as group:
            for number in range(organizations):
                dice = Random(self._dice.random())
                group.create_task(self._one_after_the_other(dice), name=f"load {number}")

    async def _one_after_the_other(self, dice: Random) -> None:
        while not self._scene.stop.is_set():
            organization_id = uuid4().hex
            await self._scene.furnish(organization_id)
            organization = Organization(self._scene, organization_id, dice, self._told_seconds)
            if await organization.run():
                self._scene.findings.counts["organizations"] += 1
                self.judged[organization_id] = await self._scene.fingerprint(organization_id)


class Organization:
    """One organization from its first import to the judgement."""

    def __init__(self, scene: Scene, organization_id: str, dice: Random, told_seconds: float) -> None:
        self._scene, self._id, self._dice, self._told_seconds = scene, organization_id, dice, told_seconds
        self._truth = Truth(scene.base)
        self._watchers: list[Watcher] = []
        self._watching: list[asyncio.Task[None]] = []

    async def run(self) -> bool:
        """False when a lane could not go on, so that nobody knows what there must be."""
        async with asyncio.TaskGroup() as group:

            def watch(name: str = "", wanted: pb.ImportFilter | None = None) -> None:
                self._watch(
                    group,
                    Watcher(
                        self._scene.fleet,
                        self._scene.oracle,
                        self._id,
                        server=self._dice.randrange(len(self._scene.fleet.servers)),
                        name=name,
                        wanted=wanted,
                    ),
                )

            for wanted in FILTERS:
                watch(wanted=wanted)
            lanes = [
                Lane(
                    self._scene,
                    self._truth,
                    f"organizations/{self._id}",
                    number,
                    Random(self._dice.random()),
                    watch,
                )
                for number in range(LANES)
            ]
            async with asyncio.TaskGroup() as running:
                for lane in lanes:
                    running.create_task(lane.run())
            is_whole = all(lane.is_whole for lane in lanes)
            if is_whole:
                await self._judge_environment()
                await self._judge_watches()
            for task in self._watching:
                task.cancel()
        return is_whole

    def _watch(self, group: asyncio.TaskGroup, watcher: Watcher) -> None:
        self._watchers.append(watcher)
        self._watching.append(group.create_task(self._follow(watcher)))

    async def _follow(self, watcher: Watcher) -> None:
        try:
            await watcher.run()
        except* Exception as error:
            self._violated("a watch", first_words(error))

    async def _judge_environment(self) -> None:
        found = await self._scene.calls.environment(self._id)
        if wrong := self._truth.environment_differs(found):
            self._violated("the environment", "\n  ".join(["differs", *wrong[:30]]))

    async def _judge_watches(self) -> None:
        for watcher in self._watchers:
            try:
                await prove(self._scene.oracle, watcher, within=self._told_seconds)
            except Broken as broken:
                self._violated(f"a watch of {watcher.name or 'all imports'}", broken)
            self._scene.findings.counts["watches"] += 1
            self._scene.findings.counts["resumes"] += len(watcher.watched.calls) - 1
            self._scene.findings.counts["events"] += len(watcher.watched.told)

    def _violated(self, what: str, how: object) -> None:
        self._scene.findings.violated(f"organization {self._id}, {what}", how)
