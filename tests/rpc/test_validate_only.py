"""Rehearsals over the calls: what they take, what they tell of each row, and where they can be seen."""

import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.rpc.structs import plain, struct_of
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.rows.shop import Shop
from tests.rpc.refusals import refusal_of, upload
from tests.rpc.shared import shared_service
from tests.worker.rehearsing import lines, rehearsed

MOST = 12
SKUS = pb.ImportSpec(resource_type="skus")


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(
        grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0, segment_rows=4, max_validate_inputs=MOST
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(
    settings: Settings, cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Shop]:
    """Nothing here is imported for real but the shop itself."""
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        shop = Shop(service)
        await shop.fill()
        yield shop


def skus(count: int) -> bytes:
    return lines({"code": f"S{number}", "name": "Sku", "do_not_ship": True} for number in range(count))


def wanted(shop: Shop, **fields: Any) -> pb.CreateImportRequest:
    asked: dict[str, Any] = {"parent": shop.parent, "spec": SKUS, "validate_only": True} | fields
    return pb.CreateImportRequest(**asked)


def told(result: pb.ImportResult) -> dict[str, tuple[Any, Any]]:
    """The changes by attribute, as old and new value; "unset" where there is none."""
    shown = struct_of({})
    changes = {}
    for change in result.changes:
        values = []
        for name in ("old_value", "new_value"):
            if change.HasField(name):
                shown.fields["value"].CopyFrom(getattr(change, name))
                values.append(plain(shown)["value"])
            else:
                values.append("unset")
        changes[change.attribute] = (values[0], values[1])
    return changes


async def changes_of(
    shop: Shop, resource_type: str, *rows: dict[str, Any]
) -> list[dict[str, tuple[Any, Any]]]:
    """What each row would change; fails when one would not go through."""
    done = await rehearsed(shop, pb.ImportSpec(resource_type=resource_type), document=lines(rows))
    results = await shop.results(done)
    assert done.errors_count == 0, results
    return [told(result) for result in results]


async def test_a_rehearsal_says_so_wherever_it_is_seen(shop: Shop) -> None:
    imports = shop.service.imports
    created = await imports.CreateImport(wanted(shop, document=skus(6)))
    done = await shop.ended(created)
    watch = imports.WatchImport(pb.WatchImportRequest(name=created.name))
    events = [event async for event in watch]
    found = await imports.GetImport(pb.GetImportRequest(name=created.name))
    listed = await imports.ListImports(
        pb.ListImportsRequest(parent=shop.parent, filter=pb.ImportFilter(validate_only=True))
    )
    others = await imports.ListImports(
        pb.ListImportsRequest(parent=shop.parent, filter=pb.ImportFilter(validate_only=False), page_size=1000)
    )

    assert all(each.validate_only for each in (created, done, found, events[0].snapshot))
    assert found.HasField("expires_at")
    assert created.name in [each.name for each in listed.imports]
    assert all(each.validate_only for each in listed.imports)
    assert not any(each.validate_only for each in others.imports)


async def test_an_upload_can_be_rehearsed(shop: Shop) -> None:
    created = await shop.service.imports.UploadImport(upload(wanted(shop), skus(3), b"\n", b'{"code": "T"}'))

    done = await shop.ended(created)

    assert (done.created_count, done.errors_count, done.validate_only) == (3, 1, True)


async def test_inputs_can_be_rehearsed(shop: Shop) -> None:
    inputs = pb.InlineInputs(items=[struct_of({"code": "BOTTLE", "name": "Flask"})])

    done = await shop.ended(await shop.service.imports.CreateImport(wanted(shop, inputs=inputs)))

    assert done.updated_count == 1


async def test_more_rows_than_a_rehearsal_takes_are_refused_as_soon_as_it_is_certain(shop: Shop) -> None:
    imports = shop.service.imports
    at_most = await imports.CreateImport(wanted(shop, document=skus(MOST)))
    over = await refusal_of(imports.CreateImport(wanted(shop, document=skus(MOST + 1))))
    sent = 0

    async def without_end() -> AsyncIterator[pb.UploadImportRequest]:
        nonlocal sent
        yield pb.UploadImportRequest(header=wanted(shop))
        while sent < 100_000:
            sent += 1
            yield pb.UploadImportRequest(chunk=skus(100) + b"\n")

    uploaded = await refusal_of(imports.UploadImport(without_end()))

    assert at_most.inputs_size == MOST
    expected = (grpc.StatusCode.INVALID_ARGUMENT, "INPUTS_TOO_MANY")
    assert (over.code, over.reason) == (uploaded.code, uploaded.reason) == expected
    assert sent < 100_000


async def test_a_real_import_takes_more(shop: Shop) -> None:
    created = await shop.service.imports.CreateImport(
        pb.CreateImportRequest(parent=f"{shop.parent}x", spec=SKUS, document=skus(MOST + 1))
    )

    assert created.inputs_size == MOST + 1


async def test_a_request_id_tells_a_rehearsal_from_a_real_import(shop: Shop) -> None:
    imports = shop.service.imports
    first = await imports.CreateImport(wanted(shop, document=skus(2), request_id="mine"))

    again = await imports.UploadImport(upload(wanted(shop, request_id="mine"), skus(2)))
    real = await refusal_of(
        imports.CreateImport(wanted(shop, document=skus(2), request_id="mine", validate_only=False))
    )

    assert again.uid == first.uid
    assert (real.code, real.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_there_is_no_attachment_but_failed_inputs(shop: Shop) -> None:
    document = skus(3) + b'\n{"code": "no name", "do_not_ship": true}'
    done = await rehearsed(shop, SKUS, document=document)
    found = await shop.service.imports.GetImport(pb.GetImportRequest(name=done.name))

    missing = shop.service.imports.DownloadImportFile(
        pb.DownloadImportFileRequest(name=done.name, file=pb.IMPORT_FILE_ATTACHMENT)
    )
    call = shop.service.imports.DownloadImportFile(
        pb.DownloadImportFileRequest(name=done.name, file=pb.IMPORT_FILE_FAILED_INPUTS)
    )
    failed = json.loads(b"".join([message.chunk async for message in call]))

    assert (done.created_count, done.errors_count, done.threshold_exceeded) == (3, 1, True)
    assert found.attachment_url == ""
    assert found.failed_inputs_url != ""
    assert (await refusal_of(missing.read())).reason == "FILE_NOT_FOUND"
    assert [row["code"] for row in failed] == ["no name"]
    assert found.issue_summary[0].code == "required"


async def test_a_rehearsal_can_not_be_retried(shop: Shop) -> None:
    done = await rehearsed(shop, SKUS, document=b'{"code": "no name"}')

    refusal = await refusal_of(shop.service.imports.RetryImport(pb.RetryImportRequest(name=done.name)))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "VALIDATE_ONLY_IMPORT")


async def test_only_what_is_there_has_an_id(shop: Shop) -> None:
    new = {"code": "NEW", "name": "New", "do_not_ship": True}
    rows = [
        {"code": "BOTTLE", "name": "Flask"},
        new,
        new | {"id": "own", "code": "OWN"},
        new | {"name": "Newer"},
    ]
    rows += [new | {"id": "other"}, {"id": "sku-bottle"}]

    results = await shop.results(await rehearsed(shop, SKUS, document=lines(rows)))

    assert [result.resource_id for result in results] == ["sku-bottle", "", "", "", "", "sku-bottle"]
    [ignored] = results[4].issues
    assert (ignored.code, "~" in ignored.message) == ("id_ignored", False)


async def test_an_updated_row_tells_old_and_new_values(shop: Shop) -> None:
    long = "x" * 300
    rows: list[dict[str, Any]] = [
        {"code": "BACKPACK", "name": "Sack", "weight": 700, "description": long, "reference": "erp-1"},
        {"code": "BACKPACK", "description": None, "weight": 700.0},
        {"code": "BACKPACK", "metadata": {"a": [1, {"b": None}]}, "tags": ["one", "two"]},
        {"code": "BACKPACK", "metadata": {"a": long}, "tags": None},
        {"code": "BACKPACK", "name": "Sack"},
    ]

    first, second, third, fourth, fifth = await changes_of(shop, "skus", *rows)

    assert first == {
        "name": ("Backpack", "Sack"),
        "weight": (650.5, 700),
        "description": ("unset", long[:256]),
        "reference": ("unset", "erp-1"),
    }
    assert second == {"description": (long[:256], None)}
    assert third == {"metadata": ("unset", {"a": [1, {"b": None}]}), "tags": ("unset", ["one", "two"])}
    assert fourth == {
        "metadata": ({"a": [1, {"b": None}]}, ('{"a":"' + long)[:256]),
        "tags": (["one", "two"], None),
    }
    assert fifth == {}


async def test_a_created_row_tells_what_would_be_set(shop: Shop) -> None:
    [card, again] = await changes_of(
        shop,
        "gift_cards",
        {"currency_code": "EUR", "balance_cents": 500, "expires_at": "2030-01-01T00:00:00+02:00"},
        {"code": "GIFT-2026-0001", "expires_at": "2030-01-01T00:00:00Z"},
    )

    assert card["currency_code"] == ("unset", "EUR")
    assert card["code"] == (
        "unset",
        "unset",
    )  # made by the service, and not the one that a real run would make
    assert card["expires_at"] == ("unset", "2029-12-31T22:00:00Z")
    assert again == {"expires_at": ("unset", "2030-01-01T00:00:00Z")}


async def test_nested_values_have_paths(shop: Shop) -> None:
    tier = {"name": "Up to 10", "up_to": 10, "price_amount_cents": 5400, "type": "PriceVolumeTier"}
    price = {"sku_code": "BACKPACK", "price_list": {"code": "EU"}}
    [changed, added, removed] = await changes_of(
        shop,
        "prices",
        price | {"price_tiers": [tier]},
        price | {"price_tiers": [tier, tier | {"up_to": 20}]},
        price | {"price_tiers": []},
    )

    assert changed == {"price_tiers[0].price_amount_cents": (5500, 5400)}
    assert added["price_tiers[1].up_to"] == ("unset", 20)
    assert not any(name.endswith("price_id") for name in added)
    assert list(removed) == ["price_tiers[0]", "price_tiers[1]"]
    assert removed["price_tiers[1]"][0]["up_to"] == 20
    assert removed["price_tiers[1]"][1] is None


async def test_what_would_be_made_has_no_id_to_refer_to(shop: Shop) -> None:
    address = {
        "first_name": "Eva",
        "last_name": "Lund",
        "line_1": "1",
        "city": "Oslo",
        "country_code": "NO",
        "phone": "1",
    }
    [row] = await changes_of(
        shop, "customer_addresses", {"customer": {"email": "eva@example.com"}, "address": address}
    )

    assert row["customer_id"] == row["address_id"] == ("unset", "unset")
    assert row["customer.email"] == ("unset", "eva@example.com")
    assert row["address.city"] == ("unset", "Oslo")


async def test_a_row_tells_twenty_changes_at_most_and_its_own_first(shop: Shop) -> None:
    items = [{"name": "Box", "quantity": 1, "unit_amount_cents": 5, "reference": "a"} for _ in range(10)]
    [row] = await changes_of(
        shop, "orders", {"number": "77", "market_id": "europe", "line_items": items, "language_code": "en"}
    )

    assert len(row) == 20
    assert {"number", "market_id", "language_code"} <= row.keys()
    assert "line_items[0].quantity" in row


async def test_secrets_are_not_repeated(shop: Shop) -> None:
    [row] = await changes_of(
        shop,
        "customer_payment_sources",
        {
            "customer_id": "customer-ada",
            "name": "Card",
            "customer_token": "hidden",
            "payment_source_token": "hidden",
            "payment_source_type": "stripe_payments",
            "payment_source_id": "any",
        },
    )

    assert row["customer_token"] == row["payment_source_token"] == ("unset", "unset")


async def test_nothing_was_written(shop: Shop) -> None:
    """By all of the above."""
    fresh = Shop(shop.service)
    await fresh.fill()

    assert len(await shop.resources()) == len(await fresh.resources())
