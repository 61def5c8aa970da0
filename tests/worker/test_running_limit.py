"""How many segments of one organization run at once, with workers that do the work."""

from imports_service.domain.imports import Closing
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from tests.worker.addresses import addresses
from tests.worker.working import created, ended, equipped, named, working

MOST = 2
WATCHFUL = f"""
CREATE FUNCTION count_running() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (
        SELECT count(*) FROM unit
        WHERE organization_id = NEW.organization_id AND state = 'leased' AND segment >= 0
    ) > {MOST} THEN
        RAISE 'too many segments run';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER running AFTER UPDATE ON unit FOR EACH ROW WHEN (NEW.state = 'leased') EXECUTE FUNCTION count_running()
"""


async def test_three_workers_keep_to_the_limit_and_lose_no_time_by_it(
    database: Database, objects: Objects
) -> None:
    """A lane that is not woken rests for a second: forty segments would take twenty."""
    first = equipped(database, objects, max_running_segments=MOST)
    workers = [first, named(first, "second"), named(first, "third")]
    async with database.connection() as connection:
        await connection.execute(WATCHFUL)
    import_ = await created(first, addresses(400), resource_type="addresses")
    other = await created(first, addresses(20), resource_type="addresses", organization_id="other")

    async with working(*workers):
        done = await ended(first, import_)
        assert (await ended(first, other)).closing is Closing.COMPLETED

    assert (done.closing, done.counts.created) == (Closing.COMPLETED, 400)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM unit WHERE attempts > 0") == 0
