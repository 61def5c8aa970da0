"""What befalls the service: drawn card by card from a deck, so that each kind comes within one deck's length."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from random import Random
from typing import Any

import asyncpg

from tests.chaos.findings import Findings
from tests.chaos.oracle import PatientOracle
from tests.chaos.servers import Server, Servers
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
}
"""How many cards of each kind there are."""

PAUSE_SECONDS = (0.3, 2.0)
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
        self._cards = self._shuffled(DECK if deck is None else deck)

    async def run(self, stop: asyncio.Event) -> None:
        """One after the other until `stop`; each takes its time in the background. Returns when all are over."""
        async with asyncio.TaskGroup() as group:
            for card in self._cards:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._dice.uniform(*PAUSE_SECONDS)):
                        await stop.wait()
                if stop.is_set():
                    return
                group.create_task(self._befall(card, Random(self._dice.random())), name=card)

    def _shuffled(self, deck: dict[str, int]) -> Iterator[str]:
        cards = [card for card, count in deck.items() for _ in range(count)]
        while True:
            self._dice.shuffle(cards)
            yield from cards

    async def _befall(self, card: str, dice: Random) -> None:
        worker, server = dice.choice(self._fleet.workers), dice.choice(self._fleet.servers)
        match card:
            case "kill a worker":
                await worker.kill()
            case "kill an api":
                await server.kill()
            case "freeze a worker":
                await _freeze(worker, dice)
            case "freeze an api":
                await _freeze(server, dice)
            case "cut clients":
                server.cut_clients()
            case "restart PostgreSQL":
                by = dice.choice([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
                await self._restart(self._servers.postgres, by)
            case "restart the S3 store":
                await self._restart(self._servers.store, dice.choice([signal.SIGTERM, signal.SIGKILL]))
            case "S3 store away for 5 s":
                await self._restart(self._servers.store, signal.SIGKILL, OUTAGE_SECONDS)
            case _:
                await self._cut(card, dice)
        self._findings.faults[card] += 1

    async def _restart(self, server: Server[Any], by: signal.Signals, away_seconds: float = 0.0) -> None:
        await server.restart(by, away_seconds=away_seconds)

    async def _cut(self, card: str, dice: Random) -> None:
        try:
            if card == "terminate backends":
                await self._oracle.cut_some(dice.randint(1, MOST_BACKENDS))
            else:
                await dice.choice(self._fleet.members).cut_listener()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._findings.faults[f"{card}: nobody was there"] += 1


async def _freeze(member: Member, dice: Random) -> None:
    member.freeze()
    try:
        await asyncio.sleep(dice.uniform(*FREEZE_SECONDS))
    finally:
        member.thaw()
