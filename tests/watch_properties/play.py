"""One example: its schedule played on a fleet, and the judgement of every watch when all has come to rest."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from commerce.imports.v1 import imports_pb2 as pb
from tests.eventually import eventually
from tests.services import Client
from tests.watch_properties.documents import creation_of
from tests.watch_properties.fleet import Fleet, Member
from tests.watch_properties.oracle import Oracle
from tests.watch_properties.steps import (
    ORGANIZATIONS,
    Create,
    Delete,
    Fault,
    Interrupt,
    Pause,
    Schedule,
    Step,
    Update,
    WatchMany,
    WatchOne,
    Whim,
)
from tests.watch_properties.verdict import Watched, Wrong, judge, report
from tests.watch_properties.watchers import Watcher

MOST_WATCHERS = 8
FREEZE_SECONDS = 1.0
COMMAND_SECONDS = 3.0
ATTEMPTS = 20
AGAIN_SECONDS = 0.2
MOMENT_SECONDS = 0.03
REST_SECONDS = 30.0
"""How long after the last step an import may take to end: a killed worker's lease, and its rows."""
TOLD_SECONDS = 10.0
TOKENS = 6
"""From so many tokens of each watch it is resumed at the end."""

AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
EXPECTED = {
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
}
"""How a command may end: steps know nothing of each other."""


class Broken(AssertionError):
    """A guarantee does not hold; the text shows the schedule, what happened, and what was told."""


class Play:
    """What plays a schedule: organizations of its own on a fleet that may be others' before and after."""

    def __init__(
        self,
        fleet: Fleet,
        clients: list[Client],
        oracle: Oracle,
        schedule: Schedule,
        group: asyncio.TaskGroup,
    ) -> None:
        self._fleet, self._clients, self._oracle, self._schedule = fleet, clients, oracle, schedule
        self._group = group
        self._organizations = [uuid4().hex for _ in range(ORGANIZATIONS)]
        self._names: list[list[str]] = [[] for _ in self._organizations]
        self._deleted: list[list[str]] = [[] for _ in self._organizations]
        self._watchers: list[Watcher] = []
        self._watching: list[asyncio.Task[None]] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def play(self, step: Step) -> None:
        """Carry out a step; commands and faults go on in the background."""
        match step:
            case Create():
                await self._command("CreateImport", self._creation(step))
            case Update():
                update = pb.UpdateImportRequest(
                    name=self._name(step),
                    reference=step.reference,
                    update_mask=FieldMask(paths=["reference"]),
                )
                await self._command("UpdateImport", update)
            case Interrupt():
                await self._command("InterruptImport", pb.InterruptImportRequest(name=self._name(step)))
            case Delete():
                self._deleted[step.organization].append(self._name(step))
                await self._command("DeleteImport", pb.DeleteImportRequest(name=self._name(step)))
            case WatchOne():
                name = self._name(step)
                self._watch(name.split("/")[1], step.server, name=name)
            case WatchMany():
                organization_id = self._organizations[step.organization]
                self._watch(organization_id, step.server, wanted=step.filter)
            case Fault():
                self._start(self._befall(step))
            case Whim() if self._watchers:
                self._have(step.what, self._watchers[step.watcher % len(self._watchers)])
            case Pause():
                await asyncio.sleep(step.milliseconds / 1000)

    async def rest(self) -> None:
        """Let everything come to its end: faults, commands, imports."""
        for watcher in self._watchers:
            watcher.is_reading.set()
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._fleet.heal()

        async def all_have_ended() -> bool:
            return await self._oracle.unfinished(self._organizations) == 0

        await eventually(all_have_ended, REST_SECONDS, "the end of all imports", every=0.05)

    async def judge_all(self) -> None:
        """Judge every watch, and resumes of it from tokens that it was given. Raises `Broken`."""
        dice = random.Random(self._schedule.dice)
        for watcher in self._watchers:
            await self._judge(watcher)
        async with asyncio.TaskGroup() as group:
            for watcher in self._watchers:
                for place in _places(watcher.watched, dice):
                    group.create_task(self._resume(watcher, place, dice.randrange(2)))

    def end(self) -> None:
        for watching in self._watching:
            watching.cancel()

    async def _resume(self, watcher: Watcher, place: int, server: int) -> None:
        again = Watcher(
            self._fleet,
            self._oracle,
            watcher.organization_id,
            server=server,
            name=watcher.name,
            watched=watcher.watched.up_to(place),
        )
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(again.run())
            await self._judge(again, f"resumed from event {place}: ")
            watching.cancel()

    async def _judge(self, watcher: Watcher, how: str = "") -> None:
        history = await self._oracle.history(watcher.organization_id)

        def is_right() -> bool:
            judge(history, watcher.watched)
            return True

        try:
            await eventually(is_right, TOLD_SECONDS, "the whole story")
        except (Wrong, AssertionError) as error:
            fault = error if isinstance(error, Wrong) else error.__cause__
            raise Broken(
                f"{how}{type(fault).__name__}: {fault}\n{self._schedule}\n{report(history, watcher.watched)}"
            ) from None

    def _watch(self, organization_id: str, server: int, **what: Any) -> None:
        if len(self._watchers) == MOST_WATCHERS:
            return
        watcher = Watcher(self._fleet, self._oracle, organization_id, server=server, **what)
        self._watchers.append(watcher)
        self._watching.append(self._group.create_task(watcher.run()))

    def _have(self, what: str, watcher: Watcher) -> None:
        match what:
            case "move":
                watcher.move()
            case "leave":
                watcher.leave()
            case "stop_reading":
                watcher.is_reading.clear()
            case "read_on":
                watcher.is_reading.set()

    async def _befall(self, fault: Fault) -> None:
        server = self._fleet.servers[fault.server % len(self._fleet.servers)]
        match fault.what:
            case "kill":
                await server.kill()
            case "kill_worker":
                await self._fleet.workers[0].kill()
            case "freeze":
                await _freeze(server)
            case "cut_listener":
                await server.cut_listener()
            case "cut_backends":
                await server.cut_backends(fault.dice)
            case "cut_clients":
                server.cut_clients()

    async def _call(self, method: str, request: Any) -> None:
        """Call until there is an answer, here or there; a server that was away may have done it or not."""
        for attempt in range(ATTEMPTS):
            client = self._clients[attempt % len(self._clients)]
            try:
                await getattr(client.imports, method)(request, timeout=COMMAND_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() in EXPECTED:
                    return
                if error.code() not in AWAY:
                    raise Wrong(f"{method} ended with {error.code()}: {error.details()}") from error
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _command(self, method: str, request: Any) -> None:
        """Have it called, and give it a moment: what comes next may find it done, or under way."""
        await asyncio.wait([self._start(self._call(method, request))], timeout=MOMENT_SECONDS)

    def _name(self, step: Update | Interrupt | Delete | WatchOne) -> str:
        names = self._names[step.organization] or next(names for names in self._names if names)
        return names[-1 - step.which % len(names)]

    def _new_name(self, organization: int) -> str:
        return f"organizations/{self._organizations[organization]}/imports/n{len(self._names[organization])}"

    def _creation(self, step: Create) -> pb.CreateImportRequest:
        deleted, names = self._deleted[step.organization], self._names[step.organization]
        if step.takes_over and deleted:
            name = deleted.pop()
        else:
            name = self._new_name(step.organization)
            names.append(name)
        return creation_of(step, name)


async def play(fleet: Fleet, clients: list[Client], oracle: Oracle, schedule: Schedule) -> None:
    """Play the schedule and judge what was told. Raises `Broken`."""
    await fleet.heal()
    try:
        async with asyncio.TaskGroup() as group:
            play = Play(fleet, clients, oracle, schedule, group)
            for step in schedule.steps:
                await play.play(step)
            await play.rest()
            await play.judge_all()
            play.end()
    except ExceptionGroup as group_of_errors:
        raise _first_of(group_of_errors, schedule) from None


def _first_of(error: Exception, schedule: Schedule) -> Exception:
    """The first error in a group of groups; the others follow from it or say the same."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Broken) else Broken(f"{error!r}\n{schedule}")


async def _freeze(server: Member) -> None:
    server.freeze()
    try:
        await asyncio.sleep(FREEZE_SECONDS)
    finally:
        server.thaw()


def _places(watched: Watched, dice: random.Random) -> list[int]:
    """Some places of a watch, of as many kinds of events as it has."""
    places = list(range(len(watched.told)))
    dice.shuffle(places)
    by_kind: dict[int, list[int]] = {}
    for place in places:
        by_kind.setdefault(watched.told[place][1].kind, []).append(place)
    chosen = [place for of_kind in by_kind.values() for place in of_kind[:2]]
    return chosen[:TOKENS]
