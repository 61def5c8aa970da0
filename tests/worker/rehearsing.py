"""Rehearsals beside real runs of the same rows, over the calls of a running service."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import asyncpg

from commerce.imports.v1 import imports_pb2 as pb
from tests.eventually import eventually
from tests.rows.shop import Shop
from tests.services import Service

OVERLAYS = "SELECT (SELECT count(*) FROM rehearsal) + (SELECT count(*) FROM rehearsal_resource)"


class Verdict(NamedTuple):
    """What a rehearsal and the real run have to agree on, row by row."""

    row_number: int
    outcome: str
    key: str
    issues: tuple[tuple[str, str], ...]


def lines(rows: Iterable[Any]) -> bytes:
    """Rows as JSON Lines."""
    return b"\n".join(json.dumps(row).encode() for row in rows)


def verdicts(results: Iterable[pb.ImportResult]) -> list[Verdict]:
    return [
        Verdict(
            result.row_number,
            pb.Outcome.Name(result.outcome),
            result.key,
            tuple((issue.code, issue.attribute) for issue in result.issues),
        )
        for result in results
    ]


async def rehearsed(shop: Shop, spec: pb.ImportSpec, **source: Any) -> pb.Import:
    """The rehearsal of a source, after its end."""
    request = pb.CreateImportRequest(parent=shop.parent, spec=spec, validate_only=True, **source)
    return await shop.ended(await shop.service.imports.CreateImport(request))


async def compare(shop: Shop, spec: pb.ImportSpec, **source: Any) -> list[pb.ImportResult]:
    """Rehearse, then run for real; the rehearsal's results. Fails where the two differ, or the first left a trace."""
    before = await shop.resources()
    rehearsal = await rehearsed(shop, spec, **source)
    foreseen = await shop.results(rehearsal)
    assert await shop.resources() == before

    real = await shop.imported(spec, **source)

    assert verdicts(foreseen) == verdicts(await shop.results(real))
    for name in ("inputs_size", "created_count", "updated_count", "unchanged_count", "errors_count"):
        assert getattr(rehearsal, name) == getattr(real, name), name
    assert rehearsal.threshold_exceeded == real.threshold_exceeded
    assert not any(result.resource_id for result in foreseen if result.outcome == pb.OUTCOME_CREATED)
    for result in foreseen:
        assert "~" not in result.resource_id
        assert (len(result.changes) > 0) == (result.outcome in (pb.OUTCOME_CREATED, pb.OUTCOME_UPDATED)), (
            result
        )
    return foreseen


async def overlays_are_empty(service: Service) -> None:
    """Waits until housekeeping has left nothing of any rehearsal."""
    connection = await asyncpg.connect(service.parts.database_url)
    try:

        async def look() -> bool:
            return bool(await connection.fetchval(OVERLAYS) == 0)

        await eventually(look, within=15, what="overlays without rows", every=0.05)
    finally:
        await connection.close()
