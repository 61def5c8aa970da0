"""The data file of the types, and what is refused when it is loaded."""

import re
from importlib.resources import files

import pytest

from imports_service.domain.csv_template import csv_template
from imports_service.domain.registry import DATA_FILE, RegistryError, load_registry

REGISTRY = load_registry()
TEXT = files("imports_service.domain").joinpath(DATA_FILE).read_text("utf-8")

# type: attributes, relationships, unique key
EXPECTED = {
    "addresses": (19, 2, ()),
    "bundles": (12, 3, ("code", "market_id")),
    "coupons": (8, 3, ("code", "promotion_rule_id")),
    "customer_addresses": (4, 2, ()),
    "customer_payment_sources": (5, 3, ()),
    "customer_subscriptions": (4, 0, ("customer_email", "reference")),
    "customers": (8, 2, ("email",)),
    "gift_cards": (14, 3, ("code",)),
    "line_item_options": (7, 3, ()),
    "line_items": (16, 4, ()),
    "orders": (27, 9, ("number",)),
    "price_lists": (8, 0, ("code",)),
    "price_tiers": (7, 1, ()),
    "prices": (7, 3, ("sku_code", "price_list_id")),
    "shipping_categories": (5, 0, ("code",)),
    "sku_list_items": (6, 2, ("sku_code", "sku_list_id")),
    "sku_lists": (8, 2, ("name",)),
    "sku_options": (9, 2, ("name", "market_id")),
    "skus": (13, 2, ("code",)),
    "stock_items": (5, 2, ("sku_code", "stock_location_id")),
    "stock_locations": (7, 1, ("code",)),
    "stock_transfers": (6, 5, ("number",)),
    "tags": (4, 0, ("name",)),
    "tax_categories": (5, 2, ("code", "tax_calculator_id", "sku_code")),
}


def test_all_24_types_are_there() -> None:
    assert REGISTRY.types.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_each_type_has_its_attributes_its_relationships_and_its_key(name: str) -> None:
    resource_type = REGISTRY.types[name]

    assert (
        len(resource_type.attributes),
        len(resource_type.relationships),
        resource_type.unique_key,
    ) == EXPECTED[name]


def test_a_type_stands_after_the_types_that_it_refers_to() -> None:
    seen: set[str] = set()
    for resource_type in REGISTRY.types.values():
        referred = {target for r in resource_type.references.values() for target in r.importable}
        referred |= {attribute.target_type for attribute in resource_type.shortcuts}
        assert referred <= seen
        seen.add(resource_type.name)


def test_only_a_market_may_be_missing_in_a_key() -> None:
    optional = {t.name: t.optional_key for t in REGISTRY.types.values() if t.optional_key}

    assert optional == {"bundles": ("market_id",), "sku_options": ("market_id",)}


def test_secrets_of_people_are_write_only() -> None:
    write_only = {(t.name, name) for t in REGISTRY.types.values() for name in t.write_only}

    assert write_only == {("customers", "password"), ("orders", "customer_password")}


def test_what_travels_inside_its_owner_has_one_and_is_not_exported_dry() -> None:
    owners = {t.name: t.owner.input_key for t in REGISTRY.types.values() if t.owner}

    assert owners == {
        "line_items": "order_id",
        "line_item_options": "line_item_id",
        "price_tiers": "price_id",
        "sku_list_items": "sku_list_id",
    }
    assert [t.name for t in REGISTRY.types.values() if not t.dry_exportable] == [
        "price_tiers",
        "line_items",
        "line_item_options",
    ]


def test_three_numbers_are_made_when_they_are_absent() -> None:
    made = {(t.name, a.name) for t in REGISTRY.types.values() for a in t.attributes if a.generated}

    assert made == {("gift_cards", "code"), ("orders", "number"), ("stock_transfers", "number")}


def test_references_to_importable_types_are_checked_and_others_are_opaque() -> None:
    references = REGISTRY.types["bundles"].references

    assert references["sku_list_id"].checked
    assert not references["market_id"].checked


def test_a_type_stands_after_all_that_its_rows_may_nest_or_name() -> None:
    order = list(REGISTRY.types)

    assert order.index("orders") > max(
        map(order.index, ["bundles", "gift_cards", "sku_options", "customers"])
    )
    assert order.index("line_items") > order.index("orders")


def test_a_condition_is_told_in_words() -> None:
    prices, addresses = REGISTRY.types["prices"], REGISTRY.types["addresses"]

    assert addresses.required_when(addresses.attribute["company"]) == "business is true"
    assert prices.required_when(prices.attribute["sku_code"]) == "without sku_id"
    assert prices.required_when(prices.references["price_list_id"]) == "without parent_resource_id"


def test_a_csv_header_names_everything_but_triggers_and_secrets() -> None:
    header = csv_template(REGISTRY.types["customers"], REGISTRY.types).split(",")

    assert {"email", "metadata", "customer_group_id"} <= set(header)
    assert "password" not in header
    assert "_compute_price_amount" not in csv_template(REGISTRY.types["bundles"], REGISTRY.types)


def test_an_attribute_hides_the_read_only_name_that_others_carry() -> None:
    assert REGISTRY.types["skus"].is_read_only("type")
    assert not REGISTRY.types["price_tiers"].is_read_only("type")


def test_the_hash_depends_on_the_content_and_not_on_comments() -> None:
    assert re.fullmatch("[0-9a-f]{16}", REGISTRY.hash)
    assert load_registry(TEXT + "\n# nothing new\n").hash == REGISTRY.hash
    assert load_registry(TEXT.replace("max_length = 25", "max_length = 26")).hash != REGISTRY.hash


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param(
            'types = ["sku_lists"]', 'types = ["sku_list"]', "bundles.sku_list", id="unknown target"
        ),
        pytest.param('key = ["email"]', 'key = ["mail"]', "customers: mail", id="key that is no attribute"),
        pytest.param(
            'enum = ["gr", "oz", "lb"]',
            'enum = ["gr", "gr"]',
            "skus: unit_of_weight",
            id="value listed twice",
        ),
        pytest.param(
            'enum = ["gr", "oz", "lb"]', 'enum = ["gr", ""]', "skus: unit_of_weight", id="empty value"
        ),
        pytest.param('default = "PDF"', 'default = "XML"', "label_format", id="default outside the enum"),
        pytest.param(
            "default = 1 ", 'default = "1" ', "sku_list_items: quantity", id="default of another type"
        ),
        pytest.param(
            'attribute = "price_list_id"',
            'attribute = "list_id"',
            "prices: list_id",
            id="unknown parent attribute",
        ),
        pytest.param(
            'optional_key = ["market_id"]', 'optional_key = ["name2"]', "name2", id="optional key part"
        ),
        pytest.param(
            "manual = false", "manuel = false", "sku_lists: sku_code_regex", id="rule about nothing"
        ),
        pytest.param(
            'refers_to = "bundles.code"', 'refers_to = "bundles.name"', "bundle_code", id="shortcut"
        ),
        pytest.param(
            'fills = "customer_id"', 'fills = "market_id"', "customer_email", id="shortcut fills another"
        ),
        pytest.param('season = "summer"', 'season = "summer" }\nnope = { x = 1', "skus: nope", id="sample"),
        pytest.param('types = "payment_sources"', 'types = "payments"', "payment_source", id="unknown list"),
        pytest.param(
            'line_2 = "string"', 'line_2 = "text"', "addresses.line_2", id="unknown kind of attribute"
        ),
        pytest.param("triggers.integer = ", "trigger.integer = ", "trigger", id="unknown word about a type"),
        pytest.param(
            'market = { types = ["markets"] }', 'market = { types = ["markets"], m = 1 }', "market", id="word"
        ),
        pytest.param("[lists]", "[lists", "line", id="no TOML"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_naming_the_place(
    old: str, new: str, complaint: str
) -> None:
    assert old in TEXT

    with pytest.raises(RegistryError, match=re.escape(complaint)) as refused:
        load_registry(
            TEXT.replace(old, new, 1) if old != 'refers_to = "bundles.code"' else TEXT.replace(old, new)
        )

    assert str(refused.value).startswith("resource_types.toml: ")


def test_types_that_refer_to_each_other_in_a_circle_are_refused() -> None:
    circular = TEXT.replace(
        'geocoder = { types = ["bing_geocoders", "google_geocoders"] }', 'x = { types = ["orders"] }'
    )

    with pytest.raises(RegistryError, match="circle"):
        load_registry(circular)
