"""Parts that go away under the workers: nothing is lost, nothing is there twice, and nobody is blamed."""

import asyncio
from dataclasses import replace

import asyncpg
from structlog.testing import capture_logs

from imports_service.domain.imports import Closing
from imports_service.objects.store import Objects, open_objects
from imports_service.store.database import Database
from imports_service.worker.housekeeping import keep_house
from tests.commands.documents import skus
from tests.eventually import eventually
from tests.worker.addresses import addresses
from tests.worker.working import created, ended, equipped, named, working

DROP_HALF = """
SELECT count(pg_terminate_backend(pid))
FROM pg_stat_activity
WHERE application_name = 'imports-test' AND datname = current_database() AND xact_start IS NOT NULL AND random() < 0.5
"""
HOLDINGS = """
SELECT (SELECT count(*) FROM resource) AS resources,
    (SELECT sum(created_count) FROM outcome) AS outcomes,
    (SELECT sum(created_count) FROM import) AS counted,
    (SELECT count(*) FROM event) AS events
"""


async def test_transactions_that_are_cut_off_again_and_again_cost_nothing(
    database: Database, objects: Objects, database_url: str
) -> None:
    equipment = equipped(database, objects, lease_seconds=2)
    imports = [
        await created(equipment, addresses(200), resource_type="addresses"),
        await created(equipment, skus(200)),
    ]
    other = await asyncpg.connect(database_url)
    stop = asyncio.Event()
    dropped = 0

    async def drop_some() -> bool:
        nonlocal dropped
        dropped += int(await other.fetchval(DROP_HALF))
        return dropped >= 8

    try:
        async with working(equipment, named(equipment, "second")), asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_house(equipment, stop))
            await eventually(drop_some, 20, "eight cut off transactions", every=0.03)
            for import_ in imports:
                assert (await ended(equipment, import_, within=30)).closing is Closing.COMPLETED
            stop.set()
        holdings = await other.fetchrow(HOLDINGS)
    finally:
        await other.close()

    assert holdings is not None
    assert tuple(holdings) == (400, 400, 400, 6)


async def test_a_store_that_is_away_costs_no_attempt(database: Database, objects: Objects) -> None:
    equipment = equipped(database, objects)
    import_ = await created(equipment, skus(20))
    async with open_objects(
        bucket="away",
        endpoint_url="http://127.0.0.1:1",
        region="us-east-1",
        access_key="nobody",
        secret_key="nothing",
    ) as away:
        with capture_logs() as lines:
            async with working(replace(equipment, objects=away)):
                await eventually(lambda: "a part is away" in [line["event"] for line in lines], 20, "a try")

    async with working(equipment):
        done = await ended(equipment, import_)

    assert (done.closing, done.counts.created) == (Closing.COMPLETED, 20)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT max(attempts) FROM unit") == 0
