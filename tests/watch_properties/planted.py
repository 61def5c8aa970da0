"""The service with a fault planted, for the proof that the properties find it; it runs as the service does.

`PLANTED` names the fault. The faults are here and nowhere else; what they leave alone is the service as it is.
"""

import os
from collections.abc import Callable

from imports_service.store.statements import SQL
from imports_service.watch.places import Place

A_SEQUENCE = """
CREATE SEQUENCE event_numbers;
DROP TABLE organization_clock;
CREATE VIEW organization_clock AS
SELECT organization_id, max(seq) AS seq, 0::bigint AS floor FROM event GROUP BY organization_id;
"""
NEXT_OF_A_SEQUENCE = """/* tick_clock */
WITH number AS (SELECT nextval('event_numbers') AS seq WHERE $1::text IS NOT NULL)
SELECT seq FROM number, pg_sleep(random() / 20)"""


def a_sequence_as_clock() -> None:
    """Events are numbered by a sequence: numbers in one order, commits in another."""
    SQL._texts["tick_clock"] = NEXT_OF_A_SEQUENCE


def an_event_left_out() -> None:
    """Of the events of an organization one is not read now and then."""
    SQL._texts["list_events"] = SQL.list_events.replace("seq > $2", "seq > $2 AND seq % 5 <> 0")


def tokens_of_before() -> None:
    """A token resumes before its event, and not after it."""
    token = vars(Place)["token"].fget
    earlier = property(lambda place: token(place._replace(seq=place.seq - 1, version=place.version - 1)))
    setattr(Place, "token", earlier)  # noqa: B010


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault for fault in (a_sequence_as_clock, an_event_left_out, tokens_of_before)
}

SCHEMAS = {"a_sequence_as_clock": A_SEQUENCE}
"""What a fault needs of the database."""


if __name__ == "__main__":
    FAULTS[os.environ["PLANTED"]]()

    from imports_service.__main__ import run

    run()
