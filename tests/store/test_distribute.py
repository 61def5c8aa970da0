"""Distribution: refused without Citus, and on a coordinator each table once.

No Citus is here. What it would be asked is held against a stand-in with its functions' names and parameters, in
PostgreSQL; `make test-citus` asks a real one.
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from imports_service.store.distribute import (
    BESIDE,
    DISTRIBUTED,
    LOCAL,
    DistributionRefused,
    distribute,
    distribute_tables,
)

COORDINATOR = """
    CREATE TABLE citus_tables (
        table_name regclass, citus_table_type text, distribution_column text, beside text
    );
    CREATE FUNCTION create_distributed_table(
        table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
        colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
    ) RETURNS void LANGUAGE sql AS $$
        INSERT INTO citus_tables VALUES (table_name, 'distributed', distribution_column, colocate_with)
    $$;
    CREATE FUNCTION citus_add_local_table_to_metadata(
        table_name regclass, cascade_via_foreign_keys boolean DEFAULT false
    ) RETURNS void LANGUAGE sql AS $$
        INSERT INTO citus_tables VALUES (table_name, 'local', '<none>', NULL)
    $$
"""


@pytest_asyncio.fixture(loop_scope="session")
async def coordinator(plain_database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A migrated database with the stand-in."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(plain_database_url)
    try:
        await connection.execute(COORDINATOR)
        yield connection
    finally:
        await connection.close()


async def test_a_database_without_citus_is_refused_and_left_alone(plain_database_url: str) -> None:
    with pytest.raises(DistributionRefused, match="this database has no Citus"):
        await distribute(plain_database_url)


async def test_every_table_is_distributed_beside_the_first(coordinator: "asyncpg.Connection[Any]") -> None:
    said = await distribute_tables(coordinator)

    rows = await coordinator.fetch("SELECT table_name::text, distribution_column, beside FROM citus_tables")
    assert {tuple(row) for row in rows} == {
        ("import", "organization_id", "none"),
        *((table, "organization_id", "import") for table in BESIDE),
        *((table, "<none>", None) for table in LOCAL),
    }
    assert said[0] == "distributed import by organization_id"
    assert len(said) == len(DISTRIBUTED) + len(LOCAL)


async def test_a_second_run_does_what_the_first_left_undone(coordinator: "asyncpg.Connection[Any]") -> None:
    await distribute_tables(coordinator)
    await coordinator.execute("DELETE FROM citus_tables WHERE table_name = 'event'::regclass")

    said = await distribute_tables(coordinator)

    assert [line for line in said if "before" not in line] == ["distributed event by organization_id"]
    assert "lane was shared before" in said


async def test_a_table_that_is_distributed_in_another_way_is_refused(
    coordinator: "asyncpg.Connection[Any]",
) -> None:
    await coordinator.execute("SELECT create_distributed_table('unit', 'import_uid')")

    with pytest.raises(DistributionRefused, match="unit is distributed by import_uid already"):
        await distribute_tables(coordinator)


async def test_what_citus_says_against_a_table_is_told(coordinator: "asyncpg.Connection[Any]") -> None:
    await coordinator.execute("DROP FUNCTION citus_add_local_table_to_metadata")

    with pytest.raises(DistributionRefused, match=r"Citus does not take lane: .*does not exist"):
        await distribute_tables(coordinator)
