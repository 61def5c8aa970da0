"""Segments that share resources at the same time: nothing is lost, and nobody waits crosswise."""

import asyncio
import json
import random
from collections import Counter
from datetime import timedelta

from imports_service.domain.lookups import OwnNames
from imports_service.domain.resources import WrittenResource
from imports_service.store import resources
from imports_service.store.database import Connection, TransactionConflict, open_database
from tests.store.builders import NOW, ORGANIZATION, names, resource, stored

CONNECTIONS = 8
SEGMENTS_EACH = 20
ROWS = 120
SHARED = 400
NEW = 40
TRIES = 12


def key_of(number: int) -> str:
    return f"key-{number}"


def id_of(number: int) -> str:
    """Not in the order of the keys."""
    return f"{number * 7919 % 10007:05}-{number}"


def segment_of(choice: random.Random) -> list[int]:
    """Resources that one segment changes: most of them shared, some that another may be creating just now."""
    numbers = choice.sample(range(SHARED), ROWS) + choice.sample(range(SHARED, SHARED + NEW), NEW // 2)
    choice.shuffle(numbers)
    return numbers


def named_by(choice: random.Random, numbers: list[int]) -> OwnNames:
    """Half of them by key, a quarter by id, a quarter by both; new ones always by both."""
    ids, keys = [], []
    for number in numbers:
        way = choice.random() if number < SHARED else 1.0
        if way < 0.5 or way >= 0.75:
            keys.append(key_of(number))
        if way >= 0.5:
            ids.append(id_of(number))
    return names(ids=ids, keys=keys)


async def test_eight_connections_over_shared_resources_lose_nothing_and_never_deadlock(
    database_url: str,
) -> None:
    touched: Counter[str] = Counter()
    conflicts: Counter[str] = Counter()
    async with open_database(
        database_url, connections=CONNECTIONS, application_name="stress", lease=timedelta(seconds=60)
    ) as database:
        existing = [
            resource(id_of(number), key=key_of(number), attributes=b'{"touched":0}')
            for number in range(0, SHARED, 2)
        ]
        await stored(database, existing)

        async def touch(connection: Connection, numbers: list[int], named: OwnNames) -> None:
            found = await resources.lock_resources(connection, ORGANIZATION, named)
            changed = [
                WrittenResource(
                    one.resource_type,
                    one.id,
                    one.key,
                    None,
                    b'{"touched":%d}' % (json.loads(one.attributes)["touched"] + 1),
                )
                for one in found
            ]
            known = {one.id for one in found}
            created = [
                resource(id_of(number), key=key_of(number), attributes=b'{"touched":1}')
                for number in numbers
                if id_of(number) not in known
            ]
            await resources.copy_created(connection, ORGANIZATION, created, done_at=NOW, last_import="stress")
            await resources.write_changed(
                connection, ORGANIZATION, changed, done_at=NOW, last_import="stress"
            )

        async def work(seed: int) -> None:
            choice = random.Random(seed)
            for _ in range(SEGMENTS_EACH):
                numbers = segment_of(choice)
                named = named_by(choice, numbers)
                for _ in range(TRIES):
                    try:
                        async with database.transaction() as connection:
                            await touch(connection, numbers, named)
                    except TransactionConflict as conflict:
                        conflicts[conflict.facts["cause"]] += 1
                        continue
                    touched.update(map(id_of, numbers))
                    break

        async with asyncio.TaskGroup() as tasks:
            for seed in range(CONNECTIONS):
                tasks.create_task(work(seed))

        async with database.connection() as connection:
            everything = await resources.list_resources(connection, ORGANIZATION, "skus", limit=10_000)

    assert set(conflicts) <= {"UniqueViolationError"}
    assert conflicts, "nobody met: the test shows nothing"
    assert {
        one.id: json.loads(one.attributes)["touched"]
        for one in everything
        if json.loads(one.attributes)["touched"]
    } == dict(touched)
    assert sum(touched.values()) == CONNECTIONS * SEGMENTS_EACH * (ROWS + NEW // 2)
