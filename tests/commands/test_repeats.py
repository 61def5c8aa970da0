"""Request ids: the same call again makes nothing anew."""

import asyncio
import hashlib
from typing import Any

import pytest

from imports_service.commands.create import create_import
from imports_service.commands.creation import Creation
from imports_service.commands.delete import delete_import
from imports_service.domain.errors import InvalidArgument, RequestIdReused
from imports_service.domain.names import ImportName
from tests.commands.conftest import Held, limited
from tests.commands.documents import ORGANIZATION, chunked, never_read, skus, wish


async def test_the_same_request_again_answers_with_the_same_import_and_stores_nothing(
    creation: Creation, held: Held
) -> None:
    first = await create_import(wish(request_id="once"), chunked(skus(25)), creation)
    before = await held()

    again = await create_import(wish(request_id="once"), chunked(skus(25), size=7), creation)

    assert again == first
    assert await held() == before


async def test_twenty_of_one_request_at_once_make_one_import_and_no_orphan(
    creation: Creation, held: Held
) -> None:
    async with asyncio.TaskGroup() as callers:
        calls = [
            callers.create_task(create_import(wish(request_id="once"), chunked(skus(25)), creation))
            for _ in range(20)
        ]

    assert len({call.result().uid for call in calls}) == 1
    holdings = await held()
    assert (holdings.rows["import"], len(holdings.bucket), holdings.rows["upload"]) == (1, 3, 0)


async def test_twenty_of_one_request_at_once_with_an_import_id_are_not_told_that_it_is_taken(
    creation: Creation,
) -> None:
    wanted = wish(request_id="once", import_id="spring")

    async with asyncio.TaskGroup() as callers:
        calls = [callers.create_task(create_import(wanted, chunked(skus(25)), creation)) for _ in range(20)]

    assert {call.result().import_id for call in calls} == {"spring"}


async def test_a_repeat_is_answered_when_the_organization_is_at_its_limit(creation: Creation) -> None:
    creation = limited(creation, max_pending_imports=1)
    first = await create_import(wish(request_id="once"), chunked(skus(1)), creation)

    again = await create_import(wish(request_id="once"), chunked(skus(1)), creation)

    assert again.uid == first.uid


async def test_an_announced_hash_that_is_known_is_answered_without_reading(creation: Creation) -> None:
    document_sha256 = hashlib.sha256(skus(25)).digest()
    first = await create_import(wish(request_id="once"), chunked(skus(25)), creation)

    again = await create_import(
        wish(request_id="once", document_sha256=document_sha256), never_read(), creation
    )

    assert again == first


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        pytest.param({}, 26, id="another document"),
        pytest.param({"reference": "autumn"}, 25, id="another reference"),
        pytest.param({"import_id": "autumn"}, 25, id="an import id"),
        pytest.param({"resource_type": "bundles"}, 25, id="another type"),
    ],
)
async def test_other_content_is_refused_with_both_hashes_and_the_import(
    creation: Creation, held: Held, changes: dict[str, Any], rows: int
) -> None:
    first = await create_import(wish(request_id="once"), chunked(skus(25)), creation)
    before = await held()

    with pytest.raises(RequestIdReused) as refused:
        await create_import(wish(request_id="once", **changes), chunked(skus(rows)), creation)

    facts = refused.value.facts
    assert facts["name"] == first.name
    assert facts["content_sha256"] != facts["first_content_sha256"]
    assert await held() == before


async def test_the_request_of_a_deleted_import_is_refused_even_with_the_same_content(
    creation: Creation,
) -> None:
    first = await create_import(wish(request_id="once"), chunked(skus(1)), creation)
    await delete_import(
        ImportName(ORGANIZATION, first.import_id),
        lease=creation.limits.lease,
        database=creation.database,
        nudges=creation.nudges,
    )

    with pytest.raises(RequestIdReused):
        await create_import(wish(request_id="once"), chunked(skus(1)), creation)


async def test_a_repeat_that_is_not_the_document_it_announces_is_refused(creation: Creation) -> None:
    await create_import(wish(request_id="once"), chunked(skus(1)), creation)
    announced = hashlib.sha256(b"another document").digest()

    with pytest.raises(InvalidArgument) as refused:
        await create_import(wish(request_id="once", document_sha256=announced), chunked(skus(1)), creation)

    assert refused.value.reason == "DOCUMENT_CHECKSUM"


async def test_a_request_id_is_its_organizations_own(creation: Creation) -> None:
    first = await create_import(wish(request_id="once"), chunked(skus(1)), creation)

    other = await create_import(wish(request_id="once", organization_id="globex"), chunked(skus(1)), creation)

    assert other.uid != first.uid
