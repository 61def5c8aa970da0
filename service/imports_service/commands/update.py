"""Changing what a caller may change of an import: its reference, the reference's origin, its metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateImport:
    """The values of the request and its mask: empty means the values that are not empty, `*` all three."""

    name: ImportName
    update_mask: Sequence[str] = ()
    reference: str | None = None
    reference_origin: str | None = None
    metadata: dict[str, Any] | None = None
    etag: str | None = None


async def update_import(wanted: UpdateImport, *, database: Database, nudges: Nudges) -> Import:
    raise NotImplementedError
