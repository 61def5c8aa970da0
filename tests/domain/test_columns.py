"""Columns of CSV documents: what each form of a name stands for, and which contradict each other."""

from typing import Any

import pytest

from imports_service.domain.cells import CellReader
from imports_service.domain.columns import Cell, Column, column_of, contradictions, known
from imports_service.domain.rows import Code
from tests.domain.decoding import REGISTRY, decode_csv, decode_json, said_of

TYPES = REGISTRY.types


def column(resource_type: str, name: str) -> Column | None:
    return column_of(name, TYPES[resource_type], TYPES)


@pytest.mark.parametrize(
    ("resource_type", "name", "path", "kind"),
    [
        ("skus", "id", ("id",), "string"),
        ("skus", "weight", ("weight",), "float"),
        ("skus", "shipping_category_id", ("shipping_category_id",), "string"),
        ("skus", "metadata", ("metadata",), "object"),
        ("skus", "metadata.season", ("metadata", "season"), "string"),
        ("skus", "metadata.a.0", ("metadata", "a", "0"), "string"),
        ("skus", "created_at", ("created_at",), Cell.DROPPED),
        ("skus", "_row_number", ("_row_number",), Cell.DROPPED),
        ("price_tiers", "type", ("type",), "string"),
        ("customers", "password", ("password",), "string"),
        ("orders", "_place", ("_place",), "boolean"),
        ("orders", "_archive", ("_archive",), "boolean"),
        ("skus", "_add_tags", ("_add_tags",), "string"),
        ("skus", "tags", ("tags",), Cell.NAMES),
        ("skus", "tags.name", ("tags", "name"), Cell.PARTS),
        ("skus", "tags.id", ("tags", "id"), Cell.PARTS),
        ("skus", "tags.0", ("tags", 0), Cell.JSON),
        ("skus", "tags.0.name", ("tags", 0, "name"), "string"),
        ("skus", "shipping_category", ("shipping_category",), Cell.JSON),
        ("skus", "shipping_category.code", ("shipping_category", "code"), "string"),
        ("skus", "shipping_category.id", ("shipping_category", "id"), "string"),
        ("bundles", "market.id", ("market", "id"), "string"),
        ("prices", "price_tiers", ("price_tiers",), Cell.JSON),
        ("prices", "price_tiers.up_to", ("price_tiers", 0, "up_to"), "float"),
        ("prices", "price_tiers.0.up_to", ("price_tiers", 0, "up_to"), "float"),
        ("prices", "price_tiers.4", ("price_tiers", 4), Cell.JSON),
        ("prices", "price_tiers.999.up_to", ("price_tiers", 999, "up_to"), "float"),
        ("price_tiers", "price.price_list.code", ("price", "price_list", "code"), "string"),
        ("price_tiers", "price.price_list_id", ("price", "price_list_id"), "string"),
        ("stock_locations", "address", ("address",), Cell.JSON),
        ("stock_locations", "address.business", ("address", "business"), "boolean"),
        ("stock_locations", "address.tags", ("address", "tags"), Cell.NAMES),
        ("stock_locations", "address.metadata.a", ("address", "metadata", "a"), "string"),
        ("customer_addresses", "customer.email", ("customer", "email"), "string"),
        ("customer_addresses", "customer.customer_group.id", ("customer", "customer_group", "id"), "string"),
        ("orders", "customer.email", ("customer", "email"), "string"),
        ("orders", "line_items.2.item.code", ("line_items", 2, "item", "code"), "string"),
        ("orders", "line_items.item.market_id", ("line_items", 0, "item", "market_id"), "string"),
        (
            "orders",
            "line_items.line_item_options.quantity",
            ("line_items", 0, "line_item_options", 0, "quantity"),
            "integer",
        ),
        (
            "orders",
            "line_items.1.line_item_options.2.options.text",
            ("line_items", 1, "line_item_options", 2, "options", "text"),
            "string",
        ),
        ("orders", "line_items.0.tags.name", ("line_items", 0, "tags", "name"), Cell.PARTS),
        ("orders", "line_items.0._add_tags", ("line_items", 0, "_add_tags"), "string"),
    ],
)
def test_a_name_stands_for_a_value(resource_type: str, name: str, path: tuple[Any, ...], kind: Any) -> None:
    found = column(resource_type, name)

    assert found is not None
    assert (found.path, found.kind) == (path, kind)


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("skus", ""),
        ("skus", "colour"),
        ("skus", "code.a"),
        ("skus", "metadata."),
        ("skus", "metadata..a"),
        ("skus", ".metadata"),
        ("skus", "Code"),
        ("skus", "tags."),
        ("skus", "tags.colour"),
        ("skus", "tags.1000.name"),
        ("skus", "shipping_category.name"),
        ("skus", "shipping_category.code.x"),
        ("skus", "shipping_category.0.code"),
        ("bundles", "market.name"),
        ("prices", "price_tiers.x"),
        ("prices", "price_tiers.-1.up_to"),
        ("prices", "price_tiers.01.up_to"),
        ("prices", "price_tiers.٣.up_to"),
        ("prices", "price_tiers.1000.up_to"),
        ("prices", "price_tiers.99999999999999999999.up_to"),
        ("prices", "price_tiers.0.0.up_to"),
        ("prices", "price_tiers.0."),
        ("orders", "customer.password"),
        ("orders", "customer.name"),
        ("orders", "line_items.0.colour"),
        ("stock_locations", "address.street"),
        ("stock_locations", "address.city.x"),
    ],
)
def test_a_name_that_stands_for_nothing_is_unknown(resource_type: str, name: str) -> None:
    assert column(resource_type, name) is None


@pytest.mark.parametrize(
    ("resource_type", "names", "contradictory"),
    [
        ("prices", ["price_tiers.0.up_to", "price_tiers.1.up_to", "price_tiers.0.name"], []),
        ("prices", ["price_tiers.up_to", "price_tiers.name"], []),
        ("prices", ["price_tiers.0", "price_tiers.1.name"], []),
        ("prices", ["price_tiers", "price_tiers.0.up_to"], ["price_tiers"]),
        ("prices", ["price_tiers", "price_tiers.up_to"], ["price_tiers"]),
        ("prices", ["price_tiers.0", "price_tiers.0.up_to"], ["price_tiers.0"]),
        (
            "prices",
            ["price_tiers.up_to", "price_tiers.0.up_to"],
            ["price_tiers.up_to", "price_tiers.0.up_to"],
        ),
        ("skus", ["tags", "tags.name"], ["tags"]),
        ("skus", ["tags", "tags.0.name"], ["tags"]),
        ("skus", ["tags.name", "tags.id"], []),
        ("skus", ["tags.name", "tags.0.name"], ["tags.name"]),
        ("skus", ["tags", "_add_tags", "_remove_tags"], []),
        ("skus", ["metadata", "metadata.a"], ["metadata"]),
        ("skus", ["metadata.a", "metadata.a.b"], ["metadata.a"]),
        ("skus", ["metadata.a", "metadata.ab"], []),
        ("skus", ["shipping_category", "shipping_category.code"], ["shipping_category"]),
        ("skus", ["shipping_category_id", "shipping_category.code"], []),
        ("stock_locations", ["address", "address.city"], ["address"]),
        ("orders", ["line_items.line_item_options.quantity", "line_items.quantity"], []),
        (
            "orders",
            ["line_items.0.line_item_options.quantity", "line_items.1.line_item_options.1.quantity"],
            [],
        ),
    ],
)
def test_columns_that_speak_of_one_value_contradict_each_other(
    resource_type: str, names: list[str], contradictory: list[str]
) -> None:
    found = known((name, column(resource_type, name)) for name in names)

    assert len(found) == len(names)
    assert contradictions(found) == contradictory


def read(resource_type: str, columns: list[str], cells: list[str | None], marker: str | None = None) -> Any:
    reader = CellReader(TYPES[resource_type], TYPES, columns, null_marker=marker)
    [row] = reader.read([cells])
    return row


def test_cells_of_a_row_together_make_what_they_are_parts_of() -> None:
    columns = {
        "number": "1",
        "customer.email": "a@b.c",
        "shipping_address.city": "Oslo",
        "shipping_address.metadata.a": "1",
        "line_items.0.quantity": "2",
        "line_items.0.line_item_options.1.quantity": "5",
        "line_items.2.tags.name": "x,y",
        "line_items.2.item": '{"code": "A"}',
        "_archive": "TRUE",
    }

    assert read("orders", list(columns), list(columns.values())) == {
        "number": "1",
        "customer": {"email": "a@b.c"},
        "shipping_address": {"city": "Oslo", "metadata": {"a": "1"}},
        "line_items": {
            0: {"quantity": 2, "line_item_options": {1: {"quantity": 5}}},
            2: {"tags": [{"name": "x"}, {"name": "y"}], "item": {"code": "A"}},
        },
        "_archive": True,
    }


@pytest.mark.parametrize(
    ("columns", "cells", "tags"),
    [
        (["tags"], ["a, b,,c "], ["a", "b", "c"]),
        (["tags"], ['["a", {"name": "b"}]'], ["a", {"name": "b"}]),
        (["tags"], ["[a"], "[a"),
        (["tags"], [" "], []),
        (["tags"], ["NULL"], None),
        (["tags.name"], ["a,b"], [{"name": "a"}, {"name": "b"}]),
        (["tags.name", "tags.id"], ["a,b", "1"], [{"name": "a", "id": "1"}, {"name": "b"}]),
        (["tags.name", "tags.id"], ["", "1,2"], [{"id": "1"}, {"id": "2"}]),
        (["tags.name"], ["NULL"], None),
        (["tags.name", "tags.id"], ["a", "NULL"], [{"name": "a"}]),
        (["tags.0.name", "tags.1.name"], ["a", "b"], {0: {"name": "a"}, 1: {"name": "b"}}),
        (["tags.0", "tags.1"], ["a", '{"name": "b"}'], {0: "a", 1: {"name": "b"}}),
    ],
)
def test_tags_stand_in_cells_in_several_forms(columns: list[str], cells: list[str | None], tags: Any) -> None:
    assert read("skus", columns, cells, "NULL") == {"tags": tags}


def test_an_item_without_a_cell_is_not_there() -> None:
    header = "price_tiers.0.up_to,price_tiers.0.name,price_tiers.1.up_to,price_tiers.1.name"

    both, second, none = decode_csv("prices", f"{header}\n5,a,10,b\n,,10,b\n,,,\n")

    def paths(row: Any) -> list[str]:
        return [item.path for item in row.nested.lists["price_tiers"]]

    assert (paths(both), paths(second)) == (["price_tiers[0]", "price_tiers[1]"], ["price_tiers[1]"])
    assert none.nested is None


def test_flaws_in_cells_are_told_by_the_number_of_the_column() -> None:
    [row] = decode_csv("prices", "price_tiers.3.up_to,price_tiers.1.type\n0,other\n")
    [unnumbered] = decode_csv("prices", "price_tiers.up_to\nfive\n")
    [whole] = decode_csv("prices", 'price_tiers\n"[{}, 5]"\n')
    [text] = decode_csv("prices", "price_tiers\nnone\n")

    assert sorted(said_of(row)) == [
        (Code.NOT_IN_ENUM, "price_tiers[1].type"),
        (Code.OUT_OF_RANGE, "price_tiers[3].up_to"),
    ]
    assert said_of(unnumbered) == [(Code.WRONG_TYPE, "price_tiers[0].up_to")]
    assert said_of(whole) == [(Code.WRONG_TYPE, "price_tiers[1]")]
    assert said_of(text) == [(Code.WRONG_TYPE, "price_tiers")]


def test_null_stands_for_lists_and_objects_and_for_what_is_in_them() -> None:
    [row] = decode_csv(
        "orders", "line_items,customer,shipping_address.city\nNULL,NULL,NULL\n", null_marker="NULL"
    )
    [item] = decode_csv("orders", "line_items.0.name\nNULL\n", null_marker="NULL")

    assert said_of(row) == [(Code.REQUIRED, "shipping_address.city")]
    assert item.nested is not None
    assert item.nested.lists["line_items"][0].values.name is None


def test_csv_and_json_say_the_same() -> None:
    cells = {
        "number": "1",
        "customer.email": "a@b.c",
        "line_items.0.sku_code": "A",
        "line_items.0.quantity": "2",
        "line_items.1.line_item_options.0.quantity": "5",
        "line_items.1.quantity": "3",
        "shipping_address.city": "Oslo",
        "tags": '"a,b"',
    }
    document = f"{','.join(cells)}\n{','.join(cells.values())}\n"
    row = {
        "number": "1",
        "customer": {"email": "a@b.c"},
        "line_items": [
            {"sku_code": "A", "quantity": 2},
            {"line_item_options": [{"quantity": 5}], "quantity": 3},
        ],
        "shipping_address": {"city": "Oslo"},
        "tags": ["a", "b"],
    }

    assert decode_csv("orders", document) == decode_json("orders", row)
