"""The resource types that the model knows, stated by hand from the contract: an extract, not the registry.

A reader can hold this page beside semantics.md. Nothing here is read from the service or its data file, so that
a slip there can't hide itself here. Attributes that the documents of the properties never give are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Rules = Callable[[Row], Iterator[str]]
"""What a row that creates lacks beyond plain requirements. Takes what it gives with references as `<name>_id`
and nulls left out; yields names."""


@dataclass(frozen=True)
class Attr:
    """`takes` is text, integer, number, boolean or object."""

    takes: str
    required: bool = False
    default: Any = None
    least: int | None = None
    above: int | None = None
    choices: tuple[str, ...] = ()
    email: bool = False
    immutable: bool = False
    name_of_tag: bool = False
    country: bool = False


@dataclass(frozen=True)
class Ref:
    """A to-one reference. `how` says what an object in its place is: "key" (names what must exist), "shared" (upserted
    by key), "owned" (updated in place, else created) or "opaque" (an id of a type that can't be imported)."""

    kind: str
    how: str = "key"
    required: bool = False
    immutable: bool = False


@dataclass(frozen=True)
class Items:
    """An owned list: the kind of its items, what they call their owner, and what tells them apart."""

    kind: str
    owner: str
    local_key: str = ""
    most: int = 1_000


@dataclass(frozen=True)
class Kind:
    """`shortcuts`: an attribute that names the target of a reference by its key. Those in `unfilled` stay alone."""

    name: str
    attrs: Mapping[str, Attr]
    key: tuple[str, ...] = ()
    may_lack: tuple[str, ...] = ()
    generated: str = ""
    refs: Mapping[str, Ref] = field(default_factory=dict)
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    unfilled: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Items] = field(default_factory=dict)
    has_tags: bool = False
    rules: Rules = lambda _given: iter(())


ALL = {"reference": Attr("text"), "metadata": Attr("object")}
TEXT, INTEGER, BOOLEAN, OBJECT = Attr("text"), Attr("integer"), Attr("boolean"), Attr("object")


def sku_rules(given: Row) -> Iterator[str]:
    if given.get("do_not_ship") is not True and "shipping_category_id" not in given:
        yield "shipping_category_id"


def price_rules(given: Row) -> Iterator[str]:
    if "sku_code" not in given and "sku_id" not in given:
        yield "sku_code"
    if "price_list_id" not in given:
        yield "price_list_id"


def sku_list_rules(given: Row) -> Iterator[str]:
    if given.get("manual") is False and "sku_code_regex" not in given:
        yield "sku_code_regex"


def sku_list_item_rules(given: Row) -> Iterator[str]:
    if "sku_code" not in given and "sku_id" not in given:
        yield "sku_code"


def address_rules(given: Row) -> Iterator[str]:
    if given.get("business") is True:
        if "company" not in given:
            yield "company"
    else:
        yield from (name for name in ("first_name", "last_name") if name not in given)


def customer_address_rules(given: Row) -> Iterator[str]:
    if "customer_id" not in given and "customer_email" not in given:
        yield "customer_email"
    if "address_id" not in given:
        yield "address_id"


def line_item_rules(given: Row) -> Iterator[str]:
    if not {"sku_code", "name"} & given.keys():
        yield "sku_code"
    if "sku_code" not in given and "unit_amount_cents" not in given:
        yield "unit_amount_cents"


def order_rules(given: Row) -> Iterator[str]:
    if "market_id" not in given:
        yield "market_id"


_KINDS = [
    Kind(
        "tags",
        ALL | {"name": Attr("text", required=True, name_of_tag=True)},
        key=("name",),
    ),
    Kind(
        "shipping_categories",
        ALL | {"code": TEXT, "name": Attr("text", required=True)},
        key=("code",),
    ),
    Kind(
        "price_lists",
        ALL
        | {
            "code": TEXT,
            "name": Attr("text", required=True),
            "currency_code": Attr("text", required=True),
            "tax_included": Attr("boolean", default=True),
        },
        key=("code",),
    ),
    Kind(
        "customers",
        ALL
        | {
            "email": Attr("text", required=True, email=True),
            "shopper_reference": TEXT,
            "tax_exemption_code": TEXT,
        },
        key=("email",),
        has_tags=True,
    ),
    Kind(
        "addresses",
        ALL
        | {
            "business": Attr("boolean", default=False),
            "first_name": TEXT,
            "last_name": TEXT,
            "company": TEXT,
            "line_1": Attr("text", required=True),
            "line_2": TEXT,
            "city": Attr("text", required=True),
            "country_code": Attr("text", required=True, country=True),
            "phone": Attr("text", required=True),
        },
        has_tags=True,
        rules=address_rules,
    ),
    Kind(
        "customer_addresses",
        ALL | {"customer_email": Attr("text", email=True, immutable=True)},
        refs={
            "customer": Ref("customers", "shared"),
            "address": Ref("addresses", "owned", required=True),
        },
        shortcuts={"customer_email": "customer"},
        rules=customer_address_rules,
    ),
    Kind(
        "skus",
        ALL
        | {
            "code": Attr("text", required=True),
            "name": Attr("text", required=True),
            "description": TEXT,
            "pieces_per_pack": Attr("integer", least=1),
            "weight": Attr("number", above=0),
            "unit_of_weight": Attr("text", choices=("gr", "oz", "lb")),
            "do_not_ship": BOOLEAN,
        },
        key=("code",),
        refs={"shipping_category": Ref("shipping_categories")},
        has_tags=True,
        rules=sku_rules,
    ),
    Kind(
        "sku_options",
        ALL
        | {
            "name": Attr("text", required=True),
            "currency_code": TEXT,
            "price_amount_cents": Attr("integer", default=0),
            "delay_hours": Attr("integer", default=0),
        },
        key=("name", "market_id"),
        may_lack=("market_id",),
        refs={"market": Ref("markets", "opaque")},
        has_tags=True,
    ),
    Kind(
        "prices",
        ALL
        | {
            "sku_code": TEXT,
            "amount_cents": Attr("integer", required=True, least=0),
            "compare_at_amount_cents": INTEGER,
            "rules": OBJECT,
        },
        key=("sku_code", "price_list_id"),
        refs={"price_list": Ref("price_lists"), "sku": Ref("skus")},
        shortcuts={"sku_code": "sku"},
        lists={"price_tiers": Items("price_tiers", "price", "up_to", most=5)},
        rules=price_rules,
    ),
    Kind(
        "price_tiers",
        ALL
        | {
            "name": Attr("text", required=True),
            "up_to": Attr("number", above=0),
            "price_amount_cents": Attr("integer", required=True),
            "type": Attr(
                "text", required=True, immutable=True, choices=("PriceVolumeTier", "PriceFrequencyTier")
            ),
        },
        refs={"price": Ref("prices")},
    ),
    Kind(
        "sku_lists",
        ALL
        | {
            "name": Attr("text", required=True),
            "description": TEXT,
            "manual": Attr("boolean", default=True),
            "sku_code_regex": TEXT,
        },
        key=("name",),
        refs={"customer": Ref("customers")},
        lists={"sku_list_items": Items("sku_list_items", "sku_list", "sku_code")},
        rules=sku_list_rules,
    ),
    Kind(
        "sku_list_items",
        ALL | {"sku_code": TEXT, "position": INTEGER, "quantity": Attr("integer", default=1)},
        key=("sku_code", "sku_list_id"),
        refs={"sku": Ref("skus", immutable=True), "sku_list": Ref("sku_lists", immutable=True)},
        shortcuts={"sku_code": "sku"},
        rules=sku_list_item_rules,
    ),
    Kind(
        "orders",
        ALL
        | {
            "number": TEXT,
            "guest": BOOLEAN,
            "customer_email": Attr("text", email=True),
            "language_code": Attr("text", default="en"),
            "autorefresh": Attr("boolean", default=True),
            "place_async": Attr("boolean", default=False),
            "freight_taxable": Attr("boolean", default=False),
            "payment_method_taxable": Attr("boolean", default=False),
            "adjustment_taxable": Attr("boolean", default=False),
            "gift_card_taxable": Attr("boolean", default=False),
            "expiration_info": OBJECT,
        },
        key=("number",),
        generated="number",
        refs={"market": Ref("markets", "opaque"), "customer": Ref("customers")},
        shortcuts={"customer_email": "customer"},
        lists={"line_items": Items("line_items", "order")},
        has_tags=True,
        rules=order_rules,
    ),
    Kind(
        "line_items",
        ALL
        | {
            "sku_code": TEXT,
            "quantity": Attr("integer", required=True, least=1),
            "unit_amount_cents": INTEGER,
            "name": TEXT,
        },
        refs={"order": Ref("orders", immutable=True)},
        unfilled={"sku_code": "skus"},
        lists={"line_item_options": Items("line_item_options", "line_item")},
        has_tags=True,
        rules=line_item_rules,
    ),
    Kind(
        "line_item_options",
        ALL
        | {
            "name": TEXT,
            "quantity": Attr("integer", required=True),
            "unit_amount_cents": INTEGER,
            "options": Attr("object", required=True),
        },
        refs={
            "line_item": Ref("line_items", immutable=True),
            "sku_option": Ref("sku_options", required=True),
        },
        has_tags=True,
    ),
]

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
