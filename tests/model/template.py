"""What is there before a document: rows that others refer to, and rows that make what others name.

`TEMPLATE` is the environment that every organization begins with. What rows of the documents name themselves is not
in it: `FIRST` makes that, in an earlier import of the same kind.
"""

from collections.abc import Mapping

from tests.model.kinds import Row

ADDRESS = {
    "first_name": "Ida",
    "last_name": "Berg",
    "line_1": "1 Quay",
    "city": "Bergen",
    "country_code": "NO",
    "phone": "55",
}

TEMPLATE: list[tuple[str, list[Row]]] = [
    ("tags", [{"id": "t-red", "name": "red"}, {"id": "t-old", "name": "old"}]),
    (
        "shipping_categories",
        [
            {"id": "c-box", "code": "box", "name": "Box"},
            {"id": "c-tube", "code": "tube", "name": "Tube"},
        ],
    ),
    (
        "price_lists",
        [
            {"id": "pl-eu", "code": "EU", "name": "Europe", "currency_code": "EUR"},
            {"id": "pl-us", "code": "US", "name": "States", "currency_code": "USD"},
        ],
    ),
    (
        "skus",
        [
            {"id": f"s-{number}", "code": f"S{number}", "name": "Sku", "shipping_category_id": "c-box"}
            for number in (1, 2, 3)
        ],
    ),
    ("sku_options", [{"id": "o-1", "name": "Engraving", "currency_code": "EUR"}]),
    ("customers", [{"id": "c-ann", "email": "ann@x.io"}, {"id": "c-bob", "email": "Bob@x.io"}]),
    ("addresses", [{"id": "a-1", **ADDRESS}, {"id": "a-2", **ADDRESS, "line_2": "2nd"}]),
]

TIER = {"name": "Tier", "up_to": 10, "price_amount_cents": 5, "type": "PriceVolumeTier"}
OPTION = {"sku_option_id": "o-1", "quantity": 1, "options": {"text": "A"}}

FIRST: Mapping[str, list[Row]] = {
    "skus": [
        {"id": f"own-{number}", "code": code, "name": "First", "shipping_category_id": "c-box"}
        for number, code in ((1, "A"), (2, "B"), (3, "C"))
    ],
    "shipping_categories": [{"id": "own-1", "code": "k", "name": "First"}, {"id": "own-2", "name": "First"}],
    "tags": [{"id": "own-1", "name": "k"}, {"id": "own-2", "name": "l"}],
    "customers": [{"id": "own-1", "email": "K@x.io", "tags": ["old"]}, {"id": "own-2", "email": "l@x.io"}],
    "customer_addresses": [
        {"id": "own-1", "customer_email": "ann@x.io", "address": ADDRESS},
        {"id": "own-2", "customer": {"email": "new@x.io"}, "address": {"id": "a-1"}},
    ],
    "prices": [
        {"id": "own-1", "sku_code": "S1", "price_list_id": "pl-eu", "amount_cents": 1, "price_tiers": [TIER]},
        {
            "id": "own-2",
            "sku_code": "S2",
            "price_list_id": "pl-eu",
            "amount_cents": 1,
            "price_tiers": [TIER | {"id": "tier-1"}, TIER | {"up_to": 20}],
        },
    ],
    "sku_lists": [
        {"id": "own-1", "name": "K", "sku_list_items": [{"sku_code": "S1"}, {"sku_code": "S2"}]},
        {"id": "own-2", "name": "L", "sku_list_items": [{"id": "item-1", "sku_code": "S1"}]},
        {"id": "own-3", "name": "M"},
    ],
    "orders": [
        {
            "id": "own-1",
            "number": "1001",
            "market_id": "m-1",
            "line_items": [{"sku_code": "S1", "quantity": 1, "line_item_options": [OPTION]}],
        },
        {
            "id": "own-2",
            "number": "1002",
            "market_id": "m-1",
            "line_items": [{"id": "line-1", "name": "Gift", "quantity": 1, "unit_amount_cents": 0}],
        },
        {"id": "own-3", "market_id": "m-1"},
    ],
}
"""Rows that make what the rows below name, so that these update it."""
