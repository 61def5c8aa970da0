"""Brings the parts that no setting names: a database, an S3 store, both or neither."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from imports_service.embedded.child import Child, EmbeddedPartFailed
from imports_service.embedded.objects import embedded_objects
from imports_service.embedded.postgres import embedded_postgres
from imports_service.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the parts are. Without keys the usual AWS chain finds them.

    `servers` are the processes that are ours; in a store of ours the bucket is made by whoever needs it.
    """

    database_url: str
    listen_url: str
    bucket: str
    endpoint_url: str | None
    public_endpoint_url: str | None
    region: str
    access_key: str | None = None
    secret_key: str | None = None
    store_is_ours: bool = False
    servers: tuple[Child, ...] = ()


def named_parts(settings: Settings) -> Parts:
    """The parts as the settings name them; all must be named."""
    if settings.database_url is None or settings.s3_bucket is None:
        raise ValueError("the settings do not name all parts")
    return Parts(
        database_url=settings.database_url,
        listen_url=settings.listen_url or settings.database_url,
        bucket=settings.s3_bucket,
        endpoint_url=settings.s3_endpoint_url,
        public_endpoint_url=settings.s3_public_endpoint_url,
        region=settings.s3_region,
    )


@contextlib.asynccontextmanager
async def embedded_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Start what the settings do not name, for the time of the block. Raises `EmbeddedPartFailed`."""
    servers: list[Child] = []
    ours: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        if settings.database_url is None:
            postgres = await stack.enter_async_context(
                embedded_postgres(settings.data_dir, bin_dir=settings.pg_bin)
            )
            servers.append(postgres.server)
            settings = settings.model_copy(update={"database_url": postgres.url, "listen_url": None})
        if settings.s3_bucket is None:
            store = await stack.enter_async_context(embedded_objects(settings.data_dir))
            servers.append(store.server)
            ours = {
                "access_key": store.access_key,
                "secret_key": store.secret_key,
                "store_is_ours": True,
            }
            settings = settings.model_copy(
                update={
                    "s3_endpoint_url": store.endpoint_url,
                    "s3_bucket": store.bucket,
                    "s3_region": store.region,
                }
            )
        yield dataclasses.replace(named_parts(settings), **ours, servers=tuple(servers))


async def fail_when_ended(server: Child) -> None:
    """Wait until the server ends by itself, and raise `EmbeddedPartFailed`: without it nothing works."""
    status = await server.wait()
    tail = await asyncio.to_thread(server.log_tail)
    raise EmbeddedPartFailed(f"{server.name} ended by itself (status {status}); its last words:\n{tail}")
