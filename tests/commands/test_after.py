"""What an import is told to wait for: found when the call begins, part of what a request id stands for."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from imports_service.commands.content import KIND, content_hash
from imports_service.commands.create import create_import
from imports_service.commands.creation import CreateImport, Creation
from imports_service.commands.delete import delete_import
from imports_service.commands.interrupt import interrupt_import
from imports_service.commands.retry import RetryImport, retry_import
from imports_service.domain.errors import ImportNotFound, RequestIdReused
from imports_service.domain.imports import Import, Status
from imports_service.domain.names import ImportName
from imports_service.objects.store import Objects
from tests.commands.conftest import Held
from tests.commands.documents import ORGANIZATION, chunked, never_read, skus, wish
from tests.store.builders import import_now, unit_states
from tests.worker.working import ended, equipped, working


def waiting(wanted: CreateImport, *import_ids: str) -> CreateImport:
    after = tuple(str(ImportName(ORGANIZATION, import_id)) for import_id in import_ids)
    return replace(wanted, spec=msgspec.structs.replace(wanted.spec, after=after))


async def create(creation: Creation, import_id: str, *after: str, rows: int = 15) -> Import:
    return await create_import(waiting(wish(import_id=import_id), *after), chunked(skus(rows)), creation)


async def delete(creation: Creation, import_: Import) -> None:
    await delete_import(
        ImportName(ORGANIZATION, import_.import_id),
        lease=creation.limits.lease,
        database=creation.database,
        nudges=creation.nudges,
    )


async def test_an_import_waits_for_those_that_have_not_ended(creation: Creation) -> None:
    await create(creation, "first")

    second = await create(creation, "second", "first")

    assert (second.status, second.is_waiting) == (Status.PENDING, True)
    assert second.spec.after == (str(ImportName(ORGANIZATION, "first")),)
    assert await unit_states(creation.database, second) == ["waiting", "waiting"]


async def test_an_import_waits_for_nothing_that_has_ended(creation: Creation, objects: Objects) -> None:
    first = await create(creation, "first")
    equipment = equipped(creation.database, objects)
    async with working(equipment):
        await ended(equipment, first)

    second = await create(creation, "second", "first")

    assert not second.is_waiting
    assert second.spec.after
    assert await unit_states(creation.database, second) == ["ready", "ready"]


async def test_an_unknown_import_to_wait_for_is_refused_before_the_document(
    creation: Creation, held: Held
) -> None:
    await create(creation, "first")
    before = await held()

    with pytest.raises(ImportNotFound, match="imports/none"):
        await create_import(waiting(wish(), "first", "none"), never_read(), creation)

    assert await held() == before


async def test_an_import_can_not_wait_for_itself(creation: Creation) -> None:
    with pytest.raises(ImportNotFound):
        await create(creation, "first", "first")


async def test_what_is_deleted_while_the_document_arrives_has_ended(creation: Creation) -> None:
    first = await create(creation, "first")

    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in chunked(skus(15)):
            if chunk[:1] == b"{":
                await delete(creation, first)
            yield chunk

    second = await create_import(waiting(wish(), "first"), chunks(), creation)

    assert not second.is_waiting


def test_specs_without_it_have_the_hash_that_they_had() -> None:
    wanted, sha256 = wish(import_id="first", reference="r"), hashlib.sha256(b"").digest()
    spec = {
        "resource_type": "skus",
        "format": "json",
        "parent_resource_id": None,
        "skip_errors": False,
        "reference": "r",
        "reference_origin": None,
        "metadata": {},
        "csv_options": {"delimiter": ",", "null_marker": None},
    }
    content = msgspec.json.encode([KIND, "first", False, spec, sha256.hex()], order="sorted")

    assert content_hash(wanted, sha256) == hashlib.sha256(content).digest()


async def test_what_is_waited_for_is_part_of_the_content_and_its_order_is_not(creation: Creation) -> None:
    for import_id in ("first", "second"):
        await create(creation, import_id)
    wanted = waiting(wish(request_id="once"), "first", "second")
    third = await create_import(wanted, chunked(skus(15)), creation)

    again = await create_import(
        waiting(wish(request_id="once"), "second", "first"), chunked(skus(15)), creation
    )

    assert again == third
    for other in ((), ("first",)):
        with pytest.raises(RequestIdReused):
            await create_import(waiting(wish(request_id="once"), *other), chunked(skus(15)), creation)


async def test_a_repeat_is_answered_when_what_it_waits_for_is_gone(creation: Creation) -> None:
    first = await create(creation, "first")
    wanted = waiting(wish(request_id="once"), "first")
    second = await create_import(wanted, chunked(skus(15)), creation)
    await delete(creation, first)

    assert (await create_import(wanted, chunked(skus(15)), creation)).uid == second.uid


async def test_a_retry_waits_for_nothing(creation: Creation, objects: Objects) -> None:
    await create(creation, "first")
    second = await create(creation, "second", "first")
    name = ImportName(ORGANIZATION, "second")
    await interrupt_import(name, database=creation.database, nudges=creation.nudges)
    equipment = equipped(creation.database, objects)
    async with working(equipment):
        await ended(equipment, second)

    child = await retry_import(RetryImport(name=name, creator="insecure"), creation)

    assert (child.spec.after, child.is_waiting) == ((), False)
    assert (await import_now(creation.database, second)).spec.after
