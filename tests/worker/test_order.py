"""Segments of which it was found that no order can matter are worked on at the same time; all others in turn."""

import json
from collections.abc import Iterable

import pytest

from imports_service.domain.imports import Import, Status
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from imports_service.worker.equipment import Equipment
from tests.eventually import eventually
from tests.store.builders import ORGANIZATION, unit_states
from tests.worker.working import created, ended, equipped, results, working

TAKEN = """
INSERT INTO resource
VALUES ($1, 'skus', $2, $2, NULL, jsonb_build_object('code', $2::text, 'name', 'before'), now(), now(), 'other')
"""
NAMES = "SELECT key, attributes ->> 'name' AS name FROM resource WHERE key = 'SKU-0001'"


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects)


def skus(numbers: Iterable[int]) -> bytes:
    """Rows of the keys with these numbers, each with a name of its own."""
    rows = [
        {"code": f"SKU-{number:04}", "name": f"Shirt of row {row}", "do_not_ship": True}
        for row, number in enumerate(numbers, 1)
    ]
    return "\n".join(map(json.dumps, rows)).encode()


async def has_leased(equipment: Equipment, import_: Import, segments: int) -> bool:
    return (await unit_states(equipment.database, import_)).count("leased") == segments


async def test_segments_of_distinct_keys_run_at_the_same_time(equipment: Equipment) -> None:
    import_ = await created(equipment, skus(range(1, 61)))

    async with working(equipment):
        async with equipment.database.transaction() as blocking:
            for code in ("SKU-0001", "SKU-0011"):
                await blocking.execute(TAKEN, ORGANIZATION, code)
            await eventually(lambda: has_leased(equipment, import_, 2), what="two segments at the same time")
        done = await ended(equipment, import_)

    assert (done.status, done.counts.created, done.counts.updated) == (Status.COMPLETED, 58, 2)
    assert sorted(result.row_number for result in await results(equipment.database, import_)) == [
        *range(1, 61)
    ]


async def test_segments_with_a_key_in_common_run_in_turn_and_the_later_row_wins(equipment: Equipment) -> None:
    import_ = await created(equipment, skus([*range(1, 41), 1, 1]))

    async with working(equipment):
        async with equipment.database.transaction() as blocking:
            await blocking.execute(TAKEN, ORGANIZATION, "SKU-0001")
            await eventually(lambda: has_leased(equipment, import_, 1), what="a segment that waits")
            assert await unit_states(equipment.database, import_) == ["leased", *["waiting"] * 4]
        done = await ended(equipment, import_)

    async with equipment.database.connection() as connection:
        found = await connection.fetch(NAMES)
    assert (done.status, done.counts.created, done.counts.updated) == (Status.COMPLETED, 39, 3)
    assert [record["name"] for record in found] == ["Shirt of row 42"]
