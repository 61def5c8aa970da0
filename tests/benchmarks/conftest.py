"""Changes by a process that does not serve the watches: their nudges travel."""

from collections.abc import AsyncIterator

import pytest

from benchmarks.changes import Changes
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges, open_nudges


@pytest.fixture
async def nudges(database_url: str) -> AsyncIterator[Nudges]:
    async with open_nudges(database_url, application_name="imports-test") as nudges:
        yield nudges


@pytest.fixture
def changes(database: Database, nudges: Nudges) -> Changes:
    return Changes(database, nudges)
