"""The service with a fault planted, for the proof that the properties find it: `python -m .. serve`, as the service.

`PLANTED` names the fault. The faults are here and nowhere else; what they leave alone is the service as it is.
"""

import os
from collections.abc import Callable

from imports_service.store.statements import SQL

NEXT_OF_A_SEQUENCE = "/* tick_clock */ SELECT nextval('event_numbers') WHERE $1::text IS NOT NULL"
LAST_OF_A_SEQUENCE = """/* read_clock */
SELECT last_value AS seq, 0::bigint AS floor FROM event_numbers WHERE $1::text IS NOT NULL"""


def a_sequence_as_clock() -> None:
    """Events are numbered by a sequence: numbers in one order, commits in another."""
    SQL._texts |= {"tick_clock": NEXT_OF_A_SEQUENCE, "read_clock": LAST_OF_A_SEQUENCE}


FAULTS: dict[str, Callable[[], None]] = {fault.__name__: fault for fault in (a_sequence_as_clock,)}


if __name__ == "__main__":
    FAULTS[os.environ["PLANTED"]]()

    from imports_service.__main__ import run

    run()
