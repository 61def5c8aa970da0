"""The course of an import from pending to its end, step by step or by itself."""

import asyncio
from collections.abc import Iterator

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.documents import Fault, Row
from imports_client.testing.imports import FakeImport
from imports_client.testing.names import parse_name
from imports_client.testing.world import World

STEPS = 20
"""In how many parts an import that runs by itself does its rows, if it has so many."""


def start(world: World, held: FakeImport) -> None:
    """pending → in_progress."""
    before = held.copy()
    held.start()
    world.record(pb.KIND_TRANSITION, _organization_of(held), before, held)


def process(world: World, held: FakeImport, rows: int, failed: int = 0) -> None:
    """Finish the next rows; the last `failed` of them fail, besides those that fail anyway."""
    first = len(held.results)
    for place in range(first + rows - failed, first + rows):
        row = held.rows[place]
        held.rows[place] = Row(row.number, row.values, row.fault or Fault())
    for _ in range(rows):
        held.finish_row()
    held.judge_errors()
    world.touch(held)


def end(world: World, held: FakeImport) -> None:
    """completed, or interrupted where that was asked for or too many rows failed."""
    before = held.copy()
    held.end()
    world.record(pb.KIND_TRANSITION, _organization_of(held), before, held)


def steps(world: World, held: FakeImport) -> Iterator[None]:
    """The whole course of an import, or what is left of it."""
    if held.message.status == pb.STATUS_PENDING and held.closing_reason is None:
        start(world, held)
        yield
    while held.rows_left and held.closing_reason is None:
        process(world, held, min(held.rows_left, max(1, len(held.rows) // STEPS)))
        yield
    end(world, held)


class Runner:
    """Runs imports by itself, one after the other, the oldest first; `is_held`: not now."""

    def __init__(self, world: World, *, pace_seconds: float, is_held: bool) -> None:
        self.is_held = is_held
        self._world = world
        self._pace_seconds = pace_seconds

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            changed = self._world.changed
            held = None if self.is_held else self._next()
            if held is None:
                await changed.wait()
            else:
                await self._run_to_end(held)

    async def _run_to_end(self, held: FakeImport) -> None:
        await asyncio.sleep(self._pace_seconds)
        for _ in steps(self._world, held) if self._may_go_on(held) else ():
            await asyncio.sleep(self._pace_seconds)
            if not self._may_go_on(held):
                return

    def _may_go_on(self, held: FakeImport) -> bool:
        """Whether nobody else has ended, removed or held it meanwhile."""
        is_there = self._world.organization(_organization_of(held)).by_uid(held.message.uid) is held
        return is_there and not held.has_ended and not self.is_held

    def _next(self) -> FakeImport | None:
        runnable = [
            held
            for organization in self._world.organizations.values()
            for held in organization.imports.values()
            if not held.has_ended and not organization.is_waiting(held)
        ]
        return min(runnable, key=lambda held: held.message.uid, default=None)


def _organization_of(held: FakeImport) -> str:
    return parse_name(held.message.name).organization
