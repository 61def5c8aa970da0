"""What really happened, written down by PostgreSQL and by nothing of the watch: one line per change that watchers
must be told.

A trigger writes the line in the transaction of the change. It is deferred: it runs when the transaction is about to
commit, and there takes a lock per organization that is held until the commit is visible. So the numbers of an
organization's lines are in the order of its commits, whatever order the service itself gave them. The lock is the last
of all that the transaction takes: who holds it waits for nothing, and nobody is held up before the commit.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.watch_properties.history import Change, History, Kind, State

INSTALL = """
CREATE TABLE change_log (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id text NOT NULL,
    uid text NOT NULL,
    before jsonb,
    after jsonb
);

CREATE INDEX change_log_by_organization ON change_log (organization_id, number);

CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed import := coalesce(NEW, OLD);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(changed.organization_id, 5));
    INSERT INTO change_log (organization_id, uid, before, after)
    VALUES (changed.organization_id, changed.uid, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER log_creation AFTER INSERT ON import DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION log_change();

CREATE CONSTRAINT TRIGGER log_update AFTER UPDATE ON import DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (
    OLD.status <> NEW.status
    OR OLD.etag <> NEW.etag
    OR OLD.interrupt_requested_at IS DISTINCT FROM NEW.interrupt_requested_at
)
EXECUTE FUNCTION log_change();

CREATE CONSTRAINT TRIGGER log_deletion AFTER DELETE ON import DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION log_change();
"""

LAST = "SELECT coalesce(max(number), 0) FROM change_log WHERE organization_id = $1"
LINES = "SELECT number, uid, before, after FROM change_log WHERE organization_id = $1 ORDER BY number"
UNFINISHED = """
SELECT count(*) FROM import WHERE organization_id = ANY ($1) AND status IN ('pending', 'in_progress')
"""
BACKENDS = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'imports-%-' || $1 || '-%'
"""
IS_LISTENER = "(query ILIKE 'LISTEN%' OR query LIKE '/* send_nudges */%' OR query = 'SELECT 1')"


class Oracle:
    """The log of the test's database, and the connection that reads it (and cuts others')."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool

    async def last(self, organization_id: str) -> int:
        """The number of the organization's last line: all up to it has been committed."""
        return int(await self.pool.fetchval(LAST, organization_id))

    async def history(self, organization_id: str) -> History:
        """All lines of the organization so far."""
        return History([_change_of(record) for record in await self.pool.fetch(LINES, organization_id)])

    async def unfinished(self, organization_ids: list[str]) -> int:
        """How many imports of the organizations have not ended."""
        return int(await self.pool.fetchval(UNFINISHED, organization_ids))

    async def cut_listener(self, pid: int) -> int:
        """Terminate the connection on which that process listens; how many there were."""
        return len(await self.pool.fetch(f"{BACKENDS} AND {IS_LISTENER}", str(pid)))

    async def cut_backends(self, pid: int, dice: int) -> int:
        """Terminate some two thirds of that process's connections, whatever they do."""
        some = "AND hashtextextended(pid::text, $2) % 3 <> 0"
        return len(await self.pool.fetch(f"{BACKENDS} {some}", str(pid), dice))


@asynccontextmanager
async def installed(database_url: str, *, before: str = "") -> AsyncIterator[Oracle]:
    """The oracle of a migrated database. `before`: statements to run there before anything else."""
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=4, server_settings={"application_name": "the-oracle"}
    ) as pool:
        await pool.execute(before + INSTALL)
        yield Oracle(pool)


def _change_of(record: asyncpg.Record) -> Change:
    before, after = _state_of(record["before"]), _state_of(record["after"])
    if after is None:
        kind = Kind.DELETED
    elif before is None or before.status != after.status:
        kind = Kind.TRANSITION
    else:
        kind = Kind.SNAPSHOT
    return Change(record["number"], kind, record["uid"], before, after)


def _state_of(row: str | None) -> State | None:
    if row is None:
        return None
    import_ = json.loads(row)
    return State(
        import_id=import_["import_id"],
        status=import_["status"],
        etag=import_["etag"],
        is_asked_to_end=import_["interrupt_requested_at"] is not None,
        resource_type=import_["resource_type"],
        reference=import_["reference"] or "",
        counts=(
            import_["created_count"],
            import_["updated_count"],
            import_["unchanged_count"],
            import_["errors_count"],
            import_["warnings_count"],
            import_["not_processed_count"],
        ),
    )
