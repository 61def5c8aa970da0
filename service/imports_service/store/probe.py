"""Asks PostgreSQL whether it is there, on a connection of its own: a busy pool says nothing of the database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from imports_service.store.statements import SQL


class DatabaseProbe:
    """Keeps one connection. Made by `open_probe`."""

    def __init__(self, url: str, *, application_name: str) -> None:
        self._url = url
        self._application_name = application_name
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def ask(self) -> None:
        """Raises whatever stands in the way: the driver's errors and `ConnectionError`. The caller bounds the time."""
        try:
            await self._ask()
        except BaseException:
            self.close()
            raise

    async def _ask(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._url,
                statement_cache_size=0,
                server_settings={"application_name": self._application_name},
            )
        if await self._connection.fetchval(SQL.is_read_only):
            raise ConnectionError("it takes no writes: it is a standby")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


@asynccontextmanager
async def open_probe(url: str, *, application_name: str) -> AsyncGenerator[DatabaseProbe, None]:
    """A probe for the time of the block; it connects when it is first asked."""
    probe = DatabaseProbe(url, application_name=application_name)
    try:
        yield probe
    finally:
        probe.close()
