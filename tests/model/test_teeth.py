"""The properties have teeth: with a rule of the order switched off, they find a document that comes out wrong.

The switches are here and nowhere else: what the splitter says of a document is replaced for the time of a test. What is
not switched off is the service as it is.
"""

import pytest
from hypothesis import strategies as st

from imports_service.pipeline import naming
from imports_service.pipeline.splitter import Splitter
from tests.model.comparing import Differs, Example
from tests.model.documents import DICE
from tests.model.parts import choice, merged
from tests.model.properties import holds
from tests.model.stage import Document, Stage
from tests.model.template import ADDRESS
from tests.model.test_documents import Story, stories
from tests.model.world import World

ENOUGH = 60
"""Examples within which a counterexample has to turn up."""


def check(stage: Stage, base: World, examples_of: st.SearchStrategy[Story]) -> None:
    """Raises `Differs` if the property does not hold, with the first document for which it does not."""

    async def example(story: Story) -> None:
        stage.shuffle(story.dice)
        example = await Example.begin(stage, base)
        await example.take(story.document)

    holds(stage.loop, examples_of, example, examples=ENOUGH, shrink=False)


def stories_of_new_customers() -> st.SearchStrategy[Story]:
    """Addresses whose rows name nothing, of customers that other rows make: only those may keep them in order."""
    row = merged(
        choice(
            {"customer": {"email": "new@x.io"}},
            {"customer_email": "new@x.io"},
            {"customer": {"email": "other@x.io"}},
            {"customer_email": "other@x.io"},
        ),
        st.just({"address": ADDRESS}),
    )
    rows = st.lists(row, min_size=3, max_size=6)
    return st.builds(
        lambda rows, dice: Story(
            Document(kind="customer_addresses", rows=[]),
            Document(kind="customer_addresses", rows=rows, segment_rows=1),
            dice,
        ),
        rows,
        DICE,
    )


@pytest.mark.timeout(300)
def test_repeats_that_run_in_parallel_are_found(
    stage: Stage, base: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Splitter, "in_order", property(lambda _splitter: False))

    with pytest.raises(Differs):
        check(stage, base, stories("skus"))


@pytest.mark.timeout(300)
def test_references_to_what_an_import_makes_are_found_when_they_do_not_count(
    stage: Stage, base: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(stage, base, stories_of_new_customers())
    monkeypatch.setattr(naming, "creatable_by", lambda *_: frozenset())

    with pytest.raises(Differs):
        check(stage, base, stories_of_new_customers())
