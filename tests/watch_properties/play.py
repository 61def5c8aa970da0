"""One example: its schedule played on a fleet, and the judgement of every watch when all has come to rest."""

import asyncio
import random
from typing import Any

from tests.eventually import eventually
from tests.services import Client
from tests.watch_properties.commands import Command, Commands
from tests.watch_properties.fleet import Fleet, Member
from tests.watch_properties.oracle import Oracle
from tests.watch_properties.steps import Fault, Pause, Schedule, Step, WatchMany, WatchOne, Whim
from tests.watch_properties.verdict import Watched, Wrong, judge, report
from tests.watch_properties.watchers import Watcher

MOST_WATCHERS = 8
FREEZE_SECONDS = 1.0
REST_SECONDS = 30.0
"""How long after the last step an import may take to end: a killed worker's lease, and its rows."""
TOLD_SECONDS = 10.0
TOKENS_OF_A_KIND = 2
"""From so many tokens of each kind of event every watch is resumed at the end."""


class Broken(AssertionError):
    """A guarantee does not hold; the text shows the schedule, what happened, and what was told."""


class Play:
    """What plays a schedule, in a task group that is left when all has been judged."""

    def __init__(
        self,
        fleet: Fleet,
        clients: list[Client],
        oracle: Oracle,
        group: asyncio.TaskGroup,
        *,
        is_calm: bool,
    ) -> None:
        self._fleet, self._oracle, self._group, self._is_calm = fleet, oracle, group, is_calm
        self._commands = Commands(clients, group)
        self._watchers: list[Watcher] = []
        self._watching: list[asyncio.Task[None]] = []

    async def play(self, step: Step) -> None:
        """Carry out a step; commands and faults go on in the background."""
        match step:
            case WatchOne():
                name = self._commands.name_of(step)
                self._watch(name.split("/")[1], step.server, name=name)
            case WatchMany():
                organization_id = self._commands.organizations[step.organization]
                self._watch(organization_id, step.server, wanted=step.filter)
            case Fault():
                self._commands.start(self._befall(step))
            case Whim():
                self._have(step)
            case Pause():
                await asyncio.sleep(step.milliseconds / 1000)
            case _:
                command: Command = step
                await self._commands.give(command)

    async def rest(self) -> None:
        """Let everything come to its end: faults, commands, imports."""
        for watcher in self._watchers:
            watcher.is_reading.set()
        await self._commands.all_done()
        await self._fleet.heal()

        async def all_have_ended() -> bool:
            return await self._oracle.unfinished(self._commands.organizations) == 0

        await eventually(all_have_ended, REST_SECONDS, "the end of all imports", every=0.05)

    async def judge(self, dice: random.Random) -> None:
        """Judge every watch, and resumes of it from tokens that it was given. Raises `Broken`."""
        for watcher in self._watchers:
            await prove(self._oracle, watcher)
        async with asyncio.TaskGroup() as group:
            for watcher in self._watchers:
                for place in _places(watcher.watched, dice):
                    server = dice.randrange(len(self._fleet.servers))
                    group.create_task(prove_resumed(self._oracle, watcher, place, server=server))

    def end(self) -> None:
        for watching in self._watching:
            watching.cancel()

    def _watch(self, organization_id: str, server: int, **what: Any) -> None:
        if len(self._watchers) == MOST_WATCHERS:
            return
        watcher = Watcher(
            self._fleet, self._oracle, organization_id, server=server, is_calm=self._is_calm, **what
        )
        self._watchers.append(watcher)
        self._watching.append(self._group.create_task(watcher.run()))

    def _have(self, whim: Whim) -> None:
        if not self._watchers:
            return
        watcher = self._watchers[whim.watcher % len(self._watchers)]
        match whim.what:
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
        worker = self._fleet.workers[0]
        match fault.what:
            case "kill":
                await server.kill()
            case "kill_worker":
                await worker.kill()
            case "freeze":
                await _freeze(server)
            case "freeze_worker":
                await _freeze(worker)
            case "cut_listener":
                await server.cut_listener()
            case "cut_backends":
                await server.cut_backends(fault.dice)
            case "cut_clients":
                server.cut_clients()


async def prove(oracle: Oracle, watcher: Watcher, how: str = "", *, within: float = TOLD_SECONDS) -> None:
    """Wait until it told all that has happened by now. Raises `Broken` when it does not, or told something else."""
    history = await oracle.history(watcher.organization_id)

    def is_right() -> bool:
        judge(history, watcher.watched)
        return True

    try:
        await eventually(is_right, within, "the whole story", every=0.02)
    except (Wrong, AssertionError) as error:
        fault = error if isinstance(error, Wrong) else error.__cause__
        story = report(history, watcher.watched)
        raise Broken(f"{how}{type(fault).__name__}: {fault}\n{story}") from None


async def prove_resumed(oracle: Oracle, watcher: Watcher, place: int, *, server: int) -> None:
    """The same of one who heard it only up to that place and resumes from the token there."""
    again = watcher.copy_up_to(place, server=server)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(again.run())
        await prove(oracle, again, f"resumed from event {place}: ")
        watching.cancel()


async def play(fleet: Fleet, clients: list[Client], oracle: Oracle, schedule: Schedule) -> None:
    """Play the schedule and judge what was told. Raises `Broken`."""
    await fleet.heal()
    try:
        async with asyncio.TaskGroup() as group:
            play = Play(fleet, clients, oracle, group, is_calm=schedule.is_calm)
            for step in schedule.steps:
                await play.play(step)
            await play.rest()
            await play.judge(random.Random(schedule.dice))
            play.end()
    except ExceptionGroup as errors:
        raise Broken(f"{_first_of(errors)}\n{schedule}") from None


def _first_of(error: Exception) -> str:
    """What the first error in a group of groups says; the others follow from it or say the same."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, Broken) else repr(error)


async def _freeze(server: Member) -> None:
    server.freeze()
    try:
        await asyncio.sleep(FREEZE_SECONDS)
    finally:
        server.thaw()


def _places(watched: Watched, dice: random.Random) -> list[int]:
    """Some places of a watch, of each kind of events that it has."""
    by_kind: dict[int, list[int]] = {}
    for place, (_, event) in enumerate(watched.told):
        by_kind.setdefault(event.kind, []).append(place)
    return [
        place
        for places in by_kind.values()
        for place in dice.sample(places, min(TOKENS_OF_A_KIND, len(places)))
    ]
