-- Lease the next ready unit of an organization to a worker.
--
-- $1 organization_id text, $2 lease_token uuid, $3 lease interval, $4 worker text  ->  zero or one unit
--
-- Locks one unit; SKIP LOCKED because a rescue may hold it. Of an import that is being closed only the closing is
-- given. The import is a scalar subquery on purpose: as a join it is read whole on a table that was never analysed.
WITH next AS (
    SELECT import_uid, segment
    FROM unit
    WHERE organization_id = $1
        AND state = 'ready'
        AND ready_at <= now()
        AND (
            segment = -1
            OR (
                SELECT closing IS NULL
                FROM import
                WHERE import.organization_id = $1 AND import.uid = unit.import_uid
            )
        )
    ORDER BY turn, import_uid, segment
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE unit
SET state = 'leased', lease_token = $2, lease_until = now() + $3, worker = $4
FROM next
WHERE unit.organization_id = $1 AND unit.import_uid = next.import_uid AND unit.segment = next.segment
RETURNING unit.organization_id, unit.import_uid::text AS import_uid, unit.segment, unit.first_row, unit.row_count,
    unit.attempts, unit.lease_token::text AS lease_token;
