"""What a segment's transaction works on: the organization's environment, or a rehearsal's overlay over it.

The one place that knows the difference. Both are asked and told in the same words; each lives for one transaction.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from imports_service.checkpoints import Checkpoints
from imports_service.domain.fold import Folded
from imports_service.domain.imports import Import
from imports_service.domain.lookups import OwnNames, References, Wanted
from imports_service.domain.outcomes import SegmentOutcomes
from imports_service.domain.resources import StoredResource
from imports_service.domain.row_changes import FORESEEN, ChangeRecorder
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.ids import TIME_DIGITS, id_stream
from imports_service.store import rehearsals, resources
from imports_service.store.database import Connection

_FORESEEN_ID = re.compile(rf"\w{{{TIME_DIGITS}}}{FORESEEN}\w+")


class Environment(Protocol):
    """Answers what the fold asks, and takes what it leaves behind. `recorder` is None where nobody asks for changes."""

    recorder: ChangeRecorder | None

    def new_ids(self, expected: int) -> Iterator[str]:
        """Ascending ids for new resources."""

    async def look_up_references(self, wanted: Wanted) -> References:
        """What there is of the resources wanted."""

    async def read(self, named: OwnNames) -> list[StoredResource]:
        """Every resource that may change; nobody else changes it before the transaction ends, where that matters."""

    async def write(self, folded: Folded, done_at: datetime) -> None:
        """Keep what the rows have made, changed and removed."""

    def outcomes(self, folded: Folded) -> SegmentOutcomes:
        """What became of the rows, as callers may see it."""


def environment_of(imported: Import, connection: Connection, checkpoints: Checkpoints) -> Environment:
    """What the import's segments work on, over the connection of a segment's transaction."""
    return (
        Rehearsed(imported, connection) if imported.validate_only else Real(imported, connection, checkpoints)
    )


class Real:
    """The environment itself: what may change is locked, what has changed is written."""

    def __init__(self, imported: Import, connection: Connection, checkpoints: Checkpoints) -> None:
        self.recorder: ChangeRecorder | None = None
        self._checkpoints = checkpoints
        self._imported = imported
        self._organization_id = imported.organization_id
        self._connection = connection

    def new_ids(self, expected: int) -> Iterator[str]:
        return id_stream(expected)

    async def look_up_references(self, wanted: Wanted) -> References:
        return await resources.look_up_references(self._connection, self._organization_id, wanted)

    async def read(self, named: OwnNames) -> list[StoredResource]:
        return await resources.lock_resources(self._connection, self._organization_id, named)

    async def write(self, folded: Folded, done_at: datetime) -> None:
        connection, organization_id = self._connection, self._organization_id
        last_import = self._imported.import_id
        if folded.removed:
            await resources.delete_removed(connection, organization_id, folded.removed)
        if folded.created:
            await resources.copy_created(
                connection, organization_id, folded.created, done_at=done_at, last_import=last_import
            )
        await self._checkpoints.reach("created-written")
        if folded.changed:
            await resources.write_changed(
                connection, organization_id, folded.changed, done_at=done_at, last_import=last_import
            )

    def outcomes(self, folded: Folded) -> SegmentOutcomes:
        return folded.outcomes


class Rehearsed:
    """The environment as the rehearsal's own earlier rows would have left it: read without locks, written beside it."""

    def __init__(self, imported: Import, connection: Connection) -> None:
        self.recorder: ChangeRecorder | None = ChangeRecorder()
        self._place = (connection, imported.organization_id, imported.uid)

    def new_ids(self, expected: int) -> Iterator[str]:
        return map(_foreseen, id_stream(expected))

    async def look_up_references(self, wanted: Wanted) -> References:
        return await rehearsals.look_up_references(*self._place, wanted)

    async def read(self, named: OwnNames) -> list[StoredResource]:
        return await rehearsals.read_resources(*self._place, named)

    async def write(self, folded: Folded, done_at: datetime) -> None:
        written = [*folded.created, *folded.changed]
        if written or folded.removed:
            await rehearsals.write_resources(*self._place, written, folded.removed, done_at=done_at)

    def outcomes(self, folded: Folded) -> SegmentOutcomes:
        """Without the ids of resources that would be created, and of those made up for earlier rows."""
        outcomes = folded.outcomes
        ids = [
            "" if code == Outcome.CREATED or FORESEEN in resource_id else resource_id
            for code, resource_id in zip(outcomes.codes, outcomes.ids, strict=True)
        ]
        issues = {place: tuple(map(_without_ids, said)) for place, said in outcomes.issues.items()}
        return replace(outcomes, ids=ids, issues=issues)


def _foreseen(resource_id: str) -> str:
    """The id with the mark of one that is made up: as long as it was, and in the order of time still."""
    return resource_id[:TIME_DIGITS] + FORESEEN + resource_id[TIME_DIGITS + 1 :]


def _without_ids(issue: Issue) -> Issue:
    if issue.code is not Code.ID_IGNORED:
        return issue
    return replace(issue, message=_FORESEEN_ID.sub("that the import gives it", issue.message))
