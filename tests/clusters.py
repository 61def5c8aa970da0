"""The run's PostgreSQL: one server, one migrated template, a clone for whoever asks."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg

from imports_service.store.distribute import DISTRIBUTED, LOCAL
from imports_service.store.migrate import migrate

TEMPLATE = "imports_template"


def url_of(server_url: str, database: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(server_url)._replace(path=f"/{database}").geturl()


class Cluster:
    """Makes databases on one server; `url` opens the server's own.

    A clone is 300 files and takes a fifth of a second. With `works_ahead` the next one is made while a test has
    the last; the cluster then has to be closed.
    """

    def __init__(self, url: str, *, works_ahead: bool = False) -> None:
        self.url = url
        self._works_ahead = works_ahead
        self._numbers = itertools.count(1)
        self._ahead: asyncio.Task[str] | None = None

    async def make_template(self) -> None:
        await self._execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(url_of(self.url, TEMPLATE))

    @contextlib.asynccontextmanager
    async def clone(self) -> AsyncIterator[str]:
        """The URL of a migrated database of one's own; it goes with everybody's connections to it."""
        name = await (self._ahead or self._create(TEMPLATE))
        if self._works_ahead:
            self._ahead = asyncio.create_task(self._create(TEMPLATE), name="the next clone")
        async with self._dropped_at_the_end(name) as url:
            yield url

    @contextlib.asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """The URL of a database of one's own without our schema."""
        async with self._dropped_at_the_end(await self._create("template1")) as url:
            yield url

    @contextlib.asynccontextmanager
    async def plain(self) -> AsyncIterator[str]:
        """The URL of a migrated database of one's own that nobody has distributed."""
        async with self.clone() as url:
            yield url

    async def close(self) -> None:
        if self._ahead is not None:
            await self._ahead

    @contextlib.asynccontextmanager
    async def _dropped_at_the_end(self, name: str) -> AsyncIterator[str]:
        try:
            yield url_of(self.url, name)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class SuppliedDatabase(Cluster):
    """One database that is there already, migrated and distributed, for one test after the other.

    A distributed database can't be cloned: this one is emptied after each test. It has to be empty at the start, so
    that nobody's data goes; its server has to let us make databases for the tests that need a bare one.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._is_taken = False

    async def make_template(self) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            for table in (*DISTRIBUTED, *LOCAL):
                if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
                    raise RuntimeError(
                        f"{table} has rows, and tests empty it: give a database that is for tests only"
                    )
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def clone(self) -> AsyncIterator[str]:
        """The database itself, emptied at the end."""
        if self._is_taken:
            raise RuntimeError("this test needs two databases at once, and one was supplied")
        self._is_taken = True
        try:
            yield self.url
        finally:
            await self._execute(f"TRUNCATE {', '.join((*DISTRIBUTED, *LOCAL))}")
            self._is_taken = False

    @contextlib.asynccontextmanager
    async def plain(self) -> AsyncIterator[str]:
        async with self.empty() as url:
            await migrate(url)
            yield url
