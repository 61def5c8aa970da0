"""Request ids: one import each, remembered while it exists and for a while after."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from imports_service.store import requests
from imports_service.store.database import Database
from imports_service.store.requests import CreationRequest
from tests.store.builders import ORGANIZATION, created_import

AT_ONCE = timedelta(0)


def request(request_id: str = "r", import_uid: str | None = None) -> CreationRequest:
    return CreationRequest(
        organization_id=ORGANIZATION,
        request_id=request_id,
        content_sha256=b"c" * 32,
        document_sha256=b"d" * 32,
        import_uid=import_uid or str(uuid4()),
        import_id="first",
    )


async def test_a_request_id_is_found_as_it_was_stored(database: Database) -> None:
    stored = request()

    async with database.transaction() as connection:
        assert await requests.insert_request(connection, stored)

    async with database.connection() as connection:
        assert await requests.find_request(connection, ORGANIZATION, "r") == stored
        assert await requests.find_request(connection, ORGANIZATION, "R") is None
        assert await requests.find_request(connection, "other", "r") is None


async def test_of_many_at_once_with_one_request_id_one_wins(database: Database) -> None:
    wins: list[bool] = []

    async def insert() -> None:
        async with database.transaction() as connection:
            wins.append(await requests.insert_request(connection, request()))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(insert())

    assert wins.count(True) == 1


async def test_a_request_id_is_forgotten_when_it_is_old_and_its_import_is_gone(database: Database) -> None:
    import_ = await created_import(database)
    async with database.transaction() as connection:
        await requests.insert_request(connection, request("living", import_.uid))
        await requests.insert_request(connection, request("gone"))

    async with database.connection() as connection:
        young = await requests.forget_requests(connection, older_than=timedelta(hours=24))
        old = await requests.forget_requests(connection, older_than=AT_ONCE)
        left = await connection.fetchval("SELECT string_agg(request_id, ',') FROM creation_request")

    assert (young, old, left) == (0, 1, "living")
