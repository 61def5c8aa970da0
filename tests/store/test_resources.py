"""Resources: written by COPY, locked in one order, looked up by id, key and prefix."""

import asyncio
import json
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.lookups import Wanted
from imports_service.domain.resources import ReferenceRow, WrittenResource
from imports_service.store import resources
from imports_service.store.copy_rows import new_rows
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

    await stored(database, [WrittenResource("skus", "a", None, None, b"{}", earlier)])

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
        async with asyncio.timeout(2), database.connection() as connection:
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
