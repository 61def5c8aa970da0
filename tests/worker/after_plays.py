"""Plays of imports that wait for each other: drawn by a seed, acted out, judged by the events that were recorded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from imports_service.commands.delete import delete_import, expire_import
from imports_service.commands.interrupt import interrupt_import
from imports_service.domain.errors import FailedPrecondition, ImportNotFound
from imports_service.domain.imports import Event, EventKind, Import, Status
from imports_service.domain.names import ImportName
from imports_service.store.database import Database
from imports_service.store.events import events_after
from imports_service.store.imports import ExpiredImport
from imports_service.worker.equipment import Equipment
from tests.commands.documents import json_lines, sku_rows
from tests.eventually import eventually
from tests.store.builders import ORGANIZATION
from tests.worker.working import created

POISON = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$;
CREATE TRIGGER poison BEFORE INSERT ON resource
    FOR EACH ROW WHEN (NEW.attributes ->> 'name' = 'poison') EXECUTE FUNCTION refuse()
"""
"""A row of this name is a fault of the service; with it an import ends as interrupted (FAULT)."""

COURSES = ("good", "good", "good", "rehearsed", "bad", "poison", "interrupted", "deleted", "expired")
MOST_AWAITED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One import: what becomes of it, its size, whether its segments run in order, which earlier ones it waits for."""

    course: str
    rows: int
    in_order: bool
    after: tuple[int, ...]

    @property
    def document(self) -> bytes:
        rows = sku_rows(self.rows)
        for row in rows:
            if self.course == "bad":
                del row["name"]
            elif self.course == "poison":
                row["name"] = "poison"
        return json_lines([*rows, rows[0]] if self.in_order else rows)


def drawn(dice: Random, parts: int) -> list[Part]:
    """A play in which most parts wait for some of those before them."""
    return [
        Part(
            course=dice.choice(COURSES),
            rows=dice.choice([1, 5, 15, 25]),
            in_order=dice.random() < 0.5,
            after=tuple(dice.sample(range(number), dice.randint(0, min(number, MOST_AWAITED)))),
        )
        for number in range(parts)
    ]


async def acted(
    equipment: Equipment, play: Sequence[Part], dice: Random, *, patience: float = 20
) -> list[Import]:
    """The imports of the play, created one after the other, and what callers do to them while they run.

    `patience`: for how many seconds a caller tries what the import's status does not allow.
    """
    cast: list[Import] = []
    async with asyncio.TaskGroup() as callers:
        for part in play:
            import_ = await created(
                equipment,
                part.document,
                validate_only=part.course == "rehearsed",
                after=[cast[number] for number in part.after],
            )
            cast.append(import_)
        for part, import_ in zip(play, cast, strict=True):
            ends_before = dice.randint(0, len(play) // 2)
            callers.create_task(_called(equipment, part, import_, ends_before, patience))
    return cast


async def _called(
    equipment: Equipment, part: Part, import_: Import, ends_before: int, patience: float
) -> None:
    """What a caller does to an import, when so many others have ended, or after a second."""
    if part.course not in {"interrupted", "deleted", "expired"}:
        return
    name = ImportName(ORGANIZATION, import_.import_id)
    database, nudges, lease = equipment.database, equipment.nudges, equipment.settings.lease

    asked_at = asyncio.get_running_loop().time()

    async def call() -> bool:
        ends, waited = over(await recorded(database)), asyncio.get_running_loop().time() - asked_at
        if len(ends) < ends_before and waited < 1:
            return False
        if part.course == "expired" and import_.uid not in ends:
            return waited > patience
        try:
            if part.course == "interrupted":
                await interrupt_import(name, database=database, nudges=nudges)
            elif part.course == "deleted":
                await delete_import(name, lease=lease, database=database, nudges=nudges)
            else:
                expired = ExpiredImport(ORGANIZATION, import_.uid, import_.import_id)
                await expire_import(expired, lease=lease, database=database, nudges=nudges)
        except FailedPrecondition as refused:
            return refused.reason == "IMPORT_ENDED" or waited > patience
        except ImportNotFound:
            return True
        return True

    await eventually(call, within=patience + 10, what=f"what becomes of {name}", every=0.02)


async def recorded(database: Database) -> list[Event]:
    async with database.connection() as connection:
        return await events_after(connection, ORGANIZATION, None, 0, 10_000)


def over(events: Sequence[Event]) -> dict[str, int]:
    """The imports that have ended or are gone, and the number of the event that says so first."""
    numbers: dict[str, int] = {}
    for event in events:
        if event.is_last:
            numbers.setdefault(event.snapshot.uid, event.seq)
    return numbers


async def all_over(database: Database, cast: Sequence[Import], *, within: float) -> None:
    async def look() -> bool:
        return set(over(await recorded(database))) == {import_.uid for import_ in cast}

    await eventually(look, within=within, what="the end of all imports", every=0.05)


async def judge(database: Database, play: Sequence[Part], cast: Sequence[Import]) -> None:
    """No import has started before those that it waits for had ended."""
    events = await recorded(database)
    ends = over(events)
    started = {
        event.snapshot.uid: event.seq
        for event in events
        if event.kind is EventKind.TRANSITION and event.snapshot.status is Status.IN_PROGRESS
    }
    for number, (part, import_) in enumerate(zip(play, cast, strict=True)):
        for awaited in part.after:
            if import_.uid in started:
                assert ends[cast[awaited].uid] < started[import_.uid], f"{number} did not wait for {awaited}"
        if part.course in {"good", "rehearsed"}:
            assert import_.uid in started, f"{number} has never started"
