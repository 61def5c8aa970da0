"""Deleting an import: its row, its outcomes and its objects; never what it imported."""

from datetime import timedelta

from imports_service.domain.names import ImportName
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges


async def delete_import(
    name: ImportName,
    *,
    etag: str | None = None,
    allow_missing: bool = False,
    lease: timedelta,
    database: Database,
    nudges: Nudges,
) -> None:
    raise NotImplementedError
