"""The guarantees of the contract, each with a name and one check, for whatever claims to keep it.

    @pytest.mark.parametrize("name", GUARANTEES)
    async def test_it_keeps(name: str, subject: Subject) -> None:
        await check(GUARANTEES[name], subject)

The checks speak to the server through the generated stubs; what cannot be done over the wire, such as letting events
expire or restarting the server, they ask of a `Subject`, which you write for your implementation. They run one after
the other, each in organizations of its own. `Broken`, an AssertionError, says what was seen instead of what is
guaranteed.
"""

from imports_client.testing.conformance import (
    after,
    changes,
    creation,
    deletion,
    errors,
    filters,
    first_events,
    heartbeats,
    organization,
    progress,
    reading,
    resuming,
    stopping,
    tokens,
    transitions,
)
from imports_client.testing.conformance.guarantees import GUARANTEES, Broken, Guarantee
from imports_client.testing.conformance.scene import check
from imports_client.testing.conformance.subject import Subject

__all__ = ["GUARANTEES", "Broken", "Guarantee", "Subject", "check"]

CHECKS = (
    first_events,
    transitions,
    resuming,
    deletion,
    tokens,
    progress,
    heartbeats,
    organization,
    filters,
    stopping,
    creation,
    after,
    changes,
    reading,
    errors,
)
"""The modules of the checks; to import them is to enter their guarantees."""
