"""The run's PostgreSQL: one server, one migrated template, a clone for whoever asks."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg

from imports_service.store.migrate import migrate

TEMPLATE = "imports_template"


def url_of(server_url: str, database: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(server_url)._replace(path=f"/{database}").geturl()


class Cluster:
    """Makes databases on one server; `url` opens the server's own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = itertools.count(1)

    async def make_template(self) -> None:
        await self._execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(url_of(self.url, TEMPLATE))

    @contextlib.asynccontextmanager
    async def clone(self, *, template: str = TEMPLATE) -> AsyncIterator[str]:
        """The URL of a database of one's own; it goes with everybody's connections to it."""
        name = f"test_{next(self._numbers)}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield url_of(self.url, name)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
