"""Resources: written by COPY, locked in one order, looked up by id, key and prefix."""

import asyncio
import json
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imports_service.domain.lookups import OwnNames, Wanted
from imports_service.domain.resources import ReferenceRow, WrittenResource
from imports_service.store import resources
from imports_service.store.copy_rows import new_rows, sent_timestamp
from imports_service.store.database import Database, TransactionConflict
from tests.eventually import eventually
from tests.store.builders import NOW, ORGANIZATION, names, resource, stored

ODD_TEXTS = [
    "",
    " ",
    "é",
    "\u2028",
    "\U0001f600",
    "tab\tand\nline\rbreak",
    "\\N",
    "\\.",
    '"quoted"',
    "\x1f\x1e",
    "\x7f",
    "a" * 2000,
    "\ufeff",
    "e\u0301",
]


async def locked(
    database: Database, *, ids: list[str] | None = None, keys: list[str] | None = None
) -> list[str]:
    async with database.transaction() as connection:
        found = await resources.lock_resources(connection, ORGANIZATION, names(ids=ids, keys=keys))
    return [resource.id for resource in found]


async def test_odd_texts_come_back_as_they_were_written(database: Database) -> None:
    created = [
        WrittenResource(
            "skus", f"id-{number}", text or None, text, msgspec.json.encode({"name": text, "n": 1.5})
        )
        for number, text in enumerate(ODD_TEXTS)
    ]
    await stored(database, created)

    async with database.connection() as connection:
        found = await resources.list_resources(connection, ORGANIZATION, "skus", limit=100)

    by_id = {one.id: one for one in found}
    for number, text in enumerate(ODD_TEXTS):
        one = by_id[f"id-{number}"]
        assert (one.key, one.owner_id) == (text or None, text)
        assert json.loads(one.attributes) == {"name": text, "n": 1.5}
        assert (one.created_at, one.updated_at, one.last_import) == (NOW, NOW, "first")


async def test_a_resource_keeps_the_time_of_creation_that_it_brings(database: Database) -> None:
    earlier = NOW - timedelta(days=400, microseconds=1)

    await stored(database, [WrittenResource("skus", "a", None, None, b"{}", sent_timestamp(earlier))])

    async with database.connection() as connection:
        found = await resources.get_resource(connection, ORGANIZATION, "skus", resource_id="a")
    assert found is not None
    assert (found.created_at, found.updated_at) == (earlier, NOW)


async def test_many_rows_travel_in_pieces(database: Database) -> None:
    created = [resource(f"{number:05}", attributes=b'{"a":"%b"}' % (b"x" * 5000)) for number in range(1000)]

    pieces = [
        len(piece)
        async for piece in new_rows(created, organization_id=ORGANIZATION, at=NOW, last_import="first")
    ]
    await stored(database, created)

    assert max(pieces) < 2_000_000
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM resource") == 1000


@pytest.mark.parametrize("taken", [resource("a", key="other"), resource("other", key="k")], ids=["id", "key"])
async def test_a_taken_id_or_key_is_a_conflict(database: Database, taken: WrittenResource) -> None:
    await stored(database, [resource("a", key="k")])

    with pytest.raises(TransactionConflict):
        await stored(database, [taken])


async def test_another_organization_or_type_may_use_the_same_names(database: Database) -> None:
    await stored(database, [resource("a", key="k")])

    await stored(database, [resource("a", key="k")], organization_id="other")
    await stored(database, [resource("a", key="k", resource_type="bundles")])

    assert await locked(database, ids=["a"], keys=["k"]) == ["a"]


async def test_locking_finds_by_id_and_by_key_each_once_in_the_order_of_ids(database: Database) -> None:
    await stored(database, [resource(one, key=f"key-{one}") for one in ("b", "B", "a", "_", "c")])

    found = await locked(database, ids=["c", "nobody", "a"], keys=["key-B", "key-a", "key-nobody", "key-_"])

    assert found == ["B", "_", "a", "c"]


async def test_locking_nothing_finds_nothing(database: Database) -> None:
    assert await locked(database) == []


async def test_a_locked_resource_is_read_as_the_last_commit_left_it(database: Database) -> None:
    await stored(database, [resource("a", key="k", attributes=b'{"n":1}')])
    async with asyncio.TaskGroup() as tasks, database.transaction() as connection:
        await resources.lock_resources(connection, ORGANIZATION, names(ids=["a"]))
        second = tasks.create_task(_attributes_of(database, "k"))
        await _until_somebody_waits(database)
        await resources.write_changed(
            connection,
            ORGANIZATION,
            [resource("a", key="k", attributes=b'{"n":2}')],
            done_at=NOW,
            last_import="second",
        )

    assert second.result() == {"n": 2}


def owned(resource_type: str, resource_id: str, owner_id: str) -> WrittenResource:
    return WrittenResource(resource_type, resource_id, None, owner_id, b"{}")


def holding(resource_id: str, key: str, **references: str | None) -> WrittenResource:
    return WrittenResource("orders", resource_id, key, None, msgspec.json.encode(references))


OWNED = [("orders", "line_items"), ("line_items", "line_item_options")]
HOLDERS = [("orders", "shipping_address_id", "addresses"), ("orders", "billing_address_id", "addresses")]
ORDERS = [
    holding("o", "N", shipping_address_id="a2", billing_address_id="a1"),
    holding("p", "M", shipping_address_id="a3", billing_address_id=None),
    holding("q", "L"),
    *(owned("line_items", item, owner) for item, owner in (("i2", "o"), ("I1", "o"), ("i3", "p"))),
    *(
        owned("line_item_options", option, owner)
        for option, owner in (("x2", "i2"), ("x1", "I1"), ("x3", "i3"))
    ),
    owned("price_tiers", "tier", "o"),
    owned("line_items", "below", "x1"),
    *(resource(name, resource_type="addresses") for name in ("a1", "a2", "a3", "o")),
]
"""Orders with items and options, and addresses that they hold. Some names are not what they seem."""

OF_ORDER_O = [
    ("addresses", "a1"),
    ("addresses", "a2"),
    ("line_item_options", "x1"),
    ("line_item_options", "x2"),
    ("line_items", "I1"),
    ("line_items", "i2"),
    ("orders", "o"),
]


async def nested(database: Database, named: OwnNames) -> list[tuple[str, str]]:
    """Type and id of what is locked, in this order, with all that is nested in orders."""
    named = replace(named, owned=OWNED, holders=HOLDERS)
    async with database.transaction() as connection:
        found = await resources.lock_resources(connection, ORGANIZATION, named)
    return [(one.resource_type, one.id) for one in found]


@pytest.mark.parametrize(
    "named",
    [
        pytest.param(names(ids=["o"], resource_type="orders"), id="by id"),
        pytest.param(names(keys=["N"], resource_type="orders"), id="by key"),
        pytest.param(names(ids=["o", "nobody"], keys=["N", "none"], resource_type="orders"), id="by both"),
        pytest.param(
            OwnNames(
                id_types=["line_items", "orders", "addresses"], ids=["i2", "o", "a1"], key_types=[], keys=[]
            ),
            id="with what is nested named as well",
        ),
    ],
)
async def test_locking_takes_along_children_on_two_levels_and_what_is_held(
    database: Database, named: OwnNames
) -> None:
    await stored(database, ORDERS)
    await stored(database, ORDERS, organization_id="other")

    assert await nested(database, named) == OF_ORDER_O


async def test_locking_takes_along_nothing_of_others(database: Database) -> None:
    await stored(database, ORDERS)

    assert await nested(database, names(ids=["q"], resource_type="orders")) == [("orders", "q")]
    assert await nested(database, names(keys=["M"], resource_type="orders")) == [
        ("addresses", "a3"),
        ("line_item_options", "x3"),
        ("line_items", "i3"),
        ("orders", "p"),
    ]
    assert await nested(database, names(ids=["o"], resource_type="addresses")) == [("addresses", "o")]


async def test_what_is_nested_is_read_whole(database: Database) -> None:
    await stored(database, ORDERS)
    named = replace(names(keys=["N"], resource_type="orders"), owned=OWNED, holders=HOLDERS)

    async with database.transaction() as connection:
        found = await resources.lock_resources(connection, ORGANIZATION, named)

    by_name = {(one.resource_type, one.id): one for one in found}
    order, item = by_name["orders", "o"], by_name["line_items", "i2"]
    assert (order.key, order.owner_id, item.key, item.owner_id) == ("N", None, None, "o")
    assert json.loads(order.attributes) == {"shipping_address_id": "a2", "billing_address_id": "a1"}
    assert item.created_at == sent_timestamp(NOW)


@pytest.mark.parametrize("waiting_for", [("line_item_options", "x2"), ("addresses", "a2")])
async def test_what_is_nested_is_locked_as_well(database: Database, waiting_for: tuple[str, str]) -> None:
    await stored(database, ORDERS)
    resource_type, resource_id = waiting_for
    named = replace(names(ids=["o"], resource_type="orders"), owned=OWNED, holders=HOLDERS)

    async with asyncio.TaskGroup() as tasks, database.transaction() as connection:
        await resources.lock_resources(connection, ORGANIZATION, named)
        second = tasks.create_task(nested(database, names(ids=[resource_id], resource_type=resource_type)))
        await _until_somebody_waits(database)
        await resources.delete_removed(connection, ORGANIZATION, [waiting_for])

    assert second.result() == []


async def test_orders_that_share_an_address_queue_whatever_names_them(database: Database) -> None:
    """Each locks the address before its own items: what they share is never waited for crosswise."""
    await stored(
        database,
        [
            *(holding(name, name, shipping_address_id="a") for name in "op"),
            *(owned("line_items", f"item-{name}", name) for name in "op"),
            resource("a", resource_type="addresses"),
        ],
    )

    async with asyncio.TaskGroup() as tasks:
        both = [
            tasks.create_task(nested(database, names(ids=ids, resource_type="orders")))
            for ids in (["o", "p"], ["p", "o"], ["o"], ["p"]) * 5
        ]

    assert {len(one.result()) for one in both} == {3, 5}


async def _attributes_of(database: Database, key: str) -> object:
    async with database.transaction() as connection:
        [found] = await resources.lock_resources(connection, ORGANIZATION, names(keys=[key]))
    return json.loads(found.attributes)


async def _until_somebody_waits(database: Database) -> None:
    async def waits() -> bool:
        async with database.connection() as connection:
            return bool(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                    "AND datname = current_database()"
                )
            )

    await eventually(waits, 5, "a lock that somebody waits for")


async def test_changed_resources_keep_their_time_of_creation(database: Database) -> None:
    await stored(database, [resource("a"), resource("b", key="b", attributes=b'{"n":1}')])
    later = NOW + timedelta(hours=1)

    async with database.transaction() as connection:
        await resources.write_changed(
            connection,
            ORGANIZATION,
            [WrittenResource("skus", "a", "now a key", "owner", b'{"n":2}')],
            done_at=later,
            last_import="second",
        )

    async with database.connection() as connection:
        a, b = await resources.list_resources(connection, ORGANIZATION, "skus", limit=10)
    assert (a.key, a.owner_id, json.loads(a.attributes)) == ("now a key", "owner", {"n": 2})
    assert (a.created_at, a.updated_at, a.last_import) == (NOW, later, "second")
    assert (b.updated_at, b.last_import) == (NOW, "first")


async def test_a_connection_writes_changes_again_after_a_rollback(database: Database) -> None:
    await stored(database, [resource("a", attributes=b"1"), resource("b", attributes=b"1")])

    async def change(resource_id: str, *, fails: bool = False) -> None:
        async with database.transaction() as connection:
            changed = [resource(resource_id, attributes=b"2")]
            await resources.write_changed(
                connection, ORGANIZATION, changed, done_at=NOW, last_import="second"
            )
            if fails:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change("a", fails=True)
    await change("b")
    await change("b")

    async with database.connection() as connection:
        found = await resources.list_resources(connection, ORGANIZATION, "skus", limit=10)
    assert [one.attributes for one in found] == ["1", "2"]


async def test_removed_resources_are_gone_and_others_stay(database: Database) -> None:
    await stored(database, [resource("a"), resource("b"), resource("a", resource_type="bundles")])

    async with database.transaction() as connection:
        await resources.delete_removed(connection, ORGANIZATION, [("skus", "a"), ("skus", "nobody")])

    async with database.connection() as connection:
        left = await connection.fetch("SELECT resource_type, id FROM resource ORDER BY 1, 2")
    assert [tuple(record) for record in left] == [("bundles", "a"), ("skus", "b")]


async def test_references_are_found_by_id_key_and_prefix(database: Database) -> None:
    await stored(
        database,
        [
            resource("s1", key="SHIRT"),
            resource("b1", key="SET\x1fmarket-1", resource_type="bundles"),
            resource("b2", key="SET\x1fmarket-2", resource_type="bundles"),
            resource("b3", key="SET\x1fmarket-3", resource_type="bundles"),
            resource("b4", key="SETTEE\x1f\x1e", resource_type="bundles"),
        ],
    )
    wanted = Wanted(
        types=["skus", "bundles", "skus"],
        ids=["s1", "b4", "nobody"],
        key_types=["skus", "skus"],
        keys=["SHIRT", "shirt"],
        prefix_types=["bundles", "bundles", "bundles"],
        prefixes=["SET\x1f", "SETTEE\x1f", "nobody\x1f"],
    )

    async with database.connection() as connection:
        found = await resources.look_up_references(connection, ORGANIZATION, wanted)

    assert found.by_id("skus", "s1") == ReferenceRow("skus", "s1", "SHIRT")
    assert found.by_id("skus", "nobody") is None
    assert found.by_key("skus", "SHIRT") == ReferenceRow("skus", "s1", "SHIRT")
    assert found.by_key("skus", "shirt") is None
    assert len(found.by_prefix("bundles", "SET\x1f")) == 2
    assert [row.id for row in found.by_prefix("bundles", "SETTEE\x1f")] == ["b4"]


async def test_a_look_up_does_not_wait_for_a_lock(database: Database) -> None:
    await stored(database, [resource("a")])

    async with database.transaction() as locking:
        await resources.lock_resources(locking, ORGANIZATION, names(ids=["a"]))
        async with asyncio.timeout(10), database.connection() as connection:
            found = await resources.look_up_references(
                connection, ORGANIZATION, Wanted(types=["skus"], ids=["a"])
            )

    assert found.by_id("skus", "a") is not None


async def test_resources_are_listed_in_pages_by_id(database: Database) -> None:
    await stored(database, [resource(one) for one in ("a", "B", "b", "_a")])

    async with database.connection() as connection:
        first = await resources.list_resources(connection, ORGANIZATION, "skus", limit=3)
        second = await resources.list_resources(
            connection, ORGANIZATION, "skus", after_id=first[-1].id, limit=3
        )

    assert [one.id for one in first + second] == ["B", "_a", "a", "b"]


async def test_resources_are_found_by_ids_and_keys_each_once(database: Database) -> None:
    await stored(database, [resource(one, key=f"key-{one}") for one in ("a", "b", "c")])

    async with database.connection() as connection:
        found = await resources.find_resources(
            connection, ORGANIZATION, "skus", ids=["c", "nobody", "a"], keys=["key-a", "key-b", "none"]
        )
        by_key = await resources.get_resource(connection, ORGANIZATION, "skus", key="key-b")
        nobody = await resources.get_resource(connection, ORGANIZATION, "skus", resource_id="key-b")

    assert [one.id for one in found] == ["a", "b", "c"]
    assert by_key is not None
    assert by_key.id == "b"
    assert nobody is None


@given(
    prefix=st.text(st.characters(exclude_characters="\U0010ffff", exclude_categories=["Cs"]), min_size=1),
    text=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_the_end_of_a_prefix_is_after_all_that_begin_with_it_and_before_the_rest(
    prefix: str, text: str
) -> None:
    end = resources.end_of_prefix(prefix)

    assert prefix + text < end
    if not text.startswith(prefix):
        assert not prefix <= text < end


@given(
    st.lists(
        st.builds(
            resource,
            st.text("ab", min_size=1, max_size=3),
            key=st.none() | st.text("abé", min_size=1, max_size=3),
            resource_type=st.sampled_from(["skus", "prices"]),
        ),
        unique_by=(lambda one: one.id, lambda one: one.key if one.key is not None else one.id + "#"),
    )
)
def test_resources_are_written_by_type_key_and_id(created: list[WrittenResource]) -> None:
    written = resources.in_write_order(created)

    assert written == sorted(created, key=lambda one: (one.resource_type, one.key or "", one.id))
