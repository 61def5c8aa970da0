"""The properties have teeth: in a service with a fault planted they find a watch that tells something else."""

import pytest

from imports_service.store.statements import SQL
from tests.model.properties import holds
from tests.watch_properties.conftest import Stage
from tests.watch_properties.overtaking import overtaken
from tests.watch_properties.planted import NEXT_OF_A_SEQUENCE
from tests.watch_properties.play import Broken
from tests.watch_properties.steps import schedules

ENOUGH = 40
"""Examples within which a counterexample has to turn up."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("planted_stage", "what_is_said"),
    [
        pytest.param("an_event_left_out", "told were|does not belong|ended after", id="an event is skipped"),
        pytest.param("tokens_of_before", "a second time|too late|told were", id="an event is repeated"),
        pytest.param("a_sequence_as_clock", "told were|too late|does not belong", id="an event is overtaken"),
    ],
    indirect=["planted_stage"],
)
def test_a_planted_fault_is_found(planted_stage: Stage, what_is_said: str) -> None:
    with pytest.raises(Broken, match=what_is_said):
        holds(planted_stage.loop, schedules(faults=False), planted_stage.play, examples=ENOUGH, shrink=False)


@pytest.mark.parametrize("planted_stage", ["a_sequence_as_clock"], indirect=True)
async def test_a_change_that_is_overtaken_is_found_when_a_sequence_is_the_clock(
    planted_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SQL._texts, "tick_clock", NEXT_OF_A_SEQUENCE)

    with pytest.RaisesGroup(pytest.RaisesExc(Broken, match="told were"), flatten_subgroups=True):
        await overtaken(planted_stage, within=4.0)
