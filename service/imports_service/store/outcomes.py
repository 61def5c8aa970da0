"""What became of rows, a record per segment, and the report of an ended import. How they are encoded is the
domain's.

Outcomes commit with the rows that they speak of.
"""

import msgspec

from imports_service.domain.imports import Counts
from imports_service.domain.outcomes import EncodedOutcomes
from imports_service.store.database import Connection
from imports_service.store.statements import SQL
from imports_service.store.units import Claimed


class StoredOutcomes(msgspec.Struct, frozen=True):
    """The outcomes of one segment as stored; `encoded` is for `domain.outcomes` to decode.

    `is_moved`: they are in the import's object, and `encoded` has only their counts.
    """

    segment: int
    encoded: EncodedOutcomes
    is_moved: bool = False


async def insert_outcome(connection: Connection, claimed: Claimed, encoded: EncodedOutcomes) -> None:
    """Store the outcomes of the claimed segment."""
    counts = encoded.counts
    await connection.execute(
        SQL.insert_outcome,
        claimed.organization_id,
        claimed.import_uid,
        claimed.segment,
        counts.created,
        counts.updated,
        counts.unchanged,
        counts.failed,
        counts.warnings,
        encoded.outcomes,
        encoded.issues,
        encoded.summary,
    )


async def read_outcomes(
    connection: Connection,
    organization_id: str,
    import_uid: str,
    *,
    from_segment: int = 0,
    limit: int,
    only_with_issues: bool = False,
) -> list[StoredOutcomes]:
    """The outcomes of at most `limit` finished segments, in order; segments that are not finished leave
    gaps."""
    statement = SQL.list_outcomes_with_issues if only_with_issues else SQL.list_outcomes
    records = await connection.fetch(statement, organization_id, import_uid, from_segment, limit)
    return [
        StoredOutcomes(
            record["segment"],
            EncodedOutcomes(
                Counts(
                    created=record["created_count"],
                    updated=record["updated_count"],
                    unchanged=record["unchanged_count"],
                    failed=record["errors_count"],
                    warnings=record["warnings_count"],
                ),
                record["outcomes"],
                record["issues"],
                record["summary"],
            ),
            record["is_moved"],
        )
        for record in records
    ]


async def insert_report(connection: Connection, organization_id: str, import_uid: str, report: bytes) -> None:
    """Store the encoded report: in the transaction that ends the import, or for one that ended without."""
    await connection.execute(SQL.insert_report, organization_id, import_uid, report)


async def read_report(connection: Connection, organization_id: str, import_uid: str) -> bytes | None:
    """The encoded report; None while the import has not ended, or when it ended without one."""
    report: bytes | None = await connection.fetchval(SQL.get_report, organization_id, import_uid)
    return report
