"""Changes that take their places in one order and could be committed in another, in several organizations at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.imports import EventKind, Import, ImportSpec
from imports_service.ids import new_uid
from imports_service.store import events, imports
from imports_service.store.database import Connection, Database, open_database
from tests.eventually import eventually
from tests.watch_properties.conftest import Stage
from tests.watch_properties.play import TOLD_SECONDS, prove, prove_resumed
from tests.watch_properties.watchers import Watcher

DOCUMENT = b'{"code":"A","name":"Shirt","do_not_ship":true}'


async def overtaken(stage: Stage, *, within: float = TOLD_SECONDS) -> None:
    """In each organization an import is made by a transaction that stays open after it has its place.

    Others are begun behind it, and meanwhile time passes: heartbeats are told, whose tokens must not be past what is
    open. One more organization is not held up. The transactions are committed in the reverse order. Raises `Broken`.
    """
    free = uuid4().hex
    held_up = [uuid4().hex for _ in range(3)]
    async with watching(stage, [free, *held_up]) as watchers:
        async with (
            open_database(
                stage.database_url, connections=4, application_name="the-test", lease=timedelta(seconds=30)
            ) as database,
            asyncio.TaskGroup() as behind,
            AsyncExitStack() as held_open,
        ):
            for organization_id in held_up:
                await held_open.enter_async_context(begun(database, organization_id))
                behind.create_task(create(stage, organization_id))
            await create(stage, free)
            await eventually(lambda: all(has_news(watcher) for watcher in watchers), what="news of each")

        async def others_have_ended() -> bool:
            return await stage.oracle.unfinished([free, *held_up]) == len(held_up)

        await eventually(others_have_ended, 20, "the end of the imports that have rows")
        for watcher in watchers:
            await prove(stage.oracle, watcher, within=within)
        for watcher in watchers:
            for place in range(len(watcher.watched.told)):
                await prove_resumed(stage.oracle, watcher, place, server=place)


@asynccontextmanager
async def begun(database: Database, organization_id: str) -> AsyncIterator[tuple[Connection, Import]]:
    """A new import, recorded, and committed when the block is left."""
    uid = new_uid()
    async with database.transaction() as connection:
        new = imports.NewImport(
            organization_id=organization_id,
            uid=uid,
            import_id=uid,
            etag="first",
            spec=ImportSpec(resource_type="skus"),
            creator="insecure",
            inputs_size=1,
            segments=1,
            in_order=True,
            turn=0,
        )
        created = await imports.insert_import(connection, new)
        await events.record(connection, EventKind.TRANSITION, None, created)
        yield connection, created


async def create(stage: Stage, organization_id: str) -> None:
    """A new import by a call; while it waits for others it may be refused, and is asked for again."""
    request = pb.CreateImportRequest(
        parent=f"organizations/{organization_id}",
        spec=pb.ImportSpec(resource_type="skus"),
        document=DOCUMENT,
        request_id=uuid4().hex,
    )

    async def is_made() -> bool:
        try:
            await stage.clients[0].imports.CreateImport(request)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
        return True

    await eventually(is_made, 20, "a new import")


@asynccontextmanager
async def watching(stage: Stage, organizations: list[str]) -> AsyncIterator[list[Watcher]]:
    """A watcher of each organization, synced."""
    watchers = [
        Watcher(stage.fleet, stage.oracle, organization_id, wanted=pb.ImportFilter(), is_calm=True)
        for organization_id in organizations
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watcher.run()) for watcher in watchers]
        await eventually(lambda: all(w.watched.settled_at is not None for w in watchers), what="synced")
        yield watchers
        for task in tasks:
            task.cancel()


def has_news(watcher: Watcher) -> bool:
    """Whether it has been told of changes or, again and again, that there are none."""
    kinds = [event.kind for _, event in watcher.watched.told]
    return pb.KIND_TRANSITION in kinds or kinds.count(pb.KIND_HEARTBEAT) >= 2
