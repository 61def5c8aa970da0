"""What must be so when all has come to rest: nothing is held, nothing waits, and no object is without an owner."""

import contextlib

from imports_service.domain.names import outcomes_object, segment_object
from imports_service.objects.store import Objects
from tests.chaos.oracle import PatientOracle
from tests.eventually import eventually

SHOWN = 10
LAST_SWEEP_SECONDS = 90.0
"""More than the trash is kept for what a store does late, with the short leases of a run."""

HELD = {
    "imports that have not ended": "SELECT count(*) FROM import WHERE status IN ('pending', 'in_progress')",
    "units under a lease": "SELECT count(*) FROM unit WHERE state = 'leased'",
    "units that are neither done nor void": "SELECT count(*) FROM unit WHERE state IN ('waiting', 'ready')",
    "uploads without an import": "SELECT count(*) FROM upload",
    "prefixes in the trash": "SELECT count(*) FROM object_trash WHERE swept < 2",
    "imports whose files were not looked through": "SELECT count(*) FROM import WHERE NOT files_swept",
    "imports whose outcomes have not moved": "SELECT count(*) FROM import WHERE NOT outcomes_moved",
    "rehearsals that are not emptied": "SELECT count(*) FROM rehearsal",
    **{
        f"rows of {table} without an import": f"""
            SELECT count(*) FROM {table} AS part
            WHERE NOT EXISTS (
                SELECT FROM import WHERE organization_id = part.organization_id AND uid = part.import_uid
            )"""
        for table in ("unit", "outcome", "import_report", "rehearsal_resource")
    },
}
MISCOUNTED = """
SELECT import.organization_id, import_id
FROM import LEFT JOIN outcome ON outcome.organization_id = import.organization_id AND import_uid = uid
GROUP BY import.organization_id, uid
HAVING (import.created_count, import.updated_count, import.unchanged_count, import.errors_count, import.warnings_count)
    <> (
        coalesce(sum(outcome.created_count), 0), coalesce(sum(outcome.updated_count), 0),
        coalesce(sum(outcome.unchanged_count), 0), coalesce(sum(outcome.errors_count), 0),
        coalesce(sum(outcome.warnings_count), 0)
    )
"""
IMPORTS = "SELECT organization_id, uid::text AS uid, attachment, failed_inputs FROM import"
SEGMENTS = "SELECT organization_id, import_uid::text AS uid, segment FROM unit WHERE segment >= 0"


async def unrest(oracle: PatientOracle, objects: Objects, *, within: float) -> list[str]:
    """What is not at rest in time, or is wrong when it is."""
    left: dict[str, int] = {}

    async def is_at_rest() -> bool:
        left.clear()
        left.update(
            {what: count for what, statement in HELD.items() if (count := await oracle.value(statement))}
        )
        return not left

    with contextlib.suppress(AssertionError):
        await eventually(is_at_rest, within, "rest", every=0.3)
    said = [f"{count} {what}" for what, count in left.items()]
    if miscounted := [
        f"{row['organization_id']}/{row['import_id']}" for row in await oracle.rows(MISCOUNTED)
    ]:
        said.append(f"counts that are not those of the outcomes: {', '.join(miscounted[:SHOWN])}")
    return said + await _unowned(oracle, objects, may_wait=within > 0)


async def _unowned(oracle: PatientOracle, objects: Objects, *, may_wait: bool) -> list[str]:
    """Objects that no import has, imports whose objects are gone, uploads that nobody goes on with."""
    imports = await oracle.rows(IMPORTS)
    owned = {row[file] for row in imports for file in ("attachment", "failed_inputs") if row[file]}
    owned |= {segment_object(*row.values()) for row in await oracle.rows(SEGMENTS)}
    may_be = {outcomes_object(row["organization_id"], row["uid"]) for row in imports}
    stored = {name async for name in objects.list("")}
    said = []
    orphans = sorted(stored - owned - may_be)
    if orphans and may_wait:  # what a store did late is found by the last sweep
        with contextlib.suppress(AssertionError):
            await eventually(
                lambda: _is_swept(oracle, orphans), LAST_SWEEP_SECONDS, "the last sweep", every=1
            )
        orphans = sorted({name async for name in objects.list("")} & {*orphans})
    if orphans:
        said.append(f"{len(orphans)} objects without an owner: {orphans[:SHOWN]}")
    if missing := sorted(owned - stored):
        said.append(f"{len(missing)} objects that are gone: {missing[:SHOWN]}")
    if uploads := [upload async for upload in objects.open_uploads("")]:
        said.append(f"open uploads: {uploads[:SHOWN]}")
    return said


async def _is_swept(oracle: PatientOracle, names: list[str]) -> bool:
    """Whether none of the names is in the trash any more."""
    prefixes = [row["prefix"] for row in await oracle.rows("SELECT prefix FROM object_trash")]
    return not any(name.startswith(prefix) for name in names for prefix in prefixes)
