"""Whenever a document is said to run in parallel, a naive reading of the rule agrees: all rows parsed by the json
module, the names of each segment in a set, and types, members and kinds written down by hand.
"""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import hypothesis
from hypothesis import strategies as st

from imports_service.domain.imports import Format
from tests.pipeline.documents import cuts_of, split_with, splitter

Name = tuple[str, str, object]
Rows = list[dict[str, Any]]

KEYS = {"skus": ["code"], "customers": ["email"], "tags": ["name"], "prices": ["sku_code", "price_list_id"]}
TEXTS = {
    "customer_addresses": {
        "customer_id": ("customers", "id"),
        "customer_email": ("customers", "key"),
        "address_id": ("addresses", "id"),
    },
    "price_tiers": {"price_id": ("prices", "id")},
}
NESTED = {
    "skus": {"tags": "tags"},
    "addresses": {"tags": "tags"},
    "customers": {"tags": "tags"},
    "customer_addresses": {"customer": "customers", "address": "addresses"},
    "prices": {"price_tiers": "price_tiers"},
}

texts = st.sampled_from(["a", "b", "c", "d", "A", "a@x", "", None])
tags = st.lists(
    texts.filter(bool) | st.fixed_dictionaries({}, optional={"id": texts, "name": texts}), max_size=2
)
tagged = {"tags": tags | st.none(), "_add_tags": st.sampled_from(["a", "b,c", ""])}
customers = st.fixed_dictionaries(
    {}, optional={"id": texts, "email": texts, "tags": tags, "profile_id": texts}
)
addresses = st.fixed_dictionaries({}, optional={"id": texts, "city": texts, "tags": tags})
tiers = st.lists(st.fixed_dictionaries({}, optional={"id": texts, "price_id": texts}), max_size=2)
codes = st.integers(0, 30).map(str)


def rows_with(optional: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Rows]:
    """Rows that give some of the members, mostly the same ones."""

    def of(names: list[str]) -> st.SearchStrategy[Rows]:
        usual = st.fixed_dictionaries({name: optional[name] for name in names})
        odd = st.fixed_dictionaries({}, optional=optional)
        return st.lists(usual, min_size=1, max_size=8) | st.lists(usual | odd, min_size=1, max_size=8)

    return st.sets(st.sampled_from(sorted(optional))).map(sorted).flatmap(of)


DOCUMENTS: dict[str, st.SearchStrategy[Rows]] = {
    "skus": rows_with({"id": codes, "code": codes | texts, "name": texts, **tagged}),
    "addresses": rows_with({"id": codes | texts, "city": texts, **tagged}),
    "customer_addresses": rows_with(
        {
            "id": codes,
            "customer_id": codes,
            "customer_email": codes | texts,
            "address_id": codes,
            "customer": customers,
            "address": addresses,
        }
    ),
    "prices": rows_with(
        {"id": codes, "sku_code": codes, "price_list_id": texts, "sku_id": codes, "price_tiers": tiers}
    ),
}


def names_of(resource_type: str, value: Any) -> Iterator[Name]:
    """All that a nested value or a row names, itself included."""
    if isinstance(value, str):
        yield resource_type, "key", value
        return
    if value.get("id"):
        yield resource_type, "id", value["id"]
    key = KEYS.get(resource_type, [])
    if key and all(value.get(part) for part in key):
        parts = tuple(value[part] for part in key)
        yield resource_type, "key", _lower(resource_type, parts[0] if len(parts) == 1 else parts)
    for member, (target, kind) in TEXTS.get(resource_type, {}).items():
        if value.get(member):
            yield target, kind, value[member].lower() if kind == "key" else value[member]
    for member, target in NESTED.get(resource_type, {}).items():
        given = value.get(member) or []
        for item in given if isinstance(given, list) else [given]:
            yield from names_of(target, item)
    for tag in (value.get("_add_tags") or "").split(","):
        if tag:
            yield "tags", "key", tag


def _lower(resource_type: str, value: Any) -> Any:
    return value.lower() if resource_type == "customers" else value


def way_of(resource_type: str, row: dict[str, Any]) -> object:
    key = KEYS.get(resource_type, [])
    given = [part for part in (*key, "sku_id") if row.get(part)] if key else []
    if given:
        return given
    return "id" if row.get("id") else "nothing"


def may_run_in_parallel(resource_type: str, rows: Rows, segment_rows: int) -> bool:
    ways = [way_of(resource_type, row) for row in rows]
    if any(way != ways[0] for way in ways) or (ways[0] == "nothing" and resource_type in KEYS):
        return False
    if isinstance(ways[0], list) and not (
        ways[0][: len(KEYS[resource_type])] == KEYS[resource_type]
        or {"sku_id", "price_list_id"} <= {*ways[0]}
    ):
        return False
    named = [
        {name for row in rows[start : start + segment_rows] for name in names_of(resource_type, row)}
        for start in range(0, len(rows), segment_rows)
    ]
    if isinstance(ways[0], list) and "sku_code" not in ways[0] and "sku_id" in ways[0]:
        for start, names in zip(range(0, len(rows), segment_rows), named, strict=True):
            names |= {
                ("prices", "sku_id", (row["sku_id"], row["price_list_id"]))
                for row in rows[start : start + segment_rows]
            }
    return sum(map(len, named)) == len(set().union(*named))


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, Rows]:
    resource_type = draw(st.sampled_from(sorted(DOCUMENTS)))
    return resource_type, draw(DOCUMENTS[resource_type])


@hypothesis.given(documents(), st.integers(1, 3), st.sampled_from(["lines", "array"]), st.data())
@hypothesis.settings(max_examples=400)
def test_json_is_parallel_only_where_the_naive_reading_says_so(document, segment_rows, form, data):
    resource_type, rows = document
    written = json.dumps(rows) if form == "array" else "\n".join(map(json.dumps, rows))
    splitting = splitter(resource_type=resource_type, segment_rows=segment_rows)

    list(split_with(splitting, data.draw(cuts_of(written.encode()))))

    assert splitting.in_order or may_run_in_parallel(resource_type, rows, segment_rows)


FLAT = {
    "skus": ["id", "code", "name", "_add_tags"],
    "prices": ["id", "sku_code", "price_list_id", "sku_id"],
    "customer_addresses": ["id", "customer_id", "customer_email", "address_id"],
}


@st.composite
def flat_documents(draw: st.DrawFn) -> tuple[str, Rows]:
    """Rows of texts, few of them repeated."""
    resource_type = draw(st.sampled_from(sorted(FLAT)))
    columns = draw(st.lists(st.sampled_from(FLAT[resource_type]), min_size=1, unique=True))
    cells = st.integers(0, 200).map(str) | st.just("")
    return resource_type, draw(
        st.lists(st.fixed_dictionaries(dict.fromkeys(columns, cells)), min_size=1, max_size=8)
    )


@hypothesis.given(flat_documents(), st.integers(1, 3), st.booleans())
@hypothesis.settings(max_examples=400)
def test_texts_are_parallel_exactly_where_the_naive_reading_says_so(document, segment_rows, as_csv):
    resource_type, rows = document
    hypothesis.assume(not as_csv or len(rows[0]) > 1)  # an empty line is no record
    text = io.StringIO()
    if as_csv:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    else:
        text.write("\n".join(map(json.dumps, rows)))
    splitting = splitter(
        resource_type=resource_type, segment_rows=segment_rows, format=Format.CSV if as_csv else Format.JSON
    )

    list(split_with(splitting, text.getvalue().encode()))

    assert splitting.in_order is not may_run_in_parallel(resource_type, rows, segment_rows)
