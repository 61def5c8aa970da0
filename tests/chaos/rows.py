"""Rows of a few families of types, each over a space of keys of its own, so that the model knows what becomes of them.

Rows of one family name each other by keys of their space; beyond it they name the template, which nobody changes, and
tags, which everybody makes and nobody changes: over those, imports that run at once wait for each other.
"""

from random import Random

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
    ("shipping_categories", [{"id": "c-box", "code": "box", "name": "Box"}]),
    ("price_lists", [{"id": "pl-eu", "code": "EU", "name": "Europe", "currency_code": "EUR"}]),
    ("skus", [{"id": "s-1", "code": "S1", "name": "Sku", "shipping_category_id": "c-box"}]),
]
"""What every organization begins with."""

FAMILIES = {
    "catalogue": ("skus", "prices"),
    "people": ("customers",),
    "streets": ("addresses",),
    "orders": ("orders",),
}
"""The types that the imports of one space are of."""

TAGS = ("new", "hot", "red", "sale", "old", "gift")

BAD: dict[str, list[Row]] = {
    "skus": [{"name": None}, {"shipping_category_id": "c-gone"}],
    "prices": [{"amount_cents": -1}, {"price_list_id": "pl-gone"}],
    "customers": [{"tags": ["no good"]}],
    "addresses": [{"city": None}, {"country_code": "NOR"}],
    "orders": [{"line_items": [{"sku_code": "gone", "quantity": 1}]}],
}
"""What makes a row fail that is good otherwise; its key stays."""


def rows_of(kind: str, space: str, dice: Random, *, size: int, repeats: bool, bad_percent: int) -> list[Row]:
    """So many rows of a type. Without `repeats` no key comes twice, and no tag at all: they may run at once."""
    keys = [dice.randrange(max(size // 3, 1)) for _ in range(size)] if repeats else list(range(size))
    rows = []
    for key in keys:
        row = _MAKERS[kind](f"{space}n{key}", dice, repeats)
        if dice.randrange(100) < bad_percent:
            row |= dice.choice(BAD[kind])
        rows.append(row)
    return rows


def group_of(kind: str, row: Row) -> str | None:
    """What the rows that can have to do with each other have in common; None for a row that has to do with none."""
    name = {"skus": "code", "prices": "sku_code", "customers": "email", "orders": "number"}.get(kind, "id")
    return row.get(name)


def _sku(key: str, dice: Random, repeats: bool) -> Row:
    row: Row = {"code": key, "name": dice.choice(["One", "Two"]), "shipping_category_id": "c-box"}
    row |= dice.choice(
        [{}, {"description": "text"}, {"pieces_per_pack": 2, "weight": 1.5, "unit_of_weight": "gr"}]
    )
    return row | _tags(dice, repeats)


def _price(key: str, dice: Random, _repeats: bool) -> Row:
    row: Row = {"sku_code": key, "price_list_id": "pl-eu", "amount_cents": dice.choice([100, 200])}
    tiers = [
        {"name": "Tier", "up_to": up_to, "price_amount_cents": dice.choice([4, 5]), "type": "PriceVolumeTier"}
        for up_to in dice.sample([10, 20, 30], dice.randrange(3))
    ]
    return row | ({"price_tiers": tiers} if tiers else {})


def _customer(key: str, dice: Random, repeats: bool) -> Row:
    return {"email": f"{key}@x.io", "shopper_reference": dice.choice(["s", "t"])} | _tags(dice, repeats)


def _address(key: str, dice: Random, repeats: bool) -> Row:
    """Without an id it is a new one each time: a row that runs twice shows."""
    return ADDRESS | {"line_1": f"{dice.randrange(9)} Quay"} | ({"id": key} if repeats else {})


def _order(key: str, dice: Random, _repeats: bool) -> Row:
    lines = [{"sku_code": "S1", "quantity": dice.choice([1, 2])} for _ in range(dice.randrange(1, 3))]
    return {"number": key, "market_id": "m-1", "guest": dice.choice([True, False]), "line_items": lines}


def _tags(dice: Random, is_wanted: bool) -> Row:
    if not is_wanted or dice.random() < 0.6:
        return {}
    return {"tags": dice.sample(TAGS, dice.randrange(1, 3))}


_MAKERS = {"skus": _sku, "prices": _price, "customers": _customer, "addresses": _address, "orders": _order}
