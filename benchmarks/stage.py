"""What a run stands on: one PostgreSQL, and in it a database and an S3 store for each part, gone when the part is.

Floors, peers and services of a part share its server, so that their figures can be compared.
"""

import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from benchmarks.service import SERVE, Service, running_service, running_worker
from benchmarks.sizes import Sizes
from imports_service.embedded.objects import EmbeddedObjects, embedded_objects
from imports_service.embedded.postgres import embedded_postgres
from imports_service.objects.store import open_objects
from imports_service.store.migrate import migrate


@dataclass(frozen=True, slots=True)
class Place:
    """A migrated database and a bucket; `environment` names them to a service."""

    database_url: str
    directory: Path
    environment: Mapping[str, str]

    def service(
        self,
        *,
        module: tuple[str, ...] = SERVE,
        settings: Mapping[str, str] | None = None,
        is_to_be_stopped: bool = False,
        **process: Any,
    ) -> AbstractAsyncContextManager[Service]:
        """A service process; `settings` come on top, `process` is passed on to asyncio's call.

        Where processes are shared (here they are not), one that is to be stopped by its user is not.
        """
        return running_service(
            {**self.environment, **(settings or {})}, self.directory, module=module, **process
        )

    def worker(self) -> AbstractAsyncContextManager[Service]:
        """A process that works and takes no calls."""
        return running_worker({**self.environment, "IMPORTS_ROLE": "worker"}, self.directory)


class Stage:
    """One run: its server, its sizes, and where it says how far it is."""

    def __init__(self, server_url: str, directory: Path, sizes: Sizes, say: Callable[[str], None]) -> None:
        self.server_url = server_url
        self.directory = directory
        self.sizes = sizes
        self._say = say
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        self._say(f"[{minutes:02}:{seconds:02}] {text}")

    @asynccontextmanager
    async def place(self, name: str) -> AsyncIterator[Place]:
        """A place of the part's own; all that was stored there is deleted with it."""
        directory = self.directory / name
        directory.mkdir(mode=0o711)
        try:
            async with (
                self.database(f"bench_{name}") as url,
                embedded_objects(directory / "objects", stop_seconds=0) as objects,
            ):
                await migrate(url)
                await _make_bucket(objects)
                yield Place(url, directory, {"IMPORTS_DATABASE_URL": url, **environment_of(objects)})
        finally:
            shutil.rmtree(directory)

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[str]:
        """The URL of an empty database on the run's server."""
        await self._execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(self.server_url)._replace(path=f"/{name}").geturl()
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def postgres_version(self) -> str:
        connection = await asyncpg.connect(self.server_url)
        try:
            return str(await connection.fetchval("SHOW server_version")).split()[0]
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def _make_bucket(objects: EmbeddedObjects) -> None:
    async with open_objects(
        bucket=objects.bucket,
        endpoint_url=objects.endpoint_url,
        region=objects.region,
        access_key=objects.access_key,
        secret_key=objects.secret_key,
    ) as opened:
        await opened.make_bucket()


def environment_of(objects: EmbeddedObjects) -> dict[str, str]:
    """The settings that name a store."""
    return {
        "IMPORTS_S3_ENDPOINT_URL": objects.endpoint_url,
        "IMPORTS_S3_BUCKET": objects.bucket,
        "IMPORTS_S3_REGION": objects.region,
        "AWS_ACCESS_KEY_ID": objects.access_key,
        "AWS_SECRET_ACCESS_KEY": objects.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@asynccontextmanager
async def running_stage(directory: Path, sizes: Sizes, say: Callable[[str], None]) -> AsyncIterator[Stage]:
    """A stage on a PostgreSQL of its own, in `directory`."""
    async with embedded_postgres(directory / "pg") as postgres:
        yield Stage(postgres.url, directory, sizes, say)
