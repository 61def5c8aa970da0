"""Two imports at once over the same keys: some order of their segments explains all that can be seen (B12)."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from commerce.imports.v1 import imports_pb2 as pb
from tests.eventually import eventually
from tests.model.comparing import Differs
from tests.model.documents import DICE
from tests.model.kinds import KINDS
from tests.model.model import Model, Verdict
from tests.model.parts import choice, merged
from tests.model.properties import EXAMPLES, SECONDS, holds
from tests.model.rendering import rendered
from tests.model.stage import Document, Ran, Stage
from tests.model.template import ADDRESS, TIER
from tests.model.world import World
from tests.store.builders import waits_for_a_lock

MOST_SEGMENTS = 3

WHOLE = {
    "skus": merged(
        choice({"code": "A"}, {"code": "B"}, {"code": "C"}),
        choice(
            {"name": "One", "description": "one", "shipping_category_id": "c-box", "tags": ["new"]},
            {"name": "Two", "description": "two", "shipping_category_id": "c-tube", "tags": ["hot", "red"]},
            {"name": "Three", "description": None, "shipping_category_id": "c-tube", "tags": []},
            {"name": "Four", "shipping_category_id": "c-gone"},
        ),
    ),
    "prices": merged(
        choice({"sku_code": "S1"}, {"sku_code": "S2"}),
        choice({"price_list": {"code": "EU"}}, {"price_list_id": "pl-us"}),
        choice(
            {"amount_cents": 1, "price_tiers": [TIER]},
            {"amount_cents": 2, "price_tiers": [TIER | {"up_to": 20}, TIER | {"price_amount_cents": 6}]},
            {"amount_cents": 3, "price_tiers": []},
            {"amount_cents": -1},
        ),
    ),
    "customer_addresses": merged(
        choice({"id": "own-1"}, {"id": "own-2"}),
        choice({"customer": {"email": "new@x.io"}}, {"customer": {"email": "ann@x.io", "tags": ["new"]}}),
        choice({"address": ADDRESS}, {"address": ADDRESS | {"line_2": "2nd"}}),
    ),
}
"""Rows that give all that they ever give, so that a row that is half another's would show."""


class Two(NamedTuple):
    """Documents of the same keys; `dice` says how the workers stumble."""

    first: Document
    second: Document
    dice: int


def documents(kind: str) -> st.SearchStrategy[Document]:
    return st.builds(
        lambda rows, size: Document(kind=kind, rows=rows[: size * MOST_SEGMENTS], segment_rows=size),
        st.lists(WHOLE[kind], min_size=3, max_size=7),
        st.sampled_from((1, 2, 3)),
    )


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("kind", list(WHOLE))
def test_of_two_imports_the_later_commit_wins_row_by_row(stage: Stage, base: World, kind: str) -> None:
    async def example(two: Two) -> None:
        stage.shuffle(two.dice)
        organization_id = await stage.organization()
        async with asyncio.TaskGroup() as tasks:
            runs = [tasks.create_task(stage.run(organization_id, document)) for document in two[:2]]
        rans = [run.result() for run in runs]
        check_counts(two, rans)
        world, _ = await stage.environment(organization_id)
        found = [outcomes(ran) for ran in rans], without_places(world)
        in_order = [await stage.ran_in_order(ran) for ran in rans]
        explained = [explanation(base, two, order) == found for order in orders(two, in_order)]
        if not any(explained):
            raise Differs(f"{two.first}\n{two.second}\nno order of their segments explains\n{found}")

    strategy = st.builds(Two, documents(kind), documents(kind), DICE)
    holds(stage.loop, strategy, example, examples=max(4, EXAMPLES // len(WHOLE)))


def check_counts(two: Two, rans: Sequence[Ran]) -> None:
    for document, ran in zip(two[:2], rans, strict=True):
        seen = ran.imported
        counts = (seen.created_count, seen.updated_count, seen.unchanged_count, seen.errors_count)
        names = [result.outcome for result in ran.results]
        expected = tuple(
            names.count(each)
            for each in (pb.OUTCOME_CREATED, pb.OUTCOME_UPDATED, pb.OUTCOME_UNCHANGED, pb.OUTCOME_FAILED)
        )
        if (seen.status, counts, len(names)) != (pb.STATUS_COMPLETED, expected, len(document.rows)):
            raise Differs(f"{document}\n{pb.Status.Name(seen.status)} {counts} of {expected}")


def outcomes(ran: Ran) -> list[str]:
    return [pb.Outcome.Name(result.outcome).removeprefix("OUTCOME_") for result in ran.results]


def orders(two: Two, in_order: Sequence[bool]) -> Iterator[tuple[tuple[int, int], ...]]:
    """All orders in which the segments (of the first import or the second, by number) may have committed."""
    segments = [
        [(side, number) for number in range(-(-len(document.rows) // document.segment_rows))]
        for side, document in enumerate(two[:2])
    ]
    for first in permutations(segments[0]) if not in_order[0] else [tuple(segments[0])]:
        for second in permutations(segments[1]) if not in_order[1] else [tuple(segments[1])]:
            yield from interleaved(first, second)


def interleaved(
    first: tuple[tuple[int, int], ...], second: tuple[tuple[int, int], ...]
) -> Iterator[tuple[tuple[int, int], ...]]:
    if not first or not second:
        yield first + second
        return
    yield from ((first[0], *rest) for rest in interleaved(first[1:], second))
    yield from ((second[0], *rest) for rest in interleaved(first, second[1:]))


def explanation(
    base: World, two: Two, order: Sequence[tuple[int, int]]
) -> tuple[list[list[str]], dict[str, list[str]]]:
    """What the model says of the segments in this order."""
    model = Model(base)
    verdicts: list[dict[int, Verdict]] = [{}, {}]
    for moment, (side, number) in enumerate(order, start=1):
        document = (two.first, two.second)[side]
        size = document.segment_rows
        for place in range(number * size, min((number + 1) * size, len(document.rows))):
            row = document.rows[place]
            verdicts[side][place] = model.take(KINDS[document.kind], row, place + 1, (moment, 0))
    told = [[each[place].outcome for place in sorted(each)] for each in verdicts]
    return told, without_places(model.world)


def without_places(world: World) -> dict[str, list[str]]:
    """The environment, items of one owner in any order: which of two transactions began first is not told."""
    texts: dict[str, list[str]] = {}
    for label, values in rendered(world, {}).items():
        texts.setdefault(label.partition("] of ")[2] + "'s" if "] of " in label else label, []).extend(values)
    return {label: sorted(values) for label, values in texts.items()}


async def test_a_place_held_is_changed_although_it_came_while_its_holder_was_waited_for(stage: Stage) -> None:
    """Of two imports that give an order its first address, the second one changes what the first has made."""
    organization_id, database = await stage.organization(), stage.equipment.database
    order = {"number": "held", "market_id": "m"}
    address = {
        "business": True,
        "company": "X",
        "line_1": "1",
        "city": "c",
        "country_code": "IT",
        "phone": "1",
    }
    await stage.run(organization_id, Document(kind="orders", rows=[order]))
    before, _ = await stage.environment(organization_id)

    async with database.transaction() as other:
        await other.execute(
            "SELECT FROM resource WHERE organization_id = $1 AND resource_type = 'orders' FOR UPDATE",
            organization_id,
        )
        both = [
            await stage.create(
                organization_id, Document(kind="orders", rows=[order | {"shipping_address": address}])
            )
            for _ in range(2)
        ]
        await eventually(
            lambda: waits_for_a_lock(database, statements=2), what="two segments that wait for the order"
        )
    for created in both:
        await stage.ended(created)

    after, _ = await stage.environment(organization_id)
    assert len(list(after.of("addresses"))) == len(list(before.of("addresses"))) + 1


SECOND_TIER = """
INSERT INTO resource
SELECT organization_id, resource_type, 'tier-2', NULL, owner_id, jsonb_set(attributes, '{up_to}', '20'),
    now(), now(), last_import
FROM resource WHERE organization_id = $1 AND resource_type = 'price_tiers'
"""


async def test_a_list_is_whole_although_an_item_came_while_its_owner_was_waited_for(stage: Stage) -> None:
    """What two imports at once do to each other, without chance: the other one commits when this one waits."""
    organization_id, database = await stage.organization(), stage.equipment.database
    price = {"sku_code": "S1", "price_list_id": "pl-eu", "amount_cents": 1}
    await stage.run(organization_id, Document(kind="prices", rows=[price | {"price_tiers": [TIER]}]))

    async with database.transaction() as other:
        await other.execute(
            "SELECT FROM resource WHERE organization_id = $1 AND resource_type = 'prices' FOR UPDATE",
            organization_id,
        )
        created = await stage.create(
            organization_id, Document(kind="prices", rows=[price | {"price_tiers": [TIER]}])
        )
        await eventually(lambda: waits_for_a_lock(database), what="a segment that waits for the price")
        await other.execute(SECOND_TIER, organization_id)
    await stage.ended(created)

    world, _ = await stage.environment(organization_id)
    assert [tier.values["up_to"] for tier in world.of("price_tiers")] == [10]
