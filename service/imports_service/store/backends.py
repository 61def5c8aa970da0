"""Frees what frozen workers hold: a process that stands still inside its transaction keeps its locks for
ever.

The server's timeouts end an idle transaction and a long statement, but not a COPY whose client says nothing
more. So the connections of a worker carry its name, and are ended by it.
"""

from datetime import timedelta

from imports_service.store.database import Connection
from imports_service.store.statements import SQL


async def frozen_workers(connection: Connection, organization_id: str) -> list[str]:
    """Workers with leases that have run out and that `units.rescue`, run before, could not take back."""
    records = await connection.fetch(SQL.list_frozen_workers, organization_id)
    return [record["worker"] for record in records]


async def terminate_backends(connection: Connection, workers: list[str], *, lease: timedelta) -> int:
    """End the workers' connections whose transaction is older than a lease; how many were ended.

    The next rescue finds their units unlocked.
    """
    records = await connection.fetch(SQL.terminate_backends, workers, lease)
    return sum(record["ended"] for record in records)
