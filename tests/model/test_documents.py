"""A document through the real service leaves what a sequential model leaves: environment, outcomes, counts, logs."""

from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from tests.model.comparing import Example
from tests.model.documents import ROWS, documents, seeds
from tests.model.properties import SECONDS, holds
from tests.model.stage import Document, Stage
from tests.model.world import World


class Story(NamedTuple):
    """An earlier import and the document itself; `dice` says how the workers stumble."""

    seed: Document
    document: Document
    dice: int


def stories(kind: str) -> st.SearchStrategy[Story]:
    return st.builds(Story, seeds(kind), documents(kind), st.integers(0, 3))


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("kind", list(ROWS))
def test_rows_do_what_they_do_one_by_one(stage: Stage, base: World, kind: str) -> None:
    async def example(story: Story) -> None:
        stage.shuffle(story.dice)
        example = await Example.begin(stage, base)
        await example.take(story.seed)
        await example.take(story.document)

    holds(stage.loop, stories(kind), example)
