"""A document through the real service leaves what a sequential model leaves: environment, outcomes, counts, logs."""

from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from tests.model.comparing import Example
from tests.model.documents import DICE, PARALLEL, documents, parallel_documents, seeds
from tests.model.properties import EXAMPLES, SECONDS, holds
from tests.model.rows import ROWS
from tests.model.stage import Document, Stage
from tests.model.world import World


class Story(NamedTuple):
    """An earlier import and the document itself; `dice` says how the workers stumble."""

    seed: Document
    document: Document
    dice: int


def stories(kind: str) -> st.SearchStrategy[Story]:
    return st.builds(Story, seeds(kind), documents(kind), DICE)


def parallel_stories(kind: str) -> st.SearchStrategy[Story]:
    return st.builds(Story, parallel_documents(kind), parallel_documents(kind), DICE)


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("kind", list(ROWS))
def test_rows_do_what_they_do_one_by_one(stage: Stage, base: World, kind: str) -> None:
    async def example(story: Story) -> None:
        stage.shuffle(story.dice)
        example = await Example.begin(stage, base)
        await example.take(story.seed)
        await example.take(story.document)

    holds(stage.loop, stories(kind), example, examples=max(1, EXAMPLES // len(ROWS)))


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("kind", list(PARALLEL))
def test_segments_in_parallel_do_the_same(stage: Stage, base: World, kind: str) -> None:
    in_order = []

    async def example(story: Story) -> None:
        stage.shuffle(story.dice)
        example = await Example.begin(stage, base)
        await example.take(story.seed)
        in_order.append(await stage.ran_in_order(await example.take(story.document)))

    holds(stage.loop, parallel_stories(kind), example, examples=max(4, EXAMPLES // len(ROWS)))
    assert in_order.count(False) * 2 > len(in_order), "too few of these documents run in parallel"


async def test_a_number_that_the_service_made_is_no_key_later_either(stage: Stage, base: World) -> None:
    example = await Example.begin(stage, base)
    await example.take(Document(kind="orders", rows=[{"id": "own-1", "market_id": "m-1"}]))
    await example.take(Document(kind="orders", rows=[{"id": "own-1", "guest": True}]))


async def test_of_tiers_of_one_size_an_item_is_the_one_that_it_can_become(stage: Stage, base: World) -> None:
    example = await Example.begin(stage, base)
    volume, frequency = (
        {"type": kind, "name": "a", "up_to": 10, "price_amount_cents": 1}
        for kind in ("PriceVolumeTier", "PriceFrequencyTier")
    )
    price = {"id": "own-1", "sku_code": "S1", "price_list_id": "pl-eu", "amount_cents": 1}
    await example.take(Document(kind="prices", rows=[price | {"price_tiers": [frequency, volume]}]))
    await example.take(
        Document(
            kind="prices",
            rows=[
                {"id": "own-1", "price_tiers": [volume, frequency]},
                {"id": "own-1", "price_tiers": [volume | {"id": "tier-1"}]},
            ],
        )
    )


async def test_an_item_of_another_list_beside_one_with_its_key_fails_the_row(
    stage: Stage, base: World
) -> None:
    example = await Example.begin(stage, base)
    lists = [
        {"id": "own-1", "name": "K", "sku_list_items": [{"sku_code": "S1"}, {"sku_code": "S2"}]},
        {"id": "own-2", "name": "L", "sku_list_items": [{"id": "item-1", "sku_code": "S1"}]},
    ]
    await example.take(Document(kind="sku_lists", rows=lists))
    items = [{"sku_code": "S1"}, {"id": "item-1", "sku_code": "S1"}, {"sku_code": "S1"}]
    await example.take(Document(kind="sku_lists", rows=[{"id": "own-1", "sku_list_items": items}]))
