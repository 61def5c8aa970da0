"""What befalls the service: drawn card by card from a deck, so that each kind comes within one deck's length.

Only who is at work is killed or frozen, and only while another of its role is at work: who kills what is about to start
proves nothing but that, on a machine that has much else to do.
"""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from random import Random

import asyncpg

from tests.chaos.findings import Findings
from tests.chaos.fleet import Kept, kept
from tests.chaos.oracle import PatientOracle
from tests.eventually import eventually
from tests.servers import Servers
from tests.watch_properties.fleet import Fleet, Member

DECK = {
    "kill a worker": 4,
    "kill an api": 2,
    "freeze a worker": 3,
    "freeze an api": 1,
    "terminate backends": 4,
    "terminate a listener": 1,
    "cut clients": 1,
    "restart PostgreSQL": 1,
    "restart the S3 store": 1,
    "S3 store away for 5 s": 1,
    "kill all at once": 1,
}
"""How many cards of each kind there are."""

PAUSE_SECONDS = (0.3, 2.0)
PROGRESS_SECONDS = 3.0
FREEZE_SECONDS = (2.3, 4.5)
"""Longer than a lease."""
OUTAGE_SECONDS = 5.0
MOST_BACKENDS = 6


class Faults:
    """Lets faults of the deck's kinds befall fleet and servers."""

    def __init__(
        self,
        fleet: Fleet,
        servers: Servers,
        oracle: PatientOracle,
        findings: Findings,
        dice: Random,
        deck: dict[str, int] | None = None,
    ) -> None:
        self._fleet, self._servers, self._oracle = fleet, servers, oracle
        self._findings, self._dice = findings, dice
        self._deck = [card for card, count in (DECK if deck is None else deck).items() for _ in range(count)]
        self._pile: list[str] = []

    async def run(self, stop: asyncio.Event) -> None:
        """One after the other until `stop`; each takes its time in the background. Returns when all are over."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                done = self._findings.counts.total()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._dice.uniform(*PAUSE_SECONDS)):
                        await stop.wait()
                await self._see_progress(done, stop)
                card = self._next()
                if card is not None and not stop.is_set():
                    group.create_task(self._befall(card, Random(self._dice.random())), name=card)

    async def _see_progress(self, done: int, stop: asyncio.Event) -> None:
        """Wait a while for the load to come on: what never does anything can't do anything wrong."""
        with contextlib.suppress(AssertionError):
            await eventually(
                lambda: stop.is_set() or self._findings.counts.total() > done, PROGRESS_SECONDS, every=0.1
            )

    def _next(self) -> str | None:
        """The next card that can befall anybody now; those before it come later."""
        if len(self._pile) < len(self._deck):
            self._dice.shuffle(self._deck)
            self._pile += self._deck
        card = next(filter(self._can_befall, self._pile), None)
        if card is not None:
            self._pile.remove(card)
        return card

    def _can_befall(self, card: str) -> bool:
        workers, servers = kept(self._fleet.workers), kept(self._fleet.servers)
        match card:
            case "kill a worker" | "freeze a worker":
                return _at_work(workers) > 1
            case "kill an api" | "freeze an api":
                return _at_work(servers) > 1
            case "kill all at once":
                return _at_work([*workers, *servers]) == len(self._fleet.members)
            case "restart PostgreSQL":
                return not self._servers.postgres.taken.locked()
            case "restart the S3 store" | "S3 store away for 5 s":
                return not self._servers.store.taken.locked()
        return True

    async def _befall(self, card: str, dice: Random) -> None:
        match card:
            case "restart PostgreSQL":
                by = dice.choice([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
                await self._servers.postgres.restart(by)
            case "restart the S3 store":
                await self._servers.store.restart(dice.choice([signal.SIGTERM, signal.SIGKILL]))
            case "S3 store away for 5 s":
                await self._servers.store.restart(signal.SIGKILL, away_seconds=OUTAGE_SECONDS)
            case "terminate backends" | "terminate a listener":
                await self._cut(card, dice)
            case _:
                await self._befall_processes(card, dice)
        self._findings.faults[card] += 1

    async def _befall_processes(self, card: str, dice: Random) -> None:
        worker, server = _drawn(self._fleet.workers, dice), _drawn(self._fleet.servers, dice)
        match card:
            case "kill a worker":
                await worker.kill()
            case "kill an api":
                await server.kill()
            case "kill all at once":
                async with asyncio.TaskGroup() as group:
                    for member in self._fleet.members:
                        group.create_task(member.kill())
            case "freeze a worker":
                await _freeze(worker, dice)
            case "freeze an api":
                await _freeze(server, dice)
            case "cut clients":
                server.cut_clients()

    async def _cut(self, card: str, dice: Random) -> None:
        try:
            if card == "terminate backends":
                await self._oracle.cut_some(dice.randint(1, MOST_BACKENDS))
            else:
                await dice.choice(self._fleet.members).cut_listener()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            self._findings.faults[f"{card}: nobody was there"] += 1


def _at_work(members: Sequence[Kept]) -> int:
    return sum(member.is_at_work for member in members)


def _drawn(members: Sequence[Member], dice: Random) -> Member:
    """One that is at work, if there is one."""
    at_work = [member for member in kept(members) if member.is_at_work]
    return dice.choice(at_work or list(members))


async def _freeze(member: Member, dice: Random) -> None:
    member.freeze()
    try:
        await asyncio.sleep(dice.uniform(*FREEZE_SECONDS))
    finally:
        member.thaw()
