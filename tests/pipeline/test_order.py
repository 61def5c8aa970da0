"""Segments run at the same time only where no order of them can matter; everything else runs in order."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pytest

from imports_service.domain.imports import CsvOptions, Format
from imports_service.domain.registry import DATA_FILE, load_registry
from imports_service.pipeline.splitter import SplitOptions, Splitter
from tests.pipeline.documents import split_with

IN_ORDER, PARALLEL = True, False

Row = dict[str, Any]
Rows = list[Row]

OWNER = "[types.line_items.relationships]\n"
LIST = 'line_item_options = { types = ["line_item_options"], many = true, nested = "owned" }\n'
DATA = files("imports_service.domain").joinpath(DATA_FILE).read_text("utf-8")
REGISTRY = load_registry(DATA if LIST in DATA else DATA.replace(OWNER, OWNER + LIST))


def splitter(*, resource_type: str = "skus", format: Format = Format.JSON, **options: Any) -> Splitter:
    """A splitter that knows lists of items on two levels."""
    known = REGISTRY.types[resource_type]
    return Splitter(SplitOptions(format=format, resource_type=known, registry=REGISTRY, **options))


def lines_of(rows: Sequence[object]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def array_of(rows: Sequence[object]) -> bytes:
    return json.dumps(rows).encode()


def finished(document: bytes, **options: Any) -> Splitter:
    splitting = splitter(**options)
    list(split_with(splitting, document))
    return splitting


def is_in_order(document: bytes, **options: Any) -> bool:
    return finished(document, **{"segment_rows": 1, **options}).in_order


def prices(*named: Row) -> Rows:
    return [{"amount_cents": 1, **names} for names in named]


def order(number: int, **members: object) -> Row:
    return {"number": str(number), "market_id": "m", **members}


def options(item_id: str, *tags: str) -> Row:
    return {"line_item_options": [{"id": item_id, "tags": tags}]}


def tagged(email: str) -> Row:
    return {"customer": {"email": email, "tags": ["t"]}}


LINE: Row = {"sku_code": "A", "quantity": 1}
PLACES = "customer_addresses"
PLACE: Row = {"customer_email": "a@x.com"}
GOODS: Row = {"shipping_category_id": "c"}
A: Row = {"sku_code": "a"}
B: Row = {"sku_code": "b"}
L: Row = {"price_list_id": "l"}
TIERS: Row = {"price_tiers": [{"up_to": 1}]}
BY_ID: Row = {"sku_id": "a"}
BY_OBJECT: Row = {"sku": {"code": "a"}}
EU: Row = {"price_list": {"code": "l"}}
THIRD_LEVEL = "number,line_items.0.tags,line_items.line_item_options.2.tags.name\n1,t,\n2,,t\n"

CASES: list[tuple[str, str, Rows, bool]] = [
    ("distinct keys", "skus", [{"code": "a"}, {"code": "b"}], PARALLEL),
    ("a key again", "skus", [{"code": "a"}, {"code": "b"}, {"code": "a"}], IN_ORDER),
    ("keys that differ in case", "skus", [{"code": "a"}, {"code": "A"}], PARALLEL),
    ("keys that differ in blanks", "skus", [{"code": "a"}, {"code": "a "}], PARALLEL),
    ("keys with ids", "skus", [{"code": "a", "id": "1"}, {"code": "b", "id": "2"}], PARALLEL),
    ("keys with and without ids", "skus", [{"code": "a", "id": "1"}, {"code": "b"}], PARALLEL),
    ("an id again", "skus", [{"code": "a", "id": "1"}, {"code": "b", "id": "1"}], IN_ORDER),
    ("an id that is another's key", "skus", [{"code": "a", "id": "b"}, {"code": "b", "id": "a"}], PARALLEL),
    ("ids alone", "skus", [{"id": "1", "name": "x"}, {"id": "2", "code": None}], PARALLEL),
    ("ids alone, one again", "skus", [{"id": "1"}, {"id": "2"}, {"id": "1"}], IN_ORDER),
    ("a key beside ids alone", "skus", [{"id": "1"}, {"code": "a", "id": "2"}], IN_ORDER),
    ("no names in a type with a key", "skus", [{"name": "x"}, {"name": "y"}], IN_ORDER),
    ("an empty key", "skus", [{"code": "a"}, {"code": ""}], IN_ORDER),
    ("a null for a key", "skus", [{"code": "a"}, {"code": None}], IN_ORDER),
    ("a key that is no text", "skus", [{"code": "a"}, {"code": 1}], IN_ORDER),
    ("an id that is no text", "addresses", [{"id": {}}, {"city": "x"}], IN_ORDER),
    ("emails in other cases", "customers", [{"email": "A@x.com"}, {"email": "a@X.com"}], IN_ORDER),
    ("distinct emails", "customers", [{"email": "a@x.com"}, {"email": "b@x.com"}], PARALLEL),
    ("names of nothing", "addresses", [{"city": "Rome"}, {"city": "Rome"}, {"id": None}], PARALLEL),
    ("ids in a type without a key", "addresses", [{"id": "1"}, {"id": "2"}], PARALLEL),
    ("ids here and there", "addresses", [{"id": "1"}, {"city": "Rome"}], IN_ORDER),
    ("distinct tags", "addresses", [{"tags": ["a", "b"]}, {"tags": ["c"]}], PARALLEL),
    ("a tag again", "addresses", [{"tags": ["a", "b"]}, {"tags": ["b"]}], IN_ORDER),
    ("a tag again in an object", "addresses", [{"tags": ["a"]}, {"tags": [{"name": "a"}]}], IN_ORDER),
    ("a tag again by id", "addresses", [{"tags": [{"id": "t"}]}, {"tags": [{"id": "t", "name": "b"}]}], IN_ORDER),
    ("a tag changed by its id", "addresses", [{"tags": [{"id": "t", "reference": "r"}]}, {}], IN_ORDER),
    ("a tag again in what is added", "addresses", [{"_add_tags": "a, b"}, {"tags": ["b"]}], IN_ORDER),
    ("a tag again in what is removed", "addresses", [{"_add_tags": "a"}, {"_remove_tags": "b,a"}], IN_ORDER),
    ("no tags", "addresses", [{"tags": []}, {"tags": None, "_add_tags": ""}, {"tags": []}], PARALLEL),
    ("tags that are no list", "addresses", [{"tags": "a"}, {"city": "Rome"}], IN_ORDER),
    ("a reference to what no row makes", "skus", [{"code": "1"} | GOODS, {"code": "2"} | GOODS], PARALLEL),
    ("a reference to a shared type again", PLACES, [{"customer_id": "c"}, {"customer": {"id": "c"}}], IN_ORDER),
    ("a shortcut to a shared type again", PLACES, [PLACE, {"customer": {"email": "A@x.com"}}], IN_ORDER),
    ("distinct shared objects", PLACES, [PLACE, {"customer": {"email": "b@x.com"}}], PARALLEL),
    ("a tag of a shared object again", PLACES, [tagged("a"), tagged("b")], IN_ORDER),
    ("a shared object without a name", PLACES, [{"customer": {}}, PLACE], IN_ORDER),
    ("owned objects of new resources", PLACES, [{"address": {"city": "x"}}, {"address": {"city": "y"}}], PARALLEL),
    ("an owned object again", PLACES, [{"address": {"id": "x"}}, {"address_id": "x"}], IN_ORDER),
    ("an owned object of what may be there", PLACES, [{"id": "1", "address": {"city": "x"}}, {"id": "2"}], IN_ORDER),
    ("owned objects with ids", PLACES, [{"address": {"id": "x"}}, {"address": {"id": "y"}}], PARALLEL),
    ("composite keys", "prices", prices(A | L, B | L, A | {"price_list_id": "m"}), PARALLEL),
    ("a composite key again", "prices", prices(A | L, A | L), IN_ORDER),
    ("half a key", "prices", prices(A | L, B), IN_ORDER),
    ("half a key with ids", "prices", prices({"sku_code": "a", "id": "1"}, {"sku_code": "b", "id": "2"}), IN_ORDER),
    ("two spellings", "prices", prices(A | L, {"sku_id": "b"} | L), IN_ORDER),
    ("keys by ids", "prices", prices(BY_ID | L, {"sku_id": "b"} | L), PARALLEL),
    ("both spellings", "prices", prices(A | {"sku_id": "b"} | L, B | BY_ID | L), PARALLEL),
    ("keys by objects", "prices", prices(BY_OBJECT | EU, {"sku": {"code": "b"}} | EU), PARALLEL),
    ("a key by objects again", "prices", prices(BY_OBJECT | EU, BY_OBJECT | EU), IN_ORDER),
    ("objects of two kinds", "prices", prices(A | EU, B | {"price_list": {"id": "l"}}), IN_ORDER),
    ("objects that say more", "prices", prices({"sku_code": "a", "price_list": {"code": "l", "id": "l"}}, B), IN_ORDER),
    ("owned lists", "prices", prices(A | L | TIERS, B | L | TIERS), PARALLEL),
    ("optional parts of keys", "bundles", [{"code": "a"}, {"code": "a", "market_id": "m"}, {"code": "b"}], PARALLEL),
    ("an optional part missing twice", "bundles", [{"code": "a"}, {"code": "a", "market_id": ""}], IN_ORDER),
    ("lists on two levels", "orders", [order(1, line_items=[LINE]), order(2, line_items=[options("")])], PARALLEL),
    ("ids in an owned list", "orders", [order(1, line_items=[LINE | {"id": "i"}]), order(2)], IN_ORDER),
    ("a tag again below", "orders", [order(1, tags=["t"]), order(2, line_items=[options("", "t")])], IN_ORDER),
    ("an owner again", "orders", [order(1, id="o"), order(2, line_items=[{"order_id": "o"}])], IN_ORDER),
    ("an owner again by key", "orders", [order(1), order(2, line_items=[{"order": {"number": "1"}}])], IN_ORDER),
    ("an owned list that is none", "orders", [order(1, line_items={"0": LINE}), order(2)], IN_ORDER),
    ("an owned item that is none", "orders", [order(1, line_items=[1]), order(2)], IN_ORDER),
    ("orders of one customer", "orders", [order(1, **PLACE), order(2, **PLACE)], PARALLEL),
    ("numbers made by the service", "orders", [order(1), {"market_id": "m"}], IN_ORDER),
    ("items of one owner", "line_items", [{"order_id": "o"}, {"order_id": "o"}], PARALLEL),
    ("new items with ids in owned lists", "line_items", [options("x"), options("y")], PARALLEL),
    ("new items with an id again", "line_items", [options("x"), options("x")], IN_ORDER),
]  # fmt: skip


@pytest.mark.parametrize("form", [lines_of, array_of])
@pytest.mark.parametrize(
    ("resource_type", "rows", "in_order"), [pytest.param(*case, id=name) for name, *case in CASES]
)
def test_json_documents(form, resource_type, rows, in_order):
    assert is_in_order(form(rows), resource_type=resource_type) is in_order


CSV_CASES: list[tuple[str, str, str, bool]] = [
    ("distinct keys", "skus", "code\na\nb\n", PARALLEL),
    ("a key again", "skus", "code\na\nb\na\n", IN_ORDER),
    ("ids with keys", "skus", "id,code\n1,a\n,b\n", PARALLEL),
    ("an empty key", "skus", 'code,name\na,x\n"",y\n', IN_ORDER),
    ("a null for a key", "skus", "id,code\n1,NULL\n2,NULL\n", PARALLEL),
    ("a null for some keys", "skus", "id,code\n1,NULL\n2,a\n", IN_ORDER),
    ("names of nothing", "addresses", "id,city\n,Rome\n,Rome\n", PARALLEL),
    ("no column that names anything", "addresses", "city\nRome\nRome\n", PARALLEL),
    ("no column that names anything in a type with a key", "skus", "name\na\nb\n", IN_ORDER),
    ("ids here and there", "addresses", "id,city\n,Rome\nx,Rome\n", IN_ORDER),
    ("ids alone", "addresses", "id,city\nx,Rome\ny,Rome\n", PARALLEL),
    ("cells too few", "addresses", "id,city\nx,Rome\nx\ny,Rome\n", PARALLEL),
    ("emails in other cases", "customers", "email\nA@x.com\na@x.com\n", IN_ORDER),
    ("tags", "addresses", 'city,tags\nx,"a, b"\ny,c\n', PARALLEL),
    ("a tag again", "addresses", 'city,tags\nx,"a, b"\ny,b\n', IN_ORDER),
    ("a tag again in JSON", "addresses", 'city,tags\nx,"[""a""]"\ny,a\n', IN_ORDER),
    ("tags in broken JSON", "addresses", 'city,tags\nx,"[a]"\ny,b\n', IN_ORDER),
    ("a tag again by name", "skus", 'code,tags.name\nx,"a,b"\ny,b\n', IN_ORDER),
    ("tags by id", "skus", "code,tags.id\nx,a\ny,b\n", PARALLEL),
    ("a tag again by id", "skus", "code,tags.id\nx,a\ny,a\n", IN_ORDER),
    ("tags that are changed", "skus", "code,tags.0.id,tags.0.reference\nx,a,r\ny,b,\n", IN_ORDER),
    ("a tag again in what is added", "addresses", "city,_add_tags,_remove_tags\nx,a,\ny,,a\n", IN_ORDER),
    ("composite keys", "prices", "sku_code,price_list_id\na,l\nb,l\n", PARALLEL),
    ("keys by objects", "prices", "sku_code,price_list.code\na,l\nb,l\n", PARALLEL),
    ("a key by objects again", "prices", "sku_code,price_list.code\na,l\na,l\n", IN_ORDER),
    ("objects that say more", "prices", "sku_code,price_list.code,price_list.id\na,l,x\nb,l,y\n", IN_ORDER),
    ("items in numbered columns", "prices", "sku_code,price_list_id,price_tiers.0.up_to\na,l,1\nb,l,1\n", PARALLEL),
    ("ids of items", "prices", "sku_code,price_list_id,price_tiers.1.id\na,l,1\nb,l,2\n", IN_ORDER),
    ("a tag again on the third level", "orders", THIRD_LEVEL, IN_ORDER),
    ("an owner again", "orders", "id,number,line_items.order_id\no,1,\n,2,o\n", IN_ORDER),
    ("a shared object again", PLACES, "customer.email,customer_email\na,\n,A\n", IN_ORDER),
    ("shared objects with tags", PLACES, "customer.email,customer.tags\na,t\nb,u\n", PARALLEL),
    ("owned objects", PLACES, "customer_email,address.city\na,x\nb,x\n", PARALLEL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("resource_type", "document", "in_order"), [pytest.param(*case, id=name) for name, *case in CSV_CASES]
)
def test_csv_documents(resource_type, document, in_order):
    options = CsvOptions(null_marker="NULL")
    found = is_in_order(
        document.encode(), resource_type=resource_type, format=Format.CSV, csv_options=options
    )

    assert found is in_order


@pytest.mark.parametrize(
    ("document", "in_order"),
    [
        pytest.param(b'{"code":"a"}\n{"code":"b","code":"a"}', IN_ORDER, id="a name given twice: the last counts"),
        pytest.param(b'{"c\\u006fde":"a"}\n{"code":"\\u0061"}', IN_ORDER, id="escapes"),
        pytest.param(b'{"code":"a"}\n{"code":"\\ud800"}', IN_ORDER, id="half of a surrogate pair"),
        pytest.param(b'{"code":"a"}\n[1]\n{"code":"b"}', PARALLEL, id="a row that is no object"),
        pytest.param(b'{"code":"a"}\n{"code":\n{"code":"b"}', PARALLEL, id="a row that is malformed"),
        pytest.param(b'{"code":"a"}\n{"code":"b","tags":[' + b'"t",' * 99 + b'"t"]}', IN_ORDER, id="many tags"),
        pytest.param(b'{"code":"a"}\n{"x":NaN,"code":"b"}', IN_ORDER, id="what only Python reads"),
        pytest.param(b'{"code":"a"}\n{"_row_number":1}\n{"code":"b"}', PARALLEL, id="a row of marks alone"),
        pytest.param(b'{"code":"a"}\n{"tags":' + b"[" * 2000 + b"]" * 2000 + b',"code":"b"}', IN_ORDER, id="depth"),
    ],
)  # fmt: skip
def test_odd_rows(document, in_order):
    assert is_in_order(document) is in_order
    if b'":\n' not in document:
        assert is_in_order(b"[" + document.replace(b"\n", b",") + b"]") is in_order


@pytest.mark.parametrize(
    ("rows", "in_order"),
    [
        (prices(A, B | L), PARALLEL),
        (prices(A, {"sku_code": "a", "price_list_id": "parent"}), IN_ORDER),
        (prices(A, {"sku_code": "b", "price_list_id": None}), IN_ORDER),
        (prices({"sku_code": "a", "price_list": {"code": "x"}}, B), IN_ORDER),
        (prices({"id": "a"}, {"id": "b"}), IN_ORDER),
    ],
)
def test_the_parent_is_filled_in_where_a_row_says_nothing_of_it(rows, in_order):
    found = is_in_order(lines_of(rows), resource_type="prices", parent_resource_id="parent")

    assert found is in_order


@pytest.mark.parametrize(
    ("codes", "segment_rows", "in_order"),
    [
        ("aab", 2, PARALLEL),
        ("abb", 2, IN_ORDER),
        ("abb", 3, PARALLEL),
        ("aabbcc", 2, PARALLEL),
        ("aaabbc", 3, PARALLEL),
        ("aaabba", 3, IN_ORDER),
        ("aabbccddee" * 1 + "a", 2, IN_ORDER),
    ],
)
@pytest.mark.parametrize("form", [lines_of, array_of])
def test_repetitions_within_a_segment_are_harmless(form, codes, segment_rows, in_order):
    document = form([{"code": code} for code in codes])

    assert is_in_order(document, segment_rows=segment_rows) is in_order


def test_a_segment_ends_where_its_bytes_do():
    row = {"code": "a", "name": "x" * 100}
    document = lines_of([row, row])

    assert not is_in_order(document, segment_rows=10, segment_bytes=1000)
    assert is_in_order(document, segment_rows=10, segment_bytes=150)


def test_a_document_that_has_not_ended_is_in_order():
    splitting = splitter()
    list(splitting.feed(b'{"code":"a"}\n{"code":"b"}\n'))

    assert splitting.in_order


@pytest.mark.parametrize(("most", "in_order"), [(1_000, PARALLEL), (999, IN_ORDER)])
@pytest.mark.parametrize("segment_rows", [1, 7, 2_000])
def test_what_is_too_much_to_remember_runs_in_order(segment_rows, most, in_order):
    document = lines_of([{"code": str(number)} for number in range(1_000)])

    assert is_in_order(document, segment_rows=segment_rows, most_hashes=most) is in_order
