"""Changing what a caller may change of an import: its reference, the reference's origin, its metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from imports_service.commands.etags import check_etag, new_etag
from imports_service.domain.errors import FieldViolation, ImportNotFound, InvalidArgument
from imports_service.domain.imports import EventKind, Import
from imports_service.domain.names import ImportName
from imports_service.store.conflicts import settle
from imports_service.store.database import Database
from imports_service.store.events import record
from imports_service.store.imports import lock_import, update_import_fields
from imports_service.store.nudges import Nudges

UPDATABLE = ("reference", "reference_origin", "metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateImport:
    """The values of the request and its mask: empty means the values that are not empty, `*` all three."""

    name: ImportName
    update_mask: Sequence[str] = ()
    reference: str | None = None
    reference_origin: str | None = None
    metadata: dict[str, Any] | None = None
    etag: str | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The new values by name, an empty text as None. Raises `InvalidArgument` for a path that is none."""
        given = {
            "reference": self.reference or None,
            "reference_origin": self.reference_origin or None,
            "metadata": self.metadata or {},
        }
        if not self.update_mask:
            return {path: value for path, value in given.items() if value}
        if list(self.update_mask) == ["*"]:
            return given
        if foreign := [path for path in self.update_mask if path not in UPDATABLE]:
            raise InvalidArgument(
                FieldViolation("update_mask", f"{', '.join(foreign)}: only {', '.join(UPDATABLE)} can change")
            )
        return {path: given[path] for path in self.update_mask}


async def update_import(wanted: UpdateImport, *, database: Database, nudges: Nudges) -> Import:
    """The import with the changes, in whatever status. Where nothing differs nothing is written or told.

    Raises `InvalidArgument`, `ImportNotFound` and `EtagMismatch`.
    """
    name, changes = wanted.name, wanted.changes

    async def update() -> tuple[Import, bool]:
        async with database.transaction() as connection:
            found = await lock_import(connection, name.organization_id, name.import_id)
            if found is None:
                raise ImportNotFound(str(name))
            check_etag(found, wanted.etag)
            present = {path: getattr(found.spec, path) for path in UPDATABLE}
            if present | changes == present:
                return found, False
            updated = await update_import_fields(
                connection,
                name.organization_id,
                found.uid,
                spec=msgspec.structs.replace(found.spec, **changes),
                etag=new_etag(),
            )
            if updated is None:
                raise AssertionError(f"{name} is locked and yet gone")
            await record(connection, EventKind.SNAPSHOT, None, updated, before=found)
            return updated, True

    updated, is_changed = await settle(update)
    if is_changed:
        nudges.changed(name.organization_id, updated.uid)
    return updated
