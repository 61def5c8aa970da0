"""ExportResources: documents that an import takes back, and what is refused."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1 import resources_pb2
from imports_client.connection import connect
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.rpc.exports import CHUNK_BYTES
from imports_service.settings import Settings
from imports_service.store.database import Database, open_database
from tests.clusters import Cluster
from tests.rpc.exporting import (
    CSV,
    JSON,
    chunks_of,
    counts_of,
    exported,
    imported,
    records_of,
    rows_of,
    seed,
)
from tests.rpc.refusals import refusal_of
from tests.rpc.shared import shared_service
from tests.services import Service
from tests.store.builders import NOW

INVALID = grpc.StatusCode.INVALID_ARGUMENT
HARD_TEXT = 'He said "größe", then\r\nleft,\n雪; \t=1+1 '
FLAT: dict[str, list[dict[str, Any]]] = {
    "customers": [{"id": "c1", "email": "Ada@example.com", "shopper_reference": HARD_TEXT}],
    "tags": [{"id": "t1", "name": "summer-2026"}],
    "price_lists": [
        {
            "id": "p1",
            "code": "EU",
            "name": "Europe",
            "currency_code": "EUR",
            "rules": {"a": [1, {"b": "ü\n"}]},
        },
        {"id": "p2", "name": "no code", "currency_code": "EUR", "tax_included": False},
    ],
    "skus": [
        {
            "id": f"s{number}",
            "code": f"SKU {number}",
            "name": HARD_TEXT,
            "description": None if number == 3 else "d",
            "weight": [0.1, 1e300, 5, 1e-7][number - 1],
            "pieces_per_pack": 12,
            "unit_of_weight": "gr",
            "do_not_ship": True,
            "do_not_track": False,
            "reference": "r",
            "reference_origin": "o",
            "metadata": {"n": 1e300, "i": 9007199254740991, "t": HARD_TEXT, "list": [None, True, {}]},
        }
        for number in range(1, 5)
    ],
    "prices": [
        {"id": "pr1", "sku_code": "SKU 1", "price_list_id": "p1", "amount_cents": 0, "rules": None},
        {"id": "pr2", "sku_id": "s2", "price_list_id": "p2", "amount_cents": 5900},
    ],
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    """One for the whole module: every test keeps to organizations of its own."""
    settings = Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0)
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(service: Service) -> AsyncIterator[Database]:
    """The service's database, to put into it what rows can't say yet."""
    async with open_database(
        service.parts.database_url, connections=2, application_name="seed", lease=timedelta(seconds=30)
    ) as database:
        yield database


async def fill(service: Service, organization: str) -> None:
    for resource_type, rows in FLAT.items():
        ended = await imported(service, organization, resource_type, rows)
        assert counts_of(ended) == {"created": len(rows)}


@pytest.mark.parametrize("format", [JSON, CSV])
async def test_an_export_sent_back_changes_nothing_and_elsewhere_makes_the_same(
    service: Service, format: int
) -> None:
    here, there = f"from-{format}", f"to-{format}"
    await fill(service, here)

    for resource_type, rows in FLAT.items():
        document = await exported(service, here, resource_type, format=format)
        again = await imported(service, here, resource_type, document, format=format)
        moved = await imported(service, there, resource_type, document, format=format)

        assert counts_of(again) == {"unchanged": len(rows)}
        assert counts_of(moved) == {"created": len(rows)}
        before, after = (
            await rows_of(service, here, resource_type),
            await rows_of(service, there, resource_type),
        )
        if format == CSV:  # which can't say null
            before = [{name: value for name, value in row.items() if value is not None} for row in before]
        assert after == before


async def test_a_row_has_its_id_and_what_is_set_in_the_order_of_the_registry(service: Service) -> None:
    await fill(service, "plain")

    [first, second] = await rows_of(service, "plain", "prices")

    assert list(first) == ["id", "sku_code", "amount_cents", "rules", "price_list_id", "sku_id"]
    assert first["rules"] is None
    assert (second["sku_code"], second["sku_id"], second["price_list_id"]) == ("SKU 2", "s2", "p2")


@pytest.mark.parametrize("dry", [False, True])
async def test_nothing_to_export_is_a_valid_empty_document(service: Service, dry: bool) -> None:
    [as_json] = await chunks_of(service, "nobody", "prices", dry_data=dry)
    [as_csv] = await chunks_of(service, "nobody", "prices", format=CSV, dry_data=dry)

    assert (as_json.chunk, as_json.rows) == (b"[\n]\n", 0)
    header = "sku_code,amount_cents,compare_at_amount_cents,rules,reference,reference_origin,metadata"
    columns = "price_list.code" if dry else "price_list_id,sku_id"
    assert as_csv.chunk.decode() == f"{'' if dry else 'id,'}{header},{columns}\r\n"


async def test_filters_are_anded_and_unknown_names_left_out(service: Service, database: Database) -> None:
    await fill(service, "filters")
    key = resources_pb2.ResourceKey(values={"code": "SKU 2"})
    unknown = resources_pb2.ResourceKey(values={"code": "SKU 99"})

    async def ids(resource_type: str = "skus", **asked: Any) -> list[str]:
        return [row["id"] for row in await rows_of(service, "filters", resource_type, **asked)]

    assert await ids() == ["s1", "s2", "s3", "s4"]
    assert await ids(ids=["s4", "s1", "s4", "none"], keys=[key, unknown]) == ["s1", "s2", "s4"]
    assert await ids(keys=[unknown]) == []
    assert await ids("prices", parent_resource_id="p2") == ["pr2"]
    assert await ids("prices", parent_resource_id="p2", ids=["pr1"]) == []
    assert await ids("prices", parent_resource_id="p2", ids=["pr1", "pr2"]) == ["pr2"]


async def test_updated_since_is_inclusive(service: Service, database: Database) -> None:
    await seed(database, "since", "tags", {"a": {"name": "a"}, "b": {"name": "b"}})
    at, later = Timestamp(), Timestamp()
    at.FromDatetime(NOW)
    later.FromDatetime(NOW + timedelta(microseconds=1))

    assert len(await rows_of(service, "since", "tags", updated_since=at)) == 2
    assert len(await rows_of(service, "since", "tags", updated_since=at, ids=["a"])) == 1
    assert await rows_of(service, "since", "tags", updated_since=later) == []
    assert await rows_of(service, "since", "tags", updated_since=later, ids=["a"]) == []


async def test_many_rows_come_in_chunks_of_at_most_256_kib_in_the_order_of_ids(
    service: Service, database: Database
) -> None:
    numbers = range(5_000)
    await seed(database, "many", "skus", {f"{n:05}": {"code": f"C{n}", "name": "n" * 100} for n in numbers})

    chunks = await chunks_of(service, "many", "skus")

    assert len(chunks) > 2
    assert max(len(chunk.chunk) for chunk in chunks) <= CHUNK_BYTES
    assert min(len(chunk.chunk) for chunk in chunks[:-1]) > CHUNK_BYTES // 2
    rows = json.loads(b"".join(chunk.chunk for chunk in chunks))
    assert [row["id"] for row in rows] == [f"{n:05}" for n in numbers]
    so_far = b""
    for chunk in chunks:
        so_far += chunk.chunk
        assert so_far.count(b'"id"') == chunk.rows
    assert chunks[-1].rows == 5_000


async def test_large_rows_are_cut_into_pages_and_chunks(service: Service, database: Database) -> None:
    texts = {
        f"{n:02}": {"code": f"C{n}", "name": "n", "description": f"{n}" * 400_000} for n in range(10, 40)
    }
    await seed(database, "large", "skus", texts)

    assert [row["description"] for row in await rows_of(service, "large", "skus")] == [
        each["description"] for each in texts.values()
    ]


async def test_an_archived_order_says_so_and_tags_are_names(service: Service, database: Database) -> None:
    order = {"_key": "1001", "number": "1001", "market_id": "m", "status": "placed"}
    await seed(database, "orders", "orders", {"o1": {**order, "tags": ["a", "b"], "_archive": True}})

    [row] = await rows_of(service, "orders", "orders")
    [record] = await records_of(service, "orders", "orders")

    assert (row["tags"], row["_archive"], row["status"]) == (["a", "b"], True, "placed")
    assert (record["tags.name"], record["_archive"]) == ("a,b", "true")


async def seed_orders(database: Database, organization: str) -> None:
    await seed(database, organization, "customers", {"c1": {"_key": "a@b.c", "email": "a@b.c"}})
    await seed(
        database,
        organization,
        "sku_options",
        {"so1": {"_key": "Engraving\x1fm1", "name": "Engraving", "market_id": "m1"}},
    )
    await seed(database, organization, "skus", {"s1": {"_key": "SKU", "code": "SKU"}})
    await seed(
        database,
        organization,
        "addresses",
        {
            "a1": {"line_1": "One", "tags": ["home"], "geocoder_id": "g1"},
            "a2": {"line_1": "Two", "lat": 45.5},
        },
    )
    await seed(
        database,
        organization,
        "orders",
        {
            "o1": {
                "_key": "1",
                "number": "1",
                "market_id": "m1",
                "customer_id": "c1",
                "customer_email": "a@b.c",
                "shipping_address_id": "a1",
                "billing_address_id": "a2",
            },
            "o2": {"_key": "2", "number": "2", "market_id": "m1", "shipping_address_id": None},
        },
    )
    await seed(
        database,
        organization,
        "line_items",
        {
            "l1": {
                "_owner": "o1",
                "order_id": "o1",
                "sku_code": "SKU",
                "quantity": 2,
                "item_type": "skus",
                "item_id": "s1",
            },
            "l2": {
                "_owner": "o1",
                "order_id": "o1",
                "quantity": 1,
                "item_type": "skus",
                "item_id": "s1",
                "name": "by item",
            },
            "l3": {
                "_owner": "o2",
                "order_id": "o2",
                "quantity": 1,
                "item_type": "shipments",
                "item_id": "x1",
            },
        },
    )
    await seed(
        database,
        organization,
        "line_item_options",
        {
            "lo1": {
                "_owner": "l2",
                "line_item_id": "l2",
                "sku_option_id": "so1",
                "quantity": 1,
                "options": {"text": "A"},
            },
            "lo2": {
                "_owner": "l2",
                "line_item_id": "l2",
                "sku_option_id": "so1",
                "quantity": 2,
                "options": {},
            },
        },
    )


ENGRAVING = {"name": "Engraving", "market_id": "m1"}


async def test_a_dry_order_holds_its_items_and_addresses_and_no_ids_of_ours(
    service: Service, database: Database
) -> None:
    await seed_orders(database, "dry-orders")

    first, second = await rows_of(service, "dry-orders", "orders", dry_data=True)

    assert first == {
        "number": "1",
        "customer_email": "a@b.c",
        "market_id": "m1",
        "shipping_address": {"line_1": "One", "geocoder_id": "g1", "tags": ["home"]},
        "billing_address": {"line_1": "Two", "lat": 45.5},
        "line_items": [
            {"sku_code": "SKU", "quantity": 2, "item_type": "skus"},
            {
                "quantity": 1,
                "name": "by item",
                "item_type": "skus",
                "item": {"code": "SKU"},
                "line_item_options": [
                    {"quantity": 1, "options": {"text": "A"}, "sku_option": ENGRAVING},
                    {"quantity": 2, "options": {}, "sku_option": ENGRAVING},
                ],
            },
        ],
    }
    assert second == {
        "number": "2",
        "market_id": "m1",
        "shipping_address": None,
        "line_items": [{"quantity": 1, "item_type": "shipments", "item_id": "x1"}],
    }


async def test_a_dry_order_in_csv_numbers_its_items(service: Service, database: Database) -> None:
    await seed_orders(database, "dry-csv")

    first, second = await records_of(service, "dry-csv", "orders", dry_data=True)

    assert first["shipping_address.tags.name"] == "home"
    assert first["line_items.0.sku_code"] == "SKU"
    assert first["line_items.1.item.code"] == "SKU"
    assert second == {
        "number": "2",
        "market_id": "m1",
        "line_items.0.quantity": "1",
        "line_items.0.item_type": "shipments",
        "line_items.0.item_id": "x1",
    }


async def test_lists_too_long_for_csv_are_refused(service: Service, database: Database) -> None:
    await seed(database, "wide", "orders", {"o1": {"_key": "1", "number": "1"}})
    items = {f"l{n}": {"_owner": "o1", "order_id": "o1", "quantity": 1} for n in range(1_000)}
    await seed(database, "wide", "line_items", items)

    [row] = await rows_of(service, "wide", "orders", dry_data=True)
    refusal = await refusal_of(exported(service, "wide", "orders", dry_data=True, format=CSV))

    assert len(row["line_items"]) == 1_000
    assert refusal[:3] == (INVALID, "FIELD_INVALID", ["format"])


@pytest.mark.parametrize(
    ("asked", "reason", "fields"),
    [
        ({"parent": "acme"}, "FIELD_INVALID", ["parent"]),
        ({"resource_type": "markets"}, "RESOURCE_TYPE_UNKNOWN", ["resource_type"]),
        ({"format": 7}, "FIELD_INVALID", ["format"]),
        ({"ids": ["a/b"]}, "FIELD_INVALID", ["ids[0]"]),
        ({"ids": ["a"] * 1_001}, "FIELD_INVALID", ["ids"]),
        ({"keys": [resources_pb2.ResourceKey(values={"name": "a"})]}, "FIELD_INVALID", ["keys[0]"]),
        ({"parent_resource_id": "a"}, "FIELD_INVALID", ["parent_resource_id"]),
        ({"resource_type": "prices", "parent_resource_id": "a b"}, "FIELD_INVALID", ["parent_resource_id"]),
        ({"updated_since": Timestamp(seconds=-(10**15))}, "FIELD_INVALID", ["updated_since"]),
    ],
)
async def test_a_bad_request_names_its_fields(
    service: Service, asked: dict[str, Any], reason: str, fields: list[str]
) -> None:
    request = resources_pb2.ExportResourcesRequest(
        **{"parent": "organizations/acme", "resource_type": "skus", **asked}
    )

    refusal = await refusal_of(service.resources.ExportResources(request).read())

    assert refusal[:3] == (INVALID, reason, fields)


@pytest.mark.parametrize("resource_type", ["line_items", "line_item_options", "price_tiers"])
async def test_what_travels_inside_its_owner_is_not_dry_exportable(
    service: Service, resource_type: str
) -> None:
    refusal = await refusal_of(exported(service, "acme", resource_type, dry_data=True))

    assert refusal[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_DRY_EXPORTABLE")


async def test_the_client_exports_what_it_uploads(service: Service) -> None:
    await fill(service, "client")

    async with connect(service.address) as imports:
        document = imports.export("organizations/client", "skus", format=CSV)
        ended = await imports.import_and_wait("organizations/elsewhere", "skus", document, format=CSV)

    assert counts_of(ended) == {"created": 4}


async def test_a_client_that_has_seen_enough_ends_the_export(service: Service, database: Database) -> None:
    numbers = range(10_000)
    await seed(database, "enough", "skus", {f"{n:05}": {"code": f"C{n}", "name": "n" * 500} for n in numbers})

    async with connect(service.address) as imports:
        pieces = imports.export("organizations/enough", "skus")
        first = await anext(pieces)
        await pieces.aclose()

    assert first.startswith(b"[\n")
