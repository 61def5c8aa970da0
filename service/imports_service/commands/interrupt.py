"""Interrupting an import: asking for its end."""

from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges


async def interrupt_import(name: ImportName, *, database: Database, nudges: Nudges) -> Import:
    raise NotImplementedError
