"""What an export writes of a resource, for every type of the registry."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from imports_service.domain.attributes import AttributeType
from imports_service.domain.export_parts import Related, key_object, names_in_key
from imports_service.domain.export_rows import ExportedType, values_of
from imports_service.domain.keys import canonical_key
from imports_service.domain.registry import load_registry
from imports_service.domain.resource_type import ResourceType

REGISTRY = load_registry()
TYPES = REGISTRY.types
SAMPLES = {
    AttributeType.STRING: 'a "text",\r\nof 雪',
    AttributeType.INTEGER: 5,
    AttributeType.FLOAT: 0.1,
    AttributeType.BOOLEAN: False,
    AttributeType.DATETIME: "2026-01-31T12:00:00.000001Z",
    AttributeType.OBJECT: {"a": [1, None, {"b": "ü"}]},
}
NESTED = {"line_items", "line_item_options", "price_tiers"}


def exported(name: str, *, dry: bool) -> ExportedType:
    return ExportedType(TYPES[name], TYPES, dry=dry)


def full(resource_type: ResourceType) -> dict[str, Any]:
    """A resource of the type that has everything, as it is stored; what it refers to is called `its-<name>`."""
    values: dict[str, Any] = {"id": "own-id"}
    for attribute in resource_type.stored_attributes:
        values[attribute.name] = attribute.enum[0] if attribute.enum else SAMPLES[attribute.type]
    values |= {key: f"its-{reference.name}" for key, reference in resource_type.references.items()}
    if "tags" in resource_type.lists:
        values["tags"] = ["blue", "new"]
    if resource_type.name == "orders":
        values["_archive"] = True
    return values


def everything_about(values: dict[str, Any], resource_type: ResourceType) -> Related:
    """Keys for all that a full resource refers to, addresses, and two of each nested item with their items."""
    related = Related()
    for key, reference in resource_type.references.items():
        for target in reference.importable:
            if TYPES[target].has_key:
                parts = [f"{name} of {target}" for name in TYPES[target].unique_key]
                related.keys[target, values[key]] = canonical_key(parts)
        if reference.importable == ("addresses",):
            related.objects["addresses", values[key]] = full(TYPES["addresses"])
    for item_type in TYPES.values():
        owner = item_type.owner
        if owner is not None and resource_type.name in owner.importable:
            items = [full(item_type) | {"id": f"{item_type.name}-{number}"} for number in range(2)]
            related.items[item_type.name, values["id"]] = [*items]
            for item in items:
                inner = everything_about(item, item_type)
                related.keys.update(inner.keys)
                related.items.update(inner.items)
    return related


def leaves_of(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves_of(inner)
    else:
        yield value


def cells_of(kind: ExportedType, row: dict[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}
    kind.add_cells(cells, row)
    return cells


@pytest.mark.parametrize("name", TYPES)
def test_a_row_is_what_is_stored(name: str) -> None:
    values = full(TYPES[name])

    row = exported(name, dry=False).row(values, Related())

    assert row == values
    assert next(iter(row)) == "id"


@pytest.mark.parametrize("name", TYPES)
def test_null_stays_null_and_what_is_absent_stays_absent(name: str) -> None:
    nothing = exported(name, dry=False).row({"id": "a"}, Related())
    nulls = exported(name, dry=False).row(dict.fromkeys(full(TYPES[name])) | {"id": "a"}, Related())

    assert {name for name in nothing if not name.startswith("_")} == {"id"}
    assert nulls["reference"] is None


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("dry", [False, True])
def test_secrets_of_their_owner_have_no_place(name: str, dry: bool) -> None:
    kind = exported(name, dry=dry)
    stored = full(TYPES[name]) | dict.fromkeys(TYPES[name].write_only, "secret")

    assert "secret" not in set(leaves_of(kind.row(stored, Related())))
    assert TYPES[name].write_only.isdisjoint(kind.columns({}))


@pytest.mark.parametrize("name", [name for name in TYPES if name not in NESTED])
def test_a_dry_row_names_nothing_of_ours_by_id(name: str) -> None:
    resource_type, values = TYPES[name], full(TYPES[name])

    row = exported(name, dry=True).row(values, everything_about(values, resource_type))

    ids = {leaf for leaf in leaves_of(row) if isinstance(leaf, str) and leaf.startswith(("its-", "own-"))}
    opaque = {
        f"its-{r.name}" for kind in TYPES.values() for r in kind.references.values() if not r.importable
    }
    assert ids <= opaque
    assert "id" not in row
    for key, reference in resource_type.references.items():
        if not reference.importable:
            assert row[key] == values[key]


@pytest.mark.parametrize("name", [name for name in TYPES if name not in NESTED])
def test_every_cell_of_a_dry_row_has_its_column(name: str) -> None:
    kind, values = exported(name, dry=True), full(TYPES[name])
    row = kind.row(values, everything_about(values, TYPES[name]))
    widths = {part.name: [2, 2] for part in kind.lists}

    columns = list(kind.columns(widths))

    assert cells_of(kind, row).keys() <= set(columns)
    assert len(columns) == len(set(columns))


@pytest.mark.parametrize("name", TYPES)
def test_every_cell_of_a_row_has_its_column(name: str) -> None:
    kind = exported(name, dry=False)
    row = kind.row(full(TYPES[name]), Related())

    cells = cells_of(kind, row)

    assert cells.keys() <= set(kind.columns({}))
    assert cells["metadata"] == '{"a":[1,null,{"b":"ü"}]}'
    assert cells["reference"] == 'a "text",\r\nof 雪'


def test_cells_of_nothing_are_empty() -> None:
    kind = exported("skus", dry=False)

    assert cells_of(kind, {"id": "a", "name": "", "description": None, "do_not_ship": False, "tags": []}) == {
        "id": "a",
        "do_not_ship": "false",
    }


def test_references_are_written_by_key() -> None:
    kind = exported("prices", dry=True)
    values = {"id": "a", "sku_code": "S", "sku_id": "s", "price_list_id": "p", "amount_cents": 1}

    row = kind.row(values, Related(keys={("price_lists", "p"): "EU"}))

    assert list(kind.keys_needed([values])) == [("price_lists", "p")]
    assert row == {"sku_code": "S", "amount_cents": 1, "price_list": {"code": "EU"}}
    assert cells_of(kind, row) == {"sku_code": "S", "amount_cents": "1", "price_list.code": "EU"}


def test_a_reference_to_what_has_no_key_is_left_out_and_null_is_not() -> None:
    kind = exported("skus", dry=True)

    assert kind.row({"id": "a", "shipping_category_id": "c"}, Related()) == {}
    assert kind.row({"id": "a", "shipping_category_id": None}, Related()) == {"shipping_category": None}
    assert exported("stock_transfers", dry=True).row({"id": "a", "line_item_id": "l"}, Related()) == {}


def test_a_part_of_a_key_that_is_missing_is_left_out() -> None:
    kind = exported("line_items", dry=True)
    values = {"id": "a", "item_type": "bundles", "item_id": "b"}

    row = kind.row(values, Related(keys={("bundles", "b"): canonical_key(["SET", None])}))

    assert row == {"item_type": "bundles", "item": {"code": "SET"}}


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ({"item_type": "skus", "item_id": "s", "sku_code": "S"}, {"item_type": "skus", "sku_code": "S"}),
        ({"item_type": "skus", "item_id": "s"}, {"item_type": "skus", "item": {"code": "S"}}),
        (
            {"item_type": "skus", "item_id": "s", "bundle_code": "B"},
            {"item_type": "skus", "item": {"code": "S"}, "bundle_code": "B"},
        ),
        ({"item_type": "shipments", "item_id": "s"}, {"item_type": "shipments", "item_id": "s"}),
        ({"item_id": "s"}, {"item_id": "s"}),
        ({"item_id": None}, {"item": None}),
    ],
)
def test_an_item_is_written_as_its_type_asks(values: dict[str, Any], written: dict[str, Any]) -> None:
    kind = exported("line_items", dry=True)

    row = kind.row({"id": "a", **values}, Related(keys={("skus", "s"): "S"}))

    assert row == written
    assert cells_of(kind, row).keys() <= set(kind.columns({}))


def test_keys_are_told_through_the_references_in_them() -> None:
    keys = {("prices", "a"): canonical_key(["S", "p"]), ("price_lists", "p"): "EU"}

    assert key_object(("prices", "a"), keys, TYPES) == {"sku_code": "S", "price_list": {"code": "EU"}}
    assert list(names_in_key(("prices", "a"), keys["prices", "a"], TYPES)) == [("price_lists", "p")]
    del keys["price_lists", "p"]
    assert key_object(("prices", "a"), keys, TYPES) is None


def test_lists_stand_in_their_owners_and_have_numbered_columns() -> None:
    kind = exported("orders", dry=True)
    related = Related(
        items={
            ("line_items", "o"): [{"id": "l", "order_id": "o", "quantity": 1}, {"id": "m", "quantity": 2}],
            ("line_item_options", "m"): [{"id": "x", "line_item_id": "m", "options": {}}],
        }
    )

    row = kind.row({"id": "o", "number": "1"}, related)

    assert row["line_items"] == [{"quantity": 1}, {"quantity": 2, "line_item_options": [{"options": {}}]}]
    assert cells_of(kind, row) == {
        "number": "1",
        "line_items.0.quantity": "1",
        "line_items.1.quantity": "2",
        "line_items.1.line_item_options.0.options": "{}",
    }
    columns = set(kind.columns({"line_items": [0, 1]}))
    assert "line_items.1.line_item_options.0.options" in columns
    assert not any(column.startswith("line_items.0.line_item_options") for column in columns)


def test_a_list_with_an_export_of_its_own_does_not_travel_inside_its_owner() -> None:
    assert [part.name for part in exported("sku_lists", dry=True).lists] == []
    [reference] = exported("sku_list_items", dry=True).references
    assert list(reference.columns({})) == ["sku_list.name"]


def test_an_address_stands_in_the_place_of_its_reference() -> None:
    kind = exported("stock_locations", dry=True)
    related = Related(objects={("addresses", "a"): {"id": "a", "city": "Torino", "tags": ["x", "y"]}})

    row = kind.row({"id": "l", "code": "TRN", "address_id": "a"}, related)

    assert row == {"code": "TRN", "address": {"city": "Torino", "tags": ["x", "y"]}}
    assert cells_of(kind, row) == {"code": "TRN", "address.city": "Torino", "address.tags.name": "x,y"}


@pytest.mark.parametrize("price", [{}, {"price_amount_cents": None}])
def test_a_bundle_without_a_price_says_that_it_is_computed(price: dict[str, Any]) -> None:
    kind = exported("bundles", dry=False)

    assert kind.row({"id": "b", **price}, Related())["_compute_price_amount"] is True
    assert "_compute_price_amount" not in kind.row({"id": "b", "price_amount_cents": 0}, Related())


def test_large_doubles_are_doubles_again() -> None:
    stored = json.dumps({"weight": 10**300, "metadata": {"n": [10**300, 2**53 - 1], "t": "1" * 20}})

    values = values_of(stored)

    assert values == {"weight": 1e300, "metadata": {"n": [1e300, 2**53 - 1], "t": "1" * 20}}
    assert isinstance(values["metadata"]["n"][0], float)


@pytest.mark.parametrize("dry", [True, False])
def test_what_is_taken_only_together_with_something_is_not_exported_without_it(dry: bool) -> None:
    archived = {"id": "o", "number": "1", "status": "placed", "_archive": True}
    brought_back = {"id": "o", "number": "1", "status": "placed"}

    assert exported("orders", dry=dry).row(archived, Related())["status"] == "placed"
    assert "status" not in exported("orders", dry=dry).row(brought_back, Related())
