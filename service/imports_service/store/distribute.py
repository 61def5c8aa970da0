"""Spreads the tables over a Citus cluster, each organization's rows together on one node.

What is distributed already is left as it is, so that a run that broke off can be run again, and a new version's tables
follow after its migration. It makes no cluster: extension and nodes are there before, or it refuses. There is no way
back but Citus' own (`undistribute_table`).
"""

from typing import Any

import asyncpg

from imports_service.store.migrate import COMMAND, lock_schema, require_current
from imports_service.store.statements import SQL

FIRST = "import"
BESIDE = (
    "creation_request",
    "unit",
    "outcome",
    "import_report",
    "resource",
    "organization_clock",
    "event",
    "upload",
    "object_trash",
    "rehearsal",
    "rehearsal_resource",
)
DISTRIBUTED = (FIRST, *BESIDE)
"""By organization_id; all lie beside the first, so that a transaction of one organization is one on one node."""

PARTITIONS = ("event_default",)
"""Named by statements, and distributed with the table that they are part of, as those are that come later."""

LOCAL = ("lane",)
"""Claims choose among all organizations and lock one: such a look works on a table that is whole."""


class DistributionRefused(Exception):
    """The database is not one that can be distributed; the message says what it lacks."""


async def distribute(url: str) -> list[str]:
    """Distribute what is not yet distributed, and say of every table what was done.

    Raises `SchemaMismatch` when the database has not been migrated, and `DistributionRefused` without Citus, when a
    table is distributed in another way, or when Citus itself refuses.
    """
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        url, server_settings={"application_name": "imports-distribute"}
    )
    try:
        version = await connection.fetchval(SQL.find_citus)
        if version is None:
            raise DistributionRefused(
                "this database has no Citus: the tables stay where they are; run CREATE EXTENSION citus on the "
                f"coordinator and all nodes, add the nodes, run `{COMMAND}`, and then this again"
            )
        await lock_schema(connection)
        await require_current(connection)
        return [f"Citus {version}", *await distribute_tables(connection)]
    finally:
        await connection.close()


async def distribute_tables(connection: "asyncpg.Connection[Any]") -> list[str]:
    """What was done, a line a table. Each is a transaction of its own; what was done before is not done again."""
    known = {row["name"]: (row["kind"], row["key"]) for row in await connection.fetch(SQL.list_citus_tables)}
    said = []
    for table in DISTRIBUTED:
        if _is_done(table, known, ("distributed", "organization_id")):
            said.append(f"{table} was distributed before")
            continue
        await _ask(connection, table, SQL.distribute_table, table, "none" if table == FIRST else FIRST)
        said.append(f"distributed {table} by organization_id")
    for table in LOCAL:
        if _is_done(table, known, ("local", None)):
            said.append(f"{table} was shared before")
            continue
        await _ask(connection, table, SQL.share_local_table, table)
        said.append(f"left {table} on the coordinator, for all nodes to use")
    return said


def _is_done(table: str, known: dict[str, tuple[str, str | None]], wanted: tuple[str, str | None]) -> bool:
    found = known.get(table, wanted)
    if found != wanted:
        raise DistributionRefused(
            f"{table} is {found[0]} by {found[1]} already, and not {wanted[0]} by {wanted[1]}; "
            "undistribute it first"
        )
    return table in known


async def _ask(connection: "asyncpg.Connection[Any]", table: str, statement: str, *arguments: str) -> None:
    try:
        await connection.execute(statement, *arguments)
    except asyncpg.PostgresError as error:
        raise DistributionRefused(f"Citus does not take {table}: {error}") from error
