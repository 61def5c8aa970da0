"""Migrations: applied once, together or not at all, never edited."""

from pathlib import Path

import asyncpg
import pytest

from imports_service.store.migrate import Migration, SchemaMismatch, migrate, read_migrations


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}
    finally:
        await connection.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "0001_one.sql").write_text(
        "-- the first\n\nCREATE TABLE one (\n    text text DEFAULT 'a;b'\n);\n"
    )
    return tmp_path


async def test_a_second_run_applies_nothing(empty_database_url: str) -> None:
    first = await migrate(empty_database_url)
    second = await migrate(empty_database_url)

    assert first == [migration.name for migration in read_migrations()]
    assert second == []


async def test_only_what_is_missing_is_applied(empty_database_url: str, directory: Path) -> None:
    await migrate(empty_database_url, directory=directory)
    (directory / "0002_two.sql").write_text(
        "CREATE TABLE two (id integer);\nCREATE TABLE three (id integer);\n"
    )

    applied = await migrate(empty_database_url, directory=directory)

    assert applied == ["0002_two"]
    assert await tables(empty_database_url) == {"schema_migration", "one", "two", "three"}


async def test_an_edited_file_is_refused(empty_database_url: str, directory: Path) -> None:
    await migrate(empty_database_url, directory=directory)
    (directory / "0001_one.sql").write_text("CREATE TABLE one (number integer);\n")

    with pytest.raises(SchemaMismatch, match="0001_one was edited"):
        await migrate(empty_database_url, directory=directory)


async def test_a_file_that_fails_leaves_nothing_of_itself(empty_database_url: str, directory: Path) -> None:
    (directory / "0002_two.sql").write_text(
        "CREATE TABLE two (id integer);\nCREATE TABLE one (id integer);\n"
    )

    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(empty_database_url, directory=directory)

    assert await tables(empty_database_url) == {"schema_migration", "one"}


def test_a_semicolon_inside_a_line_ends_no_statement() -> None:
    migration = Migration(
        1, "0001", "-- first; not the end\nSELECT ';' AS a;\n\n-- only words;\n\nSELECT 2;\n"
    )

    assert migration.statements == ["-- first; not the end\nSELECT ';' AS a", "SELECT 2"]


def test_a_number_left_out_is_refused(directory: Path) -> None:
    (directory / "0003_three.sql").write_text("SELECT 1;\n")

    with pytest.raises(SchemaMismatch, match="are not 1, 2, 3"):
        read_migrations(directory)
