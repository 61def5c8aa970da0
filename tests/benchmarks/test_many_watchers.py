"""The quick form of `make bench ONLY=watching`: a thousand watchers of one process, without a bound on time."""

import time

import pytest

from benchmarks.broadcast import Figures, measure_ours
from benchmarks.changes import Changes
from benchmarks.sizes import WatchingSize
from tests.conftest import SpawnService

WATCHERS = 1_000
SIZE = WatchingSize(watchers=WATCHERS, rounds=2, settle_seconds=0.3, idle_seconds=0.0, within=30.0)
ALLOWED_KIB = 60
"""Each. The bench holds it to 40; here a service that has just started is what is measured from."""


@pytest.mark.alone
@pytest.mark.parametrize(
    ("organizations", "each"),
    [
        pytest.param(4, 25, id="of-100-imports"),
        pytest.param(1, 1, id="of-one-import"),
    ],
)
async def test_a_thousand_watchers_are_all_let_in_told_of_every_change_and_sent_away(
    organizations: int, each: int, changes: Changes, spawn_service: SpawnService
) -> None:
    figures = await measured(organizations, each, changes, spawn_service)

    assert (figures.opened, figures.refused) == (WATCHERS, {})
    assert figures.told == [WATCHERS] * SIZE.rounds
    assert figures.ended == {"UNAVAILABLE": WATCHERS}
    assert figures.kib_each < ALLOWED_KIB


async def measured(organizations: int, each: int, changes: Changes, spawn_service: SpawnService) -> Figures:
    process = await spawn_service(IMPORTS_ROLE="api")
    names = await changes.create([f"organization-{number}" for number in range(organizations)], each)

    async def stop() -> int:
        began = time.monotonic_ns()
        process.process.terminate()
        return began

    return await measure_ours(process.address, process.pid, names, changes, stop, SIZE)
