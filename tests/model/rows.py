"""Strategies for rows full of duplicates, over small pools of ids and keys, good ones and bad ones."""

from collections.abc import Mapping

from hypothesis import strategies as st

from tests.model.kinds import Row
from tests.model.parts import Rows, choice, lists, merged, named, rarely, some, whole
from tests.model.template import ADDRESS, OPTION, TIER

TAGS = choice(
    {},
    {},
    {"tags": ["red"]},
    {"tags": ["new", "red", "new"]},
    {"tags": [{"name": "new"}]},
    {"tags": [{"id": "t-red"}, "old"]},
    {"tags": [{"name": "old", "reference": "r"}]},
    {"tags": []},
    {"tags": None},
    {"_add_tags": "red,hot"},
    {"_remove_tags": "old,none"},
    {"tags": ["old", "new"], "_add_tags": "hot", "_remove_tags": "old"},
    {"tags": ["no good"]},
    {"tags": [{"id": "t-none"}]},
)

OBJECTS = [{}, {"a": 1}, {"a": 1.0}, {"a": True}, {"b": {"c": [1, "x"]}}, None]

SHIPPING_CATEGORY = rarely(
    choice(
        {"shipping_category_id": "c-box"},
        {"shipping_category": {"code": "tube"}},
        {"shipping_category": {"id": "c-tube"}},
        {"shipping_category_id": "c-box", "shipping_category": {"code": "box"}},
        {"shipping_category": {"id": "c-gone", "code": "box"}},
        {"shipping_category": {"code": "box", "colour": "red"}},
    ),
    {"shipping_category_id": "c-gone"},
    {"shipping_category": {"code": "gone"}},
    {"shipping_category": {}},
    {"shipping_category": "box"},
    {"shipping_category_id": "c-box", "shipping_category": {"code": "tube"}},
    {"shipping_category_id": None},
    {},
)

SKUS = merged(
    named({"code": "A"}, {"code": "B"}, {"code": "C"}),
    whole({"name": "Sku"}),
    SHIPPING_CATEGORY,
    some(
        name=["Other"],
        description=["text", "", None],
        pieces_per_pack=[1, 2.0, "3", None],
        weight=[1, 1.5],
        unit_of_weight=["gr", None],
        do_not_ship=[True, False, None],
        metadata=OBJECTS,
    ),
    TAGS,
    rarely(
        st.just({}),
        {"unit_of_weight": "stone"},
        {"name": None},
        {"pieces_per_pack": 0},
        {"weight": 0},
        {"do_not_ship": "yes"},
        {"description": 5},
        {"colour": "red"},
    ),
)

SHIPPING_CATEGORIES = merged(
    named({"code": "k"}, {"code": "l"}, {"code": "box"}, {"code": None}, neither=True),
    whole({"name": "Category"}),
    some(name=["Other", None], reference=["r", "", None], metadata=OBJECTS),
)

TAG_ROWS = merged(
    named({"name": "k"}, {"name": "l"}, {"name": "red"}),
    some(reference=["r", None], metadata=OBJECTS),
    rarely(st.just({}), {"name": "no good"}, {"name": None}),
)

CUSTOMERS = merged(
    named({"email": "k@x.io"}, {"email": "K@x.io"}, {"email": "l@x.io"}, {"email": "bob@x.io"}),
    some(shopper_reference=["s", "", None], tax_exemption_code=["t"], metadata=OBJECTS),
    TAGS,
    rarely(st.just({}), {"email": None}, {"shopper_reference": 1}),
)

CUSTOMER = rarely(
    choice(
        {"customer_email": "ann@x.io"},
        {"customer_email": "BOB@x.io"},
        {"customer_email": "new@x.io"},
        {"customer_id": "c-ann"},
        {"customer": {"email": "ann@x.io"}},
        {"customer": {"email": "bob@x.io", "shopper_reference": "s"}},
        {"customer": {"email": "new@x.io", "tags": ["new"]}},
        {"customer": {"email": "New@x.io", "shopper_reference": None}},
        {"customer": {"id": "c-bob"}},
        {"customer": {"id": "c-new", "email": "new@x.io"}},
    ),
    {"customer_email": "gone@x.io"},
    {"customer_id": "c-gone"},
    {"customer": {"id": "c-gone"}},
    {"customer": {"shopper_reference": "s"}},
    {"customer": {"email": "new@x.io", "shopper_reference": 1}},
    {"customer": {"id": "c-ann", "email": "bob@x.io"}},
    {},
)

HELD_ADDRESS = rarely(
    choice(
        {"address": ADDRESS},
        {"address": ADDRESS | {"line_2": "3rd", "metadata": {"a": 1}}},
        {"address": ADDRESS | {"tags": ["new"]}},
        {"address_id": "a-1"},
        {"address": {"id": "a-2"}},
        {"address": {"id": "a-2", "line_2": None}},
        {"address": {"id": "a-new"} | ADDRESS},
        {"address": {"line_2": "4th"}},
        {},
    ),
    {"address": ADDRESS | {"country_code": "NOR"}},
    {"address": {"id": "a-gone"}},
    {"address_id": "a-gone"},
    {"address": None},
)

CUSTOMER_ADDRESSES = merged(
    st.one_of(choice({"id": "own-1"}, {"id": "own-2"}), st.just({})),
    CUSTOMER,
    HELD_ADDRESS,
    some(reference=["r", None], metadata=OBJECTS),
)

TIERS = rarely(
    choice(
        TIER,
        TIER | {"up_to": 20},
        TIER | {"up_to": 20.0, "price_amount_cents": 4},
        TIER | {"up_to": 30, "type": "PriceFrequencyTier"},
        TIER | {"up_to": 10, "type": "PriceFrequencyTier"},
        TIER | {"up_to": None},
        TIER | {"id": "tier-1"},
        TIER | {"id": "tier-1", "up_to": 40},
        {"up_to": 10, "price_amount_cents": 3},
    ),
    TIER | {"price_amount_cents": None},
    TIER | {"type": "Tier"},
    TIER | {"colour": "red"},
    {"id": "tier-1", "type": "PriceFrequencyTier"},
    {"name": "Tier"},
)


PRICE_KEY = merged(
    rarely(
        choice(
            {"sku_code": "S1"},
            {"sku_code": "S2"},
            {"sku_id": "s-1"},
            {"sku": {"code": "S1"}},
            {"sku": {"id": "s-2"}},
            {"sku_code": "S1", "sku_id": "s-1"},
        ),
        {"sku_code": "gone"},
        {"sku": {"code": "gone"}},
        {"sku_code": "S1", "sku_id": "s-2"},
        {},
    ),
    rarely(
        choice(
            {"price_list_id": "pl-eu"},
            {"price_list": {"code": "EU"}},
            {"price_list": {"code": "US"}},
            {"price_list": {"id": "pl-eu"}},
        ),
        {"price_list_id": "pl-gone"},
        {"price_list": {"code": "gone"}},
        {},
    ),
)

PRICES = merged(
    st.one_of(
        PRICE_KEY, choice({"id": "own-1"}, {"id": "own-2"}), merged(choice({"id": "own-1"}), PRICE_KEY)
    ),
    whole({"amount_cents": 100}),
    some(amount_cents=[200, "300", 100.0], compare_at_amount_cents=[500, None], rules=OBJECTS),
    lists("price_tiers", TIERS, 5, [TIER, "tier"], [TIER] * 6),
    rarely(st.just({}), {"amount_cents": -1}, {"amount_cents": "many"}, {"amount_cents": None}),
)

SKU_LIST_ITEMS = rarely(
    choice(
        {"sku_code": "S1"},
        {"sku_code": "S2", "quantity": 2},
        {"sku_id": "s-1", "position": 1},
        {"sku": {"code": "S3"}},
        {"sku_code": "S3", "quantity": None},
        {"id": "item-1", "sku_code": "S1"},
        {"quantity": 5},
    ),
    {"sku_code": "gone"},
    {"sku_code": "S1", "quantity": "many"},
    {},
)

SKU_LISTS = merged(
    named({"name": "K"}, {"name": "L"}, {"name": "M"}),
    some(description=["text", "", None], manual=[True, False], sku_code_regex=["A.*", None]),
    rarely(
        choice({}, {"customer_id": "c-ann"}, {"customer": {"email": "bob@x.io"}}),
        {"customer": {"email": "gone@x.io"}},
    ),
    lists("sku_list_items", SKU_LIST_ITEMS, "S1", [{"sku_code": "S1"}, None]),
)

OPTIONS = rarely(
    choice(
        OPTION,
        OPTION | {"quantity": 2},
        {"sku_option": {"name": "Engraving"}, "quantity": 1, "options": {"text": "B"}},
        OPTION | {"id": "opt-1", "tags": ["new"]},
    ),
    OPTION | {"sku_option_id": "o-gone"},
    {"quantity": 3},
)

LINE_ITEMS = merged(
    rarely(
        choice(
            {"sku_code": "S1", "quantity": 1},
            {"sku_code": "S2", "quantity": 2},
            {"name": "Gift", "quantity": 1, "unit_amount_cents": 0},
            {"id": "line-1", "sku_code": "S1", "quantity": 3},
        ),
        {"sku_code": "gone", "quantity": 1},
        {"sku_code": "S1", "quantity": 0},
        {"name": "Gift", "quantity": 1},
        {"quantity": 4},
    ),
    lists("line_item_options", OPTIONS),
    choice({}, {"tags": ["new"]}, {"unit_amount_cents": 7}),
)

ORDERS = merged(
    named({"number": "1001"}, {"number": "1002"}, neither=True),
    whole({"market_id": "m-1"}),
    some(guest=[True, None], language_code=["it", None], expiration_info=OBJECTS, autorefresh=[False]),
    rarely(
        choice(
            {}, {"customer_email": "Ann@x.io"}, {"customer_id": "c-bob"}, {"customer": {"email": "ann@x.io"}}
        ),
        {"customer_email": "gone@x.io"},
        {"customer_email": "ann@x.io", "customer_id": "c-bob"},
    ),
    TAGS,
    lists("line_items", LINE_ITEMS, {}, [5]),
)

ROWS: Mapping[str, Rows] = {
    "skus": SKUS,
    "shipping_categories": SHIPPING_CATEGORIES,
    "tags": TAG_ROWS,
    "customers": CUSTOMERS,
    "customer_addresses": CUSTOMER_ADDRESSES,
    "prices": PRICES,
    "sku_lists": SKU_LISTS,
    "orders": ORDERS,
}


def with_texts(row: Row) -> Row:
    """The row with objects of texts only, as dotted columns hold them."""
    return {
        name: {"season": "summer", "year": "2026"}
        if name in {"metadata", "rules", "expiration_info", "options"}
        else value
        for name, value in row.items()
    }
