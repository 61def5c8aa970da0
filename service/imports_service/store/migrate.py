"""Brings a database to the schema of this code: numbered files, each applied once, in one transaction.

It goes forward only. An applied file that has been edited since is refused, as no database could be told from
another any more. A database that is ahead of this code is accepted: older replicas run during a rollout.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from imports_service.store.database import Database
from imports_service.store.statements import SQL

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK_NUMBER = 0x696D706F72747301
"""Any number will do that nothing else in the database locks."""
COMMAND = "imports-service migrate"


class SchemaMismatch(Exception):
    """The database's schema is not the one that this code needs; the message says what to run."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name and content."""

    version: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """One after the other; a statement ends with a semicolon at the end of a line."""
        parts = re.split(r";[ \t]*$", self.text, flags=re.MULTILINE)
        return [part.strip() for part in parts if _says_something(part)]


def read_migrations(directory: Path = MIGRATIONS) -> list[Migration]:
    """All files of the directory in the order of their numbers, which start at 1 and leave none out."""
    migrations = [
        Migration(int(path.name.partition("_")[0]), path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(directory.glob("[0-9]*_*.sql"))
    ]
    if [migration.version for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise SchemaMismatch(f"the numbers of the files in {directory} are not 1, 2, 3 and so on")
    return migrations


async def migrate(url: str, *, directory: Path = MIGRATIONS) -> list[str]:
    """Apply what the database lacks and say which files those were; several at once wait for each other.

    Raises `SchemaMismatch` when an applied file has been edited since.
    """
    migrations = read_migrations(directory)
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        url, server_settings={"application_name": "imports-migrate"}
    )
    try:
        await lock_schema(connection)
        await connection.execute(SQL.create_schema_migration)
        missing = _missing(migrations, await _applied(connection))
        for migration in missing:
            await _apply(connection, migration)
    finally:
        await connection.close()
    return [migration.name for migration in missing]


async def require_migrated(database: Database, *, directory: Path = MIGRATIONS) -> None:
    """Raises `SchemaMismatch`, naming the command to run, when a migration is missing or was edited."""
    async with database.connection() as connection:
        await require_current(connection, directory=directory)


async def lock_schema(connection: "asyncpg.Connection[Any]") -> None:
    """Wait for whoever else changes the schema, and keep others waiting until the connection is closed."""
    await connection.execute(SQL.lock_migrations, LOCK_NUMBER)


async def require_current(connection: Any, *, directory: Path = MIGRATIONS) -> None:
    """As `require_migrated`, on a connection of the caller's."""
    found = await connection.fetchval(SQL.find_schema_migration)
    applied = await _applied(connection) if found else {}
    if missing := _missing(read_migrations(directory), applied):
        names = ", ".join(migration.name for migration in missing)
        raise SchemaMismatch(f"the database has not been migrated ({names} missing); run `{COMMAND}` first")


async def _applied(connection: Any) -> dict[int, str]:
    rows = await connection.fetch(SQL.list_schema_migrations)
    return {row["version"]: row["sha256"] for row in rows}


def _missing(migrations: list[Migration], applied: Mapping[int, str]) -> list[Migration]:
    for migration in migrations:
        if applied.get(migration.version, migration.sha256) != migration.sha256:
            raise SchemaMismatch(
                f"migration {migration.name} was edited after it had been applied to this database; "
                "restore the file and write the change as a new one"
            )
    return [migration for migration in migrations if migration.version not in applied]


async def _apply(connection: "asyncpg.Connection[Any]", migration: Migration) -> None:
    async with connection.transaction():
        for statement in migration.statements:
            await connection.execute(statement)
        await connection.execute(
            SQL.insert_schema_migration, migration.version, migration.name, migration.sha256
        )


def _says_something(part: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("--") for line in part.splitlines())
