"""Imports that change when the benchmark says so, by the service's own statements: no worker knows of them."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import msgspec

from imports_service.commands.etags import new_etag
from imports_service.commands.update import UpdateImport, update_import
from imports_service.domain.imports import EventKind, ImportSpec, Status
from imports_service.domain.names import ImportName
from imports_service.ids import new_uid
from imports_service.store import events, imports
from imports_service.store.database import Connection, Database
from imports_service.store.nudges import Nudges

ROWS = 1_000


class Timed:
    """A database that notes when its last transaction was about to commit, in ns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.committing_at = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection, None]:
        async with self._database.transaction() as connection:
            yield connection
            self.committing_at = time.monotonic_ns()


class Changes:
    """Makes imports and changes them; every change says when its commit began, in ns."""

    def __init__(self, database: Database, nudges: Nudges) -> None:
        self._database = database
        self._timed = Timed(database)
        self._nudges = nudges

    async def create(self, organization_ids: Sequence[str], each: int) -> list[ImportName]:
        """So many pending imports in each organization."""
        names = []
        for organization_id in organization_ids:
            async with self._database.transaction() as connection:
                for _ in range(each):
                    uid = new_uid()
                    created = await imports.insert_import(
                        connection,
                        imports.NewImport(
                            organization_id=organization_id,
                            uid=uid,
                            import_id=uid,
                            etag="first",
                            spec=ImportSpec(resource_type="skus", reference="before"),
                            creator="insecure",
                            inputs_size=ROWS,
                            segments=1,
                            in_order=True,
                            turn=0,
                        ),
                    )
                    await events.record(connection, EventKind.TRANSITION, None, created)
                    names.append(ImportName(organization_id, uid))
        return names

    async def start(self, names: Sequence[ImportName]) -> int:
        """A transition of all these imports, pending to in progress, in one commit."""
        async with self._timed.transaction() as connection:
            for name in names:
                started = await imports.start_import(connection, name.organization_id, name.import_id)
                if started is None:
                    raise ValueError(f"{name} is not pending")
                await events.record(connection, EventKind.TRANSITION, Status.PENDING, started)
        for name in names:
            self._nudges.changed(name.organization_id, name.import_id)
        return self._timed.committing_at

    async def touch(self, names: Sequence[ImportName], reference: str) -> int:
        """A new reference for all these imports in one commit; recorded and told like a transition."""
        async with self._timed.transaction() as connection:
            for name in names:
                found = await imports.lock_import(connection, name.organization_id, name.import_id)
                if found is None:
                    raise ValueError(f"{name} is gone")
                spec = msgspec.structs.replace(found.spec, reference=reference)
                updated = await imports.update_import_fields(
                    connection, name.organization_id, found.uid, spec=spec, etag=new_etag()
                )
                if updated is None:
                    raise ValueError(f"{name} is gone")
                await events.record(connection, EventKind.SNAPSHOT, None, updated)
        for name in names:
            self._nudges.changed(name.organization_id, name.import_id)
        return self._timed.committing_at

    async def update(self, name: ImportName, reference: str) -> int:
        """What UpdateImport does, in this process."""
        wanted = UpdateImport(name=name, reference=reference)
        await update_import(wanted, database=cast("Database", self._timed), nudges=self._nudges)
        return self._timed.committing_at
