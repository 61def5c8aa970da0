"""WaitImport: the import when it has ended, or shortly before the call's deadline as it is."""

import asyncio
from contextlib import suppress

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.changes import find
from imports_client.testing.names import parse_name
from imports_client.testing.pacing import RETRY_SECONDS, loop_time
from imports_client.testing.refused import not_found, stopping
from imports_client.testing.world import World

LONGEST_WAIT_SECONDS = 600.0


def wait_seconds(time_remaining: float | None) -> float:
    """How long a call may wait with its deadline so far away, for its answer to arrive in time."""
    if time_remaining is None:
        return LONGEST_WAIT_SECONDS
    margin = min(1.0, max(0.1, time_remaining / 10))
    return max(0.0, min(LONGEST_WAIT_SECONDS, time_remaining - margin))


async def wait_import(world: World, request: pb.WaitImportRequest, seconds: float) -> pb.Import:
    """Raises `Refused`, also when the import is deleted meanwhile or connections are cut."""
    name = parse_name(request.name)
    held, connections = find(world, name), world.connections
    until = loop_time() + seconds
    while not held.has_ended and loop_time() < until:
        changed = world.changed
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await changed.wait()
        if world.connections != connections:
            raise stopping(RETRY_SECONDS)
        if world.organization(name.organization).by_uid(held.message.uid) is None:
            raise not_found(str(name))
    return held.copy()
