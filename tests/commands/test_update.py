"""What a caller may change of an import, and what changes with it."""

from typing import Any

import pytest

from imports_service.commands.create import create_import
from imports_service.commands.creation import Creation
from imports_service.commands.update import UpdateImport, update_import
from imports_service.domain.errors import EtagMismatch, ImportNotFound, InvalidArgument
from imports_service.domain.imports import EventKind, Import
from imports_service.domain.names import ImportName
from imports_service.store.events import events_after
from tests.commands.documents import ORGANIZATION, chunked, skus, wish


@pytest.fixture
async def created(creation: Creation) -> Import:
    return await create_import(wish(reference="spring"), chunked(skus(1)), creation)


async def update(creation: Creation, created: Import, **wanted: Any) -> Import:
    name = ImportName(ORGANIZATION, created.import_id)
    return await update_import(
        UpdateImport(name=name, **wanted), database=creation.database, nudges=creation.nudges
    )


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        pytest.param([], ("autumn", None, {}), id="no mask: what is not empty"),
        pytest.param(["*"], ("autumn", None, {}), id="all three"),
        pytest.param(["reference_origin", "metadata"], ("spring", None, {}), id="two that are empty"),
        pytest.param(["reference"], ("autumn", None, {}), id="one"),
    ],
)
async def test_the_mask_says_what_changes(
    creation: Creation, created: Import, mask: list[str], expected: tuple[str, None, dict[str, Any]]
) -> None:
    updated = await update(creation, created, reference="autumn", update_mask=mask)

    spec = updated.spec
    assert (spec.reference, spec.reference_origin, spec.metadata) == expected


async def test_an_empty_value_under_the_mask_clears(creation: Creation, created: Import) -> None:
    updated = await update(creation, created, reference="", update_mask=["reference"])

    assert updated.spec.reference is None


async def test_metadata_is_replaced_as_a_whole(creation: Creation, created: Import) -> None:
    await update(creation, created, metadata={"season": "spring", "by": "ann"})

    updated = await update(creation, created, metadata={"season": "autumn"})

    assert updated.spec.metadata == {"season": "autumn"}


@pytest.mark.parametrize("mask", [["status"], ["reference", "name"], ["*", "reference"]])
async def test_another_path_is_refused(creation: Creation, created: Import, mask: list[str]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await update(creation, created, update_mask=mask)

    assert [violation.field for violation in refused.value.violations] == ["update_mask"]


async def test_a_change_moves_etag_and_update_time_and_is_recorded(
    creation: Creation, created: Import
) -> None:
    updated = await update(creation, created, reference="autumn")

    async with creation.database.connection() as connection:
        events = await events_after(connection, ORGANIZATION, created.uid, 1, 10)
    assert updated.etag != created.etag
    assert updated.updated_at > created.updated_at
    assert [(event.kind, event.snapshot) for event in events] == [(EventKind.SNAPSHOT, updated)]


async def test_a_change_that_changes_nothing_is_none(creation: Creation, created: Import) -> None:
    updated = await update(creation, created, reference="spring")

    assert updated == created


async def test_an_older_etag_is_refused(creation: Creation, created: Import) -> None:
    await update(creation, created, reference="autumn", etag=created.etag)

    with pytest.raises(EtagMismatch):
        await update(creation, created, reference="winter", etag=created.etag)


async def test_an_unknown_import_is_not_found(creation: Creation) -> None:
    wanted = UpdateImport(name=ImportName(ORGANIZATION, "unknown"), reference="autumn")

    with pytest.raises(ImportNotFound):
        await update_import(wanted, database=creation.database, nudges=creation.nudges)
