"""The oracle on a database that goes away: its reads are asked again until there is an answer."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from tests.eventually import eventually
from tests.watch_properties.history import History
from tests.watch_properties.oracle import Oracle

AWAY_SECONDS = 120.0

Answer = TypeVar("Answer")

SOME_BACKENDS = """
SELECT pg_terminate_backend(pid)
FROM (
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'imports-%'
    ORDER BY random()
    LIMIT $1
) AS chosen
"""


class PatientOracle(Oracle):
    """Survives restarts of PostgreSQL and the end of its own connections."""

    async def last(self, organization_id: str) -> int:
        return await _patiently(lambda: super(PatientOracle, self).last(organization_id))

    async def history(self, organization_id: str) -> History:
        return await _patiently(lambda: super(PatientOracle, self).history(organization_id))

    async def cut_some(self, count: int) -> int:
        """Terminate so many connections of all processes, whatever they do; how many there were."""
        return len(await self.pool.fetch(SOME_BACKENDS, count))

    async def rows(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """What the statement reads."""
        return await _patiently(lambda: self.pool.fetch(statement, *arguments))

    async def value(self, statement: str, *arguments: object) -> Any:
        """The first value of the first row."""
        return await _patiently(lambda: self.pool.fetchval(statement, *arguments))

    async def execute(self, statement: str, *arguments: object) -> None:
        """For statements that are harmless to run again."""
        await _patiently(lambda: self.pool.execute(statement, *arguments))


async def _patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    answers: list[Answer] = []

    async def is_answered() -> bool:
        try:
            answers.append(await ask())
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as away:
            raise AssertionError(f"the database is away: {away}") from away
        except (asyncpg.OperatorInterventionError, asyncpg.InternalClientError) as away:
            raise AssertionError(f"the database is away: {away}") from away
        return True

    await eventually(is_answered, AWAY_SECONDS, "an answer of the database", every=0.1)
    return answers[0]
