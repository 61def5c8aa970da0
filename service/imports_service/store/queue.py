"""Where a pending import stands among its organization's. For people to read: nothing is decided by it."""

from imports_service.store.database import Connection
from imports_service.store.statements import SQL


async def count_ahead(connection: Connection, organization_id: str, uid: str) -> int:
    """How many pending imports of the organization come before this one, at this moment."""
    return int(await connection.fetchval(SQL.count_ahead, organization_id, uid))
