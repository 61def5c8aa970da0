"""The suite has teeth: whatever guarantee a fake breaks, its check fails."""

import pytest

from imports_client.testing.conformance import GUARANTEES, Broken, check
from tests.conformance.mutants import MUTANTS, Mutant
from tests.conformance.subjects import fake_subject

PATIENCE_SECONDS = 0.25
"""Less than for others: what a broken fake never sends is waited for in vain. A whole one passes with 0.2."""


def name_of(mutant: Mutant) -> str:
    return f"{mutant.guarantee}-{mutant.servicer.__name__}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=name_of)
async def test_a_fake_that_breaks_it_is_found_out(mutant: Mutant) -> None:
    async with fake_subject(mutant.servicer, patience_seconds=PATIENCE_SECONDS) as subject:
        with pytest.raises(Broken) as caught:
            await check(GUARANTEES[mutant.guarantee], subject)
    assert "UNKNOWN" not in str(caught.value), "the broken fake is broken by an exception of its own"


def test_every_guarantee_has_a_fake_that_breaks_it() -> None:
    assert {mutant.guarantee for mutant in MUTANTS} == set(GUARANTEES)


def test_every_guarantee_is_said_in_a_sentence() -> None:
    for guarantee in GUARANTEES.values():
        noun, _, what = guarantee.name.partition("/")
        assert min(len(noun), len(what)) > 0, guarantee.name
        assert guarantee.sentence.endswith("."), guarantee.name
        assert guarantee.check.__module__.startswith("imports_client.testing.conformance.")
