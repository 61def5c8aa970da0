"""Creating a rehearsal: what it leaves beside a real import's creation, and that it counts like one."""

from dataclasses import replace

import asyncpg
import pytest

from imports_service.commands.content import content_hash
from imports_service.commands.create import create_import
from imports_service.commands.creation import Creation
from imports_service.domain.errors import Exhausted, InvalidArgument
from tests.commands.conftest import limited
from tests.commands.documents import address_rows, chunked, json_lines, skus, wish

REHEARSAL = replace(wish(), validate_only=True)


async def test_a_rehearsal_runs_in_order_whatever_its_rows_are(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    rehearsal = replace(wish(resource_type="addresses"), validate_only=True)

    created = await create_import(rehearsal, chunked(json_lines(address_rows(25))), creation)

    assert created.validate_only
    assert [row["state"] for row in await tables.fetch("SELECT state FROM unit ORDER BY segment")] == [
        "ready",
        "waiting",
        "waiting",
    ]
    assert await tables.fetchval("SELECT import_uid::text FROM rehearsal") == created.uid


async def test_a_real_import_has_no_overlay(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await create_import(wish(), chunked(skus(3)), creation)

    assert await tables.fetchval("SELECT count(*) FROM rehearsal") == 0


async def test_rehearsals_count_as_pending_imports(creation: Creation) -> None:
    narrow = limited(creation, max_pending_imports=1)
    await create_import(REHEARSAL, chunked(skus(1)), narrow)

    with pytest.raises(Exhausted):
        await create_import(wish(), chunked(skus(1)), narrow)
    with pytest.raises(Exhausted):
        await create_import(REHEARSAL, chunked(skus(1)), narrow)


async def test_the_smaller_of_both_limits_holds(creation: Creation) -> None:
    narrow = limited(creation, max_inputs=2, max_validate_inputs=5)

    with pytest.raises(InvalidArgument) as refused:
        await create_import(REHEARSAL, chunked(skus(3)), narrow)

    assert (refused.value.reason, refused.value.facts) == ("INPUTS_TOO_MANY", {"max_inputs": "2"})


def test_a_rehearsal_is_other_content_than_the_real_import() -> None:
    assert content_hash(REHEARSAL, b"") != content_hash(wish(), b"")
