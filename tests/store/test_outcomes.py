"""Outcomes and reports: read back as they were written, in the order of segments."""

from imports_service.domain.imports import Counts
from imports_service.domain.outcomes import EncodedOutcomes
from imports_service.store import outcomes
from imports_service.store.database import Database
from tests.store.builders import ORGANIZATION, claimed_unit, created_import

CLEAN = EncodedOutcomes(Counts(created=2, unchanged=3), b"\x01\x00", None, None)
WITH_ISSUES = EncodedOutcomes(Counts(updated=4, failed=1, warnings=2), b"\x01\xff", b"issues", b"summary")


async def test_outcomes_are_read_in_the_order_of_segments(database: Database) -> None:
    import_ = await created_import(database, segments=3)
    claims = [await claimed_unit(database) for _ in range(3)]
    async with database.transaction() as connection:
        for claimed, encoded in zip(reversed(claims), [CLEAN, WITH_ISSUES, CLEAN], strict=True):
            await outcomes.insert_outcome(connection, claimed, encoded)

    async with database.connection() as connection:
        everything = await outcomes.read_outcomes(connection, ORGANIZATION, import_.uid, limit=10)
        page = await outcomes.read_outcomes(connection, ORGANIZATION, import_.uid, from_segment=1, limit=1)
        issues = await outcomes.read_outcomes(
            connection, ORGANIZATION, import_.uid, limit=10, only_with_issues=True
        )

    assert [(one.segment, one.encoded) for one in everything] == [(0, CLEAN), (1, WITH_ISSUES), (2, CLEAN)]
    assert page == issues == everything[1:2]


async def test_a_report_is_there_once_it_was_stored(database: Database) -> None:
    import_ = await created_import(database)

    async with database.transaction() as connection:
        assert await outcomes.read_report(connection, ORGANIZATION, import_.uid) is None
        await outcomes.insert_report(connection, ORGANIZATION, import_.uid, b"\x00report")

        assert await outcomes.read_report(connection, ORGANIZATION, import_.uid) == b"\x00report"
