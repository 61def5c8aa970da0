"""Turns: the bound on waiting, and equal rows for all who wait. Claims only, no row is processed."""

import asyncio
import random
from collections import Counter

import pytest

from imports_service.store import claims, lanes, waiting
from imports_service.store.claims import ReleaseDue
from imports_service.store.database import Database
from tests.store.builders import LEASE, claimed_by, claimed_unit, created_import
from tests.store.turns import Turns

ORGANIZATIONS = [f"org-{number}" for number in range(7)]
WORKERS = 4


@pytest.fixture
def turns(database: Database) -> Turns:
    return Turns(database)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_comes_sleeps_and_wakes_nobody_waits_longer_than_a_turn_of_each_other(
    turns: Turns, seed: int
) -> None:
    draw = random.Random(seed)
    sizes = {organization_id: draw.choice([1, 20, 300, 5000]) for organization_id in ORGANIZATIONS}
    for _ in range(160):
        way = draw.random()
        if way < 0.15:
            organization_id = draw.choice(ORGANIZATIONS)
            await turns.create(
                organization_id,
                segments=draw.choice([1, 1, 4, 12]),
                rows=sizes[organization_id],
                in_order=draw.random() < 0.4,
            )
        elif way < 0.6 and len(turns.running) < WORKERS:
            await turns.claim()
        elif turns.running:
            await turns.finish(draw.choice(turns.running))

    assert len(turns.waits) > 5
    assert [wait.given for wait in turns.waits if set(wait.given.values()) - {1}] == []
    assert turns.unfair == []


async def test_of_a_hundred_organizations_the_one_with_a_thousand_segments_takes_nobodys_turn(
    database: Database,
) -> None:
    await created_import(database, "large", segments=1000, rows=5000)
    for number in range(99):
        await created_import(database, f"org-{number:02}", segments=2, rows=5000)
    given: list[str] = []
    over_before: dict[str, int] = {}
    """How many claims were over when the first one for an organization began."""
    newcomer_after = 20

    async def work(worker: str) -> None:
        while len(given) < 240:
            over = len(given)
            claimed = await claimed_by(database, worker)
            if claimed is not None:  # otherwise the others hold every lane for a moment
                given.append(claimed.organization_id)
                over_before.setdefault(claimed.organization_id, over)
                if len(given) == newcomer_after:
                    await created_import(database, "newcomer", rows=5000)

    async with asyncio.TaskGroup() as tasks:
        for number in range(WORKERS):
            tasks.create_task(work(f"worker-{number}"))

    over_before["newcomer"] -= newcomer_after
    assert len(over_before) == 101
    assert {name: over for name, over in over_before.items() if over > 100 + WORKERS} == {}
    busy = Counter(given[: 2 * 99])
    assert busy["large"] <= 2 + WORKERS


@pytest.mark.parametrize("is_awake", [False, True])
async def test_who_runs_in_order_has_no_credit_for_the_turns_it_could_not_take(
    turns: Turns, is_awake: bool
) -> None:
    await turns.create("slow", segments=5, rows=100, in_order=True)
    await turns.create("busy", segments=40, rows=100)
    await turns.claim_many(20)
    if is_awake:
        await turns.finish(next(each for each in turns.running if each.organization_id == "slow"))

    await turns.create("slow", segments=20, rows=100)

    soon = Counter(await turns.claim_many(8))
    assert soon == {"busy": 4, "slow": 4}


async def test_who_comes_while_one_rests_far_behind_has_no_credit_either(turns: Turns) -> None:
    await turns.create("resting", segments=2, rows=100, in_order=True)
    await turns.create("busy", segments=40, rows=100)
    await turns.claim_many(20)

    await turns.create("new", segments=20, rows=100)

    soon = Counter(await turns.claim_many(8))
    assert soon == {"busy": 4, "new": 4}


async def test_a_rest_that_nobody_ends_gives_no_credit(database: Database, turns: Turns) -> None:
    """A wake-up is lost, or a unit was handed back with a delay."""
    await turns.create("resting", segments=2, rows=100, in_order=True)
    await turns.create("busy", segments=40, rows=100)
    await turns.claim_many(20)
    async with database.transaction() as connection:
        await connection.execute("UPDATE unit SET state = 'ready' WHERE state = 'waiting'")
        await connection.execute("UPDATE lane SET wake_at = now() WHERE rests")
    assert (await claimed_unit(database)).organization_id == "resting"
    await created_import(database, "resting", segments=20, rows=100)

    soon = Counter([(await claimed_unit(database)).organization_id for _ in range(8)])

    assert soon["busy"] >= 4


async def test_who_begins_anew_owes_nothing(turns: Turns) -> None:
    for number in range(5):
        await turns.create(f"small-{number}", segments=50, rows=1)
    for _ in range(3):
        await turns.create("large", rows=5000)
        soon = await turns.claim_many(6)
        assert "large" in soon
        for claimed in [each for each in turns.running if each.organization_id == "large"]:
            await turns.finish(claimed)


async def test_who_begins_anew_again_and_again_overtakes_nobody_twice(turns: Turns) -> None:
    await turns.create("waiting", segments=2, rows=5000)
    await turns.claim_many(1)
    await turns.create("a", rows=1)
    await turns.create("b", rows=1)
    given: list[str] = []
    while "b" not in given:
        given += await turns.claim_many(1)
        for claimed in [each for each in turns.running if each.organization_id == "a"]:
            await turns.finish(claimed)
            await turns.create("a", rows=1)

    assert given.count("a") <= 1


async def test_a_small_import_passes_two_large_ones_of_its_own_organization_that_are_half_done(
    turns: Turns,
) -> None:
    await turns.create("acme", segments=100, rows=5000)
    await turns.create("acme", segments=100, rows=5000)
    await turns.claim_many(50)
    small = await turns.create("acme", rows=1)

    soon = [await turns.claim() for _ in range(3)]

    assert small.uid in [claimed.import_uid for claimed in soon if claimed]


async def test_a_small_import_passes_its_organizations_import_that_runs_in_order(turns: Turns) -> None:
    """Also when the organization had to let many others pass."""
    await turns.create("busy", segments=100, rows=5000)
    await turns.create("acme", segments=50, rows=5000, in_order=True)
    await turns.create("acme", segments=50, rows=5000)
    for _ in range(40):
        claimed = await turns.claim()
        if claimed is not None:
            await turns.finish(claimed)
    small = await turns.create("acme", rows=1)

    soon: list[str] = []
    while len(soon) < 3:
        claimed = await turns.claim()
        assert claimed is not None
        if claimed.organization_id == "acme":
            soon.append(claimed.import_uid)
        await turns.finish(claimed)

    assert small.uid in soon


async def test_an_import_has_no_credit_for_having_waited_for_others(database: Database) -> None:
    first = await created_import(database, segments=20, rows=100)
    await created_import(database, segments=20, rows=100, after=[first])
    async with database.transaction() as connection:
        assert isinstance(await claims.claim(connection, worker="worker", lease=LEASE), ReleaseDue)
    for _ in range(20):
        await claimed_unit(database)
    await created_import(database, segments=20, rows=100)
    waited = await created_import(database, segments=20, rows=100)
    async with database.transaction() as connection:
        turn = await lanes.get_unit_turn(connection, "acme")
        await connection.execute("UPDATE import SET status = 'in_progress' WHERE uid = $1", first.uid)
        [releasable] = [
            waiting.Releasable(str(each["uid"]), False, each["turn"])
            for each in await connection.fetch("SELECT uid, turn FROM import WHERE after <> '{}'")
        ]
        assert await waiting.release(connection, "acme", releasable, turn=turn)
        await lanes.wake_lane(connection, "acme")

    soon = Counter([(await claimed_unit(database)).import_uid for _ in range(9)])

    assert soon[waited.uid] == soon[releasable.uid] == 3
