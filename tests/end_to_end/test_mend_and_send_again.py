"""Failed inputs are downloaded, mended by a program and sent back as they are: nothing shows that they ever failed."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from imports_client.connection import Imports, connect
from imports_service.rpc.structs import plain
from imports_service.settings import Settings
from tests.services import Service

Row = dict[str, str]

TEXTS = [
    '=HYPERLINK("http://example.com","a; b")',
    "+39 0574 000",
    "-5",
    "@home",
    "'quoted' and \"quoted\"",
    "''",
    "-1-1",
    "+3.5e7",
    "\tindented",
    "two\r\nlines, and ünï€ode",
    "plain",
]
DOCUMENTS: dict[str, list[Row]] = {
    "shipping_categories": [{"id": "letter", "code": "L", "name": "=letter"}],
    "price_lists": [{"id": "list", "code": "retail", "name": "Retail", "currency_code": "EUR"}],
    "stock_locations": [{"id": "shop", "code": "S", "name": "-Shop", "address_id": "street"}],
    "addresses": [
        {
            "id": "street",
            "line_1": "=Street 1",
            "city": "'s-Hertogenbosch",
            "country_code": "NL",
            "state_code": "NB",
            "phone": "+31 73",
            "first_name": "+Ada",
            "last_name": "@Marin",
        }
    ],
    "skus": [
        {
            "code": f"{text[0]}SKU-{number}",
            "name": text,
            "description": TEXTS[-number % len(TEXTS)],
            "weight": str(80 + number),
            "unit_of_weight": "gr",
            "shipping_category_id": "letter",
        }
        for number, text in enumerate(TEXTS * 2)
    ],
    "customers": [
        {
            "email": f"c{number}@example.com",
            "shopper_reference": text,
            "tax_exemption_code": "=EX+1",
            "tags.name": f"-all,t{number}",
        }
        for number, text in enumerate(TEXTS)
    ],
}
SKUS = [row["code"] for row in DOCUMENTS["skus"]]
DOCUMENTS["prices"] = [
    {"sku_code": code, "price_list_id": "list", "amount_cents": str(100 + number)}
    for number, code in enumerate(SKUS)
]
DOCUMENTS["stock_items"] = [
    {"sku_code": code, "stock_location_id": "shop", "quantity": str(number)}
    for number, code in enumerate(SKUS)
]
DOCUMENTS["sku_lists"] = [
    {
        "id": f"list-{number}",
        "name": text,
        "sku_list_items.0.sku_code": SKUS[number],
        "sku_list_items.1.sku_code": code,
    }
    for number, (text, code) in enumerate(zip(TEXTS, SKUS[::-1], strict=False))
]
ORDER = [
    "shipping_categories",
    "price_lists",
    "addresses",
    "stock_locations",
    "skus",
    "customers",
    "prices",
    "stock_items",
    "sku_lists",
]
ENVIRONMENT = [*ORDER, "tags", "sku_list_items"]
NUMBERS = {"weight": float, "amount_cents": int, "quantity": int}

SPOILED: dict[str, list[Row]] = {
    "skus": [
        {"name": ""},
        {"weight": "-=heavy"},
        {"unit_of_weight": "@stone"},
        {"shipping_category_id": "nowhere"},
        {"code": "", "weight": "+-5"},
    ],
    "customers": [{"email": ""}, {"email": "", "shopper_reference": "=x"}, {"tags.name": "=bad tag"}],
    "sku_lists": [{"sku_list_items.1.sku_code": "=none"}, {"name": ""}],
    "prices": [{"sku_code": "=no sku"}, {"amount_cents": "+one"}, {"price_list_id": "=nowhere"}],
    "stock_items": [{"quantity": "'7"}, {"sku_code": "-none"}],
}
"""What is wrong with some rows; each is spoiled in one of these ways."""


def spoiled(resource_type: str) -> list[Row]:
    """Two rows of three are wrong."""
    ways = SPOILED.get(resource_type)
    rows = DOCUMENTS[resource_type]
    if ways is None:
        return rows
    return [row | (ways[number % len(ways)] if number % 3 else {}) for number, row in enumerate(rows)]


def written(rows: list[Row], form: pb.Format.ValueType) -> bytes:
    if form == pb.FORMAT_CSV:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()
    return "\n".join(json.dumps(_typed(row)) for row in rows).encode()


def _typed(row: Mapping[str, str]) -> dict[str, Any]:
    """As JSON says it: numbers where they are some, nothing where there is nothing, and lists of what is dotted."""
    typed: dict[str, Any] = {}
    for column, text in row.items():
        name, *path = column.split(".")
        if not text:
            continue
        if path == ["name"]:
            typed[name] = text.split(",")
        elif path:
            typed.setdefault(name, []).append({path[-1]: text})
        else:
            typed[name] = _number(name, text)
    return typed


def _number(name: str, text: str) -> object:
    try:
        return NUMBERS.get(name, str)(text)
    except ValueError:
        return text


def mended(file: bytes, resource_type: str, form: pb.Format.ValueType) -> bytes:
    """The file with its broken values in place; everything else is left as it stands there."""
    good = DOCUMENTS[resource_type]
    bad = spoiled(resource_type)
    if form == pb.FORMAT_CSV:
        header, *records = csv.reader(io.StringIO(file.decode(), newline=""))
        for record in records:
            place = int(record[header.index("_row_number")]) - 1
            for name, text in good[place].items():
                if bad[place][name] != text:
                    record[header.index(name)] = text if text[:1] not in {*"=+-@'\t"} else "'" + text
        written_anew = io.StringIO(newline="")
        csv.writer(written_anew).writerows([header, *records])
        return written_anew.getvalue().encode()
    rows = json.loads(file)
    for row in rows:
        place = row["_row_number"] - 1
        for name, value in _typed(good[place]).items():
            if _typed(bad[place]).get(name) != value:
                row[name] = value
    return json.dumps(rows).encode()


async def downloaded(imports: Imports, name: str) -> bytes:
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub

    stub = ImportServiceStub(imports.channel)
    call = stub.DownloadImportFile(
        pb.DownloadImportFileRequest(name=name, file=pb.IMPORT_FILE_FAILED_INPUTS), timeout=30
    )
    return b"".join([message.chunk async for message in call])


async def environment(service: Service, organization: str) -> dict[str, list[Any]]:
    """Every resource that was imported, by type, without what differs from one environment to the next."""
    found: dict[str, list[Any]] = {}
    for resource_type in ENVIRONMENT:
        page = await service.resources.ListResources(
            resources_pb2.ListResourcesRequest(
                parent=organization, resource_type=resource_type, page_size=1_000
            )
        )
        if resource_type == "skus":
            sku_codes = {each.id: each.key.values["code"] for each in page.resources}
        shown = [
            (dict(each.key.values), plain(each.attributes), plain(each.relationships))
            for each in page.resources
        ]
        for key, _, relationships in shown:
            for names in (key, relationships):
                if "sku_id" in names:
                    names["sku_id"] = sku_codes[names["sku_id"]]
        found[resource_type] = sorted(shown, key=repr)
    return found


@pytest.fixture
def settings() -> Settings:
    return Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0, segment_rows=4)


@pytest.fixture
async def imports(service: Service) -> AsyncIterator[Imports]:
    async with connect(service.address) as imports:
        yield imports


@pytest.mark.parametrize("form", [pb.FORMAT_JSON, pb.FORMAT_CSV])
async def test_mended_failed_inputs_make_the_environment_of_a_clean_import(
    service: Service, imports: Imports, form: pb.Format.ValueType
) -> None:
    for resource_type in ORDER:
        document = written(DOCUMENTS[resource_type], form)
        done = await imports.import_and_wait(
            "organizations/clean", resource_type, document, format=form, timeout=60
        )
        assert (done.errors_count, done.created_count) == (0, len(DOCUMENTS[resource_type])), done.errors_log

    for resource_type in ORDER:
        document, count = written(spoiled(resource_type), form), len(DOCUMENTS[resource_type])
        done = await imports.import_and_wait(
            "organizations/mended", resource_type, document, format=form, skip_errors=True, timeout=60
        )
        assert done.errors_count == sum(
            spoiled(resource_type)[n] != DOCUMENTS[resource_type][n] for n in range(count)
        )
        if done.errors_count:
            file = mended(await downloaded(imports, done.name), resource_type, form)
            again = await imports.import_and_wait(
                "organizations/mended", resource_type, file, format=form, timeout=60
            )
            assert (again.errors_count, again.warnings_count) == (0, 0), again.errors_log
            assert again.created_count == done.errors_count

    clean = await environment(service, "organizations/clean")
    assert await environment(service, "organizations/mended") == clean
    assert {name: len(found) for name, found in clean.items() if name in ORDER} == {
        name: len(DOCUMENTS[name]) for name in ORDER
    }


@pytest.mark.parametrize("form", [pb.FORMAT_JSON, pb.FORMAT_CSV])
async def test_a_failed_inputs_file_sent_back_as_it_is_fails_again_in_the_same_rows(
    imports: Imports, form: pb.Format.ValueType
) -> None:
    parent, document = "organizations/o", written(DOCUMENTS["prices"], form)  # of SKUs that are not there
    files = []
    for _ in range(3):
        done = await imports.import_and_wait(
            parent, "prices", document, format=form, skip_errors=True, timeout=60
        )
        assert (done.inputs_size, done.errors_count) == (len(SKUS), len(SKUS))
        document = await downloaded(imports, done.name)
        files.append(document)

    shown = [json.loads(file) if form == pb.FORMAT_JSON else file for file in files]
    assert shown[0] == shown[1] == shown[2]


async def test_a_retry_goes_through_when_what_was_missing_is_there(
    service: Service, imports: Imports
) -> None:
    parent = "organizations/o"
    for resource_type in ("shipping_categories", "price_lists"):
        await imports.import_and_wait(
            parent, resource_type, written(DOCUMENTS[resource_type], pb.FORMAT_JSON), timeout=60
        )
    prices = written(DOCUMENTS["prices"], pb.FORMAT_CSV)
    first = await imports.import_and_wait(
        parent, "prices", prices, format=pb.FORMAT_CSV, skip_errors=True, timeout=60
    )
    await imports.import_and_wait(parent, "skus", written(DOCUMENTS["skus"], pb.FORMAT_JSON), timeout=60)

    retried = await imports.retry(first.name, outcomes=[pb.OUTCOME_FAILED])
    events = [event async for event in imports.watch(retried.name, timeout=60)]
    results = [(each.row_number, each.outcome) async for each in imports.results(retried.name)]

    assert (retried.retry_of, retried.skip_errors, retried.inputs_size) == (first.name, True, len(SKUS))
    assert events[-1].snapshot.status == pb.STATUS_COMPLETED
    assert results == [(number, pb.OUTCOME_CREATED) for number in range(1, len(SKUS) + 1)]
