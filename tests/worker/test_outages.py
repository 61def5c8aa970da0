"""Parts that go away under the workers: nothing is lost, nothing is there twice, and nobody is blamed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs

from imports_service.domain.errors import Unavailable
from imports_service.domain.imports import Closing, Status
from imports_service.objects.store import Objects, open_objects
from imports_service.store import claims, units
from imports_service.store.database import Database
from imports_service.store.units import Claimed
from imports_service.worker import attempts, housekeeping
from imports_service.worker.equipment import Equipment
from imports_service.worker.housekeeping import keep_house, rescue_units
from imports_service.worker.leases import Held, Leases
from tests.commands.documents import skus
from tests.eventually import eventually
from tests.store.builders import import_now
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


async def test_nothing_starts_while_the_store_is_known_to_be_away(
    database: Database, objects: Objects
) -> None:
    equipment = equipped(database, objects)
    import_ = await created(equipment, skus(20))
    for _ in range(2):
        objects.pulse.failed("no answer", is_silence=True)
    try:
        async with working(equipment):
            await eventually(lambda: not equipment.nudges.work_wanted.is_set(), 5, "a turn of the worker")
            meanwhile = await import_now(database, import_)
            objects.pulse.answered()
            done = await ended(equipment, import_)
    finally:
        objects.pulse.answered()  # the store serves other tests

    assert meanwhile.status is Status.PENDING
    assert done.counts.created == 20


async def test_what_goes_wrong_once_the_lease_is_lost_is_nobodys_fault(
    database: Database, objects: Objects
) -> None:
    """A closing that stood still reads what others have moved and deleted meanwhile."""
    equipment = equipped(database, objects)
    import_ = await created(equipment, skus(20))
    claimed = await claimed_unit(equipment)

    async def work(held: Held) -> None:
        async with database.transaction() as connection:
            await units.release(connection, claimed, delay=timedelta(0), counts=False, max_attempts=5)
        raise ValueError("there is nothing any more")

    with capture_logs() as lines:
        is_done = await attempts.run(
            equipment, Leases(database, lease=equipment.settings.lease), claimed, work
        )

    assert is_done
    assert [(line["event"], line["log_level"]) for line in lines] == [("lease lost", "warning")]
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT max(attempts) FROM unit") == 0
    assert (await import_now(database, import_)).closing is None


async def test_a_unit_that_cannot_be_handed_back_is_handed_back_later_and_costs_no_attempt(
    database: Database, objects: Objects, database_url: str
) -> None:
    """Its lease has long lapsed by then."""
    equipment = equipped(database, objects, lease_seconds=0.5, max_attempts=1)
    import_ = await created(equipment, skus(20))
    claimed = await claimed_unit(equipment)
    leases = Leases(database, lease=equipment.settings.lease)
    other = await asyncpg.connect(database_url)
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(leases.keep())
            async with other.transaction():
                await other.execute("SELECT FROM unit WHERE state = 'leased' FOR UPDATE")
                is_done = await attempts.run(equipment, leases, claimed, outage)
                await eventually(lambda: has_lapsed(database), 10, "the end of the lease")
            await leases.settled()
            keeper.cancel()
        unit = await other.fetchrow("SELECT state, attempts FROM unit WHERE segment = 0")
    finally:
        await other.close()

    assert not is_done
    assert unit is not None
    assert tuple(unit) == ("ready", 0)
    assert (await import_now(database, import_)).closing is None


async def outage(held: Held) -> None:
    raise Unavailable("the database is away", reason="DATABASE_UNAVAILABLE")


async def claimed_unit(equipment: Equipment) -> Claimed:
    async with equipment.database.transaction() as connection:
        claimed = await claims.claim(connection, worker=equipment.worker, lease=equipment.settings.lease)
    assert isinstance(claimed, Claimed)
    return claimed


async def has_lapsed(database: Database) -> bool:
    async with database.connection() as connection:
        return bool(
            await connection.fetchval("SELECT bool_and(lease_until < now()) FROM unit WHERE state = 'leased'")
        )


async def test_what_lapsed_in_an_outage_is_rescued_only_when_the_living_had_time(
    database: Database, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    equipment = equipped(database, objects, lease_seconds=0.2, max_attempts=1)
    import_ = await created(equipment, skus(20))
    await claimed_unit(equipment)
    await eventually(lambda: has_lapsed(database), 10, "the end of the lease")

    database.pulse.failed("refused")
    database.pulse.answered()
    await rescue_units(equipment)
    in_grace = await import_now(database, import_)
    monkeypatch.setattr(housekeeping, "GRACE", 0.0)
    monkeypatch.setattr(housekeeping, "GRACE_SECONDS", 0.0)
    await rescue_units(equipment)
    after = await import_now(database, import_)

    assert in_grace.closing is None
    assert after.closing is Closing.FAULT
