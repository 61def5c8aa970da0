-- Take back the units of an organization whose leases have run out.
--
-- $1 organization_id text, $2 delay interval  ->  units with the attempts counted; state is ready or void
--
-- SKIP LOCKED: a locked unit is being finished, or its worker is frozen. What nobody will run again becomes void: a
-- segment of an import that is being closed or gone.
WITH lapsed AS (
    SELECT import_uid, segment,
        segment >= 0 AND (
            SELECT count(*)
            FROM import
            WHERE import.organization_id = $1 AND import.uid = unit.import_uid AND import.closing IS NULL
        ) = 0 AS is_void
    FROM unit
    WHERE organization_id = $1 AND state = 'leased' AND lease_until < now()
    FOR UPDATE SKIP LOCKED
)
UPDATE unit
SET state = CASE WHEN lapsed.is_void THEN 'void' ELSE 'ready' END,
    ready_at = now() + $2,
    attempts = attempts + 1,
    last_error = 'the lease ran out',
    lease_token = NULL,
    lease_until = NULL
FROM lapsed
WHERE unit.organization_id = $1 AND unit.import_uid = lapsed.import_uid AND unit.segment = lapsed.segment
RETURNING unit.organization_id, unit.import_uid::text AS import_uid, unit.segment, unit.attempts, unit.state,
    unit.worker;
