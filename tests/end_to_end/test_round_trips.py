"""All 24 types out and in again: nothing changes at home, and elsewhere it is the same environment."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from msgspec import UNSET

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resource_types_pb2
from imports_service.domain.registry import load_registry
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.end_to_end.environments import TYPES
from tests.rpc.exporting import CSV, JSON, counts_of, exported, imported, rows_of
from tests.rpc.shared import shared_service
from tests.services import Service

FORMATS = pytest.mark.parametrize("format", [JSON, CSV], ids=["json", "csv"])
HOME = "home"
REGISTRY = load_registry()
WARNED = {"bundles": {"warned": 1}}
"""A bundle without a price has to say that it is computed, and is told that nobody computes it."""
DRY_WARNED = {**WARNED, "price_lists": {"warned": 1}, "shipping_categories": {"warned": 1}}
"""One of each has no code, and without its id nothing names it."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    """One for the whole module: every test exports from home, and imports into an organization of its own."""
    settings = Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0)
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def types(service: Service) -> list[resource_types_pb2.ResourceType]:
    """The types in the order in which callers are told to send them, after home has been filled in it."""
    listed = await service.resource_types.ListResourceTypes(resource_types_pb2.ListResourceTypesRequest())
    for each in listed.resource_types:
        if rows := TYPES.get(each.resource_type):
            ended = await imported(service, HOME, each.resource_type, rows, skip_errors=True)
            counts = counts_of(ended)
            assert counts.get("created") == len(rows), f"{each.resource_type}: {counts} {ended.errors_log}"
    assert len(listed.resource_types) == 24
    return list(listed.resource_types)


async def test_home_has_all_that_can_be_said_of_each_type(
    service: Service, types: list[resource_types_pb2.ResourceType]
) -> None:
    """Else the tests below would prove less than they say."""
    for each in types:
        resource_type = REGISTRY.types[each.resource_type]
        rows = await rows_of(service, HOME, each.resource_type)
        there = {name for row in rows for name, value in row.items() if value is not None}
        expected = {attribute.name for attribute in resource_type.stored_attributes}
        expected |= resource_type.references.keys() | ({"tags"} & resource_type.lists.keys())
        assert expected <= there, f"{each.resource_type} without {expected - there}"
        assert any(value is None for row in rows for value in row.values()), each.resource_type


@FORMATS
async def test_an_export_sent_back_changes_nothing(
    service: Service, types: list[resource_types_pb2.ResourceType], format: pb.Format.ValueType
) -> None:
    became: dict[str, dict[str, int]] = {}
    expected: dict[str, dict[str, int]] = {}
    for each in types:
        document = await exported(service, HOME, each.resource_type, format=format)
        rows = len(await rows_of(service, HOME, each.resource_type))
        became[each.resource_type] = counts_of(
            await imported(service, HOME, each.resource_type, document, format=format, skip_errors=True)
        )
        expected[each.resource_type] = {"unchanged": rows, **WARNED.get(each.resource_type, {})}

    assert became == expected


@FORMATS
async def test_an_export_moves_an_environment_with_its_ids(
    service: Service, types: list[resource_types_pb2.ResourceType], format: pb.Format.ValueType
) -> None:
    there = f"moved-{format}"
    for each in types:
        document = await exported(service, HOME, each.resource_type, format=format)
        ended = await imported(service, there, each.resource_type, document, format=format, skip_errors=True)
        before = await rows_of(service, HOME, each.resource_type)
        expected = {"created": len(before), **WARNED.get(each.resource_type, {})}
        assert counts_of(ended) == expected, f"{each.resource_type}: {ended.errors_log}"

    for each in types:
        before = await rows_of(service, HOME, each.resource_type)
        after = await rows_of(service, there, each.resource_type)
        change = sayable_in_csv(each.resource_type, format)
        assert list(map(change, after)) == list(map(change, before)), each.resource_type


@FORMATS
async def test_a_dry_export_makes_all_anew_elsewhere(
    service: Service, types: list[resource_types_pb2.ResourceType], format: pb.Format.ValueType
) -> None:
    there = f"dry-{format}"
    dry = [each.resource_type for each in types if each.dry_exportable]
    for name in dry:
        document = await exported(service, HOME, name, format=format, dry_data=True)
        ended = await imported(service, there, name, document, format=format, skip_errors=True)
        rows = len(await rows_of(service, HOME, name))
        expected = {"created": rows, **DRY_WARNED.get(name, {})}
        assert counts_of(ended) == expected, f"{name}: {ended.errors_log}"

    assert len(dry) == 21
    for name in set(dry) - {"addresses"}:  # of which there are more: each holder got its own
        before = await rows_of(service, HOME, name, dry_data=True)
        after = await rows_of(service, there, name, dry_data=True)
        change = sayable_in_csv(name, format)
        assert in_any_order(map(change, after)) == in_any_order(map(change, before)), name


def sayable_in_csv(name: str, format: pb.Format.ValueType) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Takes from a row what an empty cell does not say: null and empty text, but for those of objects without a schema.

    What is null at home and has a default gets it elsewhere.
    """
    if format == JSON:
        return lambda row: row
    defaults = {a.name for a in REGISTRY.types[name].attributes if a.default is not UNSET}

    def without_nothing(row: dict[str, Any]) -> dict[str, Any]:
        return {name: nested(name, value) for name, value in row.items() if value is not None and value != ""}

    def nested(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [without_nothing(item) if isinstance(item, dict) else item for item in value]
        return without_nothing(value) if name.endswith("address") and isinstance(value, dict) else value

    return lambda row: without_nothing({name: value for name, value in row.items() if name not in defaults})


def in_any_order(rows: Iterator[Any]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)
