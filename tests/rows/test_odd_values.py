"""Every name that a row of any type can give, with every kind of value: judged under that name, never a fault."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.registry import load_registry
from imports_service.domain.resource_type import ResourceType
from tests.rows.shop import Shop, table
from tests.services import Service

TYPES = load_registry().types
OWNED_FIRST = list(TYPES)[::-1]  # a row of an owner may remove what it owns
ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e300, 2**53, "", " ", "x", "nope", "1", "a,b", ",", "[", "{}", "\u0000",
    [], {}, [None], [[]], [{}], [5], ["a", "a"], ["a b"], [[[[[]]]]], {"": ""}, {"x": [{"y": None}]},
    {"id": None}, {"id": ""}, {"id": "nope"}, {"id": 5}, {"id": {}}, {"id": ["a"]}, {"code": {}}, {"name": []},
    {"email": None}, {"email": {}}, {"number": True}, {"sku_code": {"code": "BACKPACK"}}, {"sku_code": "BACKPACK"},
    {"price_list": []}, {"market": {}}, {"market_id": []}, {"id": "nope", "code": "nope", "name": "nope"},
    [{"id": None}], [{"id": "nope"}], [{"id": []}], [{"name": {}}], [{"name": None}], [{"id": "nope"}, {"id": "nope"}],
    [{"tags": [{}]}], [{"line_item_options": [None]}], [{"sku": {}}], [{"item": []}], [{"metadata": []}],
    {"tags": [None]}, {"address": {}}, {"customer": {"customer": {}}}, {"metadata": {"a": "\u0000"}},
]  # fmt: skip
ODD_CELLS = [
    " ", "x", "nope", "1", "-1", "1.5", "true", "nan", "a,b", ",", ",,", "[", "[]", "[[]]", "[null]", "[{}]", '["a"]',
    "{", "{}", "null", '"x"', '{"id": null}', '{"id": "nope"}', '{"code": {}}', '[{"id": "nope"}]', '[{"name": []}]',
    "\u0000", "[" * 2000, '{"a":' * 2000, "9" * 5000,
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def second_shop(service: Service) -> Shop:
    """A shop that the rows of JSON have not changed."""
    shop = Shop(service)
    await shop.fill()
    return shop


def names_of(resource_type: ResourceType) -> list[str]:
    """All that a row can give but what names it."""
    names = [*resource_type.attribute, *resource_type.triggers, *resource_type.references]
    return list(dict.fromkeys([*names, *(r.name for r in resource_type.relationships)]))


def seed_of(name: str) -> str:
    """The id of a resource that is there."""
    seed: str = table("environment.toml")[name][0]["id"]
    return seed


def stray(results: Iterable[pb.ImportResult], given: Iterable[tuple[str, str]]) -> list[str]:
    """Failed rows of which no error stands under the name that was given, as `<name> <value>: <issues>`."""
    return [
        f"{name} {value[:80]}: {[(issue.code, issue.attribute) for issue in result.issues]}"
        for result, (name, value) in zip(results, given, strict=True)
        if result.outcome == pb.OUTCOME_FAILED
        and not any(
            issue.severity == pb.SEVERITY_ERROR and issue.attribute.startswith(name)
            for issue in result.issues
        )
    ]


@pytest.mark.parametrize("name", OWNED_FIRST)
async def test_any_value_of_json_is_judged_under_its_name(shop: Shop, name: str) -> None:
    seed = seed_of(name)
    given = [(attribute, json.dumps(value)) for attribute in names_of(TYPES[name]) for value in ODD_VALUES]
    rows = [f'{{"id": "{seed}", "{attribute}": {value}}}' for attribute, value in given]

    done = await shop.imported(pb.ImportSpec(resource_type=name), document="\n".join(rows).encode())

    assert stray(await shop.results(done), given) == []


@pytest.mark.parametrize("name", OWNED_FIRST)
async def test_any_cell_is_judged_under_its_column(second_shop: Shop, name: str) -> None:
    seed = seed_of(name)
    columns = names_of(TYPES[name])
    given = [(column, cell) for column in columns for cell in ODD_CELLS]
    document = io.StringIO()
    writer = csv.writer(document)
    writer.writerow(["id", *columns])
    for column, cell in given:
        writer.writerow([seed, *(cell if other == column else "" for other in columns)])

    spec = pb.ImportSpec(resource_type=name, format=pb.FORMAT_CSV)
    done = await second_shop.imported(spec, document=document.getvalue().encode())

    assert stray(await second_shop.results(done), given) == []
