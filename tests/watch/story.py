"""An import that a test takes from its creation to its end, through the store, as workers would."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Self

from imports_service.commands.delete import delete_import
from imports_service.commands.update import UpdateImport, update_import
from imports_service.domain.imports import Closing, Counts, Event, EventKind, Import, ImportSpec, Status
from imports_service.domain.names import ImportName
from imports_service.ids import new_uid
from imports_service.store import events, imports
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from imports_service.watch.feeds import Feeds

ORGANIZATION = "acme"
SKUS = ImportSpec(resource_type="skus")
SEGMENTS = 10
SEGMENT_ROWS = 10

LOST = Nudges()
"""Those of another process, which do not arrive: in flight still, or lost with the listener."""


class Story:
    """One import of 100 rows in 10 segments, and the nudges of the process that changes it."""

    def __init__(self, database: Database, nudges: Nudges, name: ImportName, uid: str) -> None:
        self.database = database
        self.nudges = nudges
        self.name = name
        self.uid = uid

    @classmethod
    async def begin(
        cls,
        database: Database,
        nudges: Nudges,
        *,
        turn: int = 0,
        spec: ImportSpec = SKUS,
        organization_id: str = ORGANIZATION,
    ) -> Self:
        uid = new_uid()
        async with database.transaction() as connection:
            created = await imports.insert_import(
                connection,
                imports.NewImport(
                    organization_id=organization_id,
                    uid=uid,
                    import_id=uid,
                    etag="first",
                    spec=spec,
                    creator="insecure",
                    inputs_size=SEGMENTS * SEGMENT_ROWS,
                    segments=SEGMENTS,
                    in_order=True,
                    turn=turn,
                ),
            )
            await events.record(connection, EventKind.TRANSITION, None, created)
        nudges.changed(organization_id, uid)
        return cls(database, nudges, ImportName(organization_id, uid), uid)

    async def now(self) -> Import:
        async with self.database.connection() as connection:
            found = await imports.get_import_by_uid(connection, self.name.organization_id, self.uid)
        assert found is not None
        return found

    async def recorded(self) -> list[Event]:
        async with self.database.connection() as connection:
            return await events.events_after(connection, self.name.organization_id, self.uid, 0, 1_000)

    async def start(self, *, nudged: bool = True) -> Import:
        async with self.database.transaction() as connection:
            started = await imports.start_import(connection, self.name.organization_id, self.uid)
            assert started is not None
            await events.record(connection, EventKind.TRANSITION, Status.PENDING, started)
        if nudged:
            self.nudges.changed(self.name.organization_id, self.uid)
        return started

    async def count(self, *, created: int, failed: int = 0) -> None:
        """One segment's rows."""
        async with self.database.transaction() as connection:
            counts = Counts(created=created, failed=failed)
            assert await imports.count_rows(connection, self.name.organization_id, self.uid, counts)
        self.nudges.progressed(self.name.organization_id, self.uid)

    async def work_off(self, segments: int = SEGMENTS, *, each: Callable[[], None] = lambda: None) -> None:
        """The segments that are left, and the end; `each` is called after each."""
        for _ in range(segments):
            await self.count(created=SEGMENT_ROWS)
            each()
        async with self.database.transaction() as connection:
            ended = await imports.end_import(
                connection,
                self.name.organization_id,
                self.uid,
                not_processed_count=0,
                attachment=None,
                failed_inputs=None,
                at=datetime.now(UTC),
                retention=timedelta(days=30),
            )
            assert ended is not None
            assert ended.closing is Closing.COMPLETED
            await events.record(connection, EventKind.TRANSITION, Status.IN_PROGRESS, ended)
        self.nudges.changed(self.name.organization_id, self.uid)

    async def update(self, reference: str) -> None:
        wanted = UpdateImport(name=self.name, reference=reference)
        await update_import(wanted, database=self.database, nudges=self.nudges)

    async def delete(self) -> None:
        lease = timedelta(seconds=30)
        await delete_import(self.name, lease=lease, database=self.database, nudges=self.nudges)

    async def forget_events_up_to_now(self) -> None:
        """What the retention of events will do, once they are old enough."""
        async with self.database.transaction() as connection:
            await connection.execute("UPDATE organization_clock SET floor = seq")
            await connection.execute("DELETE FROM event")


class WatchedStory(Story):
    """One in a process that also watches it, through `feeds`."""

    feeds: Feeds

    @classmethod
    async def begin_in(
        cls, database: Database, feeds: Feeds, *, turn: int = 0, nudges: Nudges | None = None
    ) -> Self:
        """`nudges`: `LOST` when the process does not hear of what happens."""
        story = await cls.begin(database, nudges or feeds.nudges, turn=turn)
        story.feeds = feeds
        return story
