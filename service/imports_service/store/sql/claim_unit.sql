-- Lease the next ready unit of an organization to a worker.
--
-- $1 organization_id text, $2 lease_token uuid, $3 lease interval, $4 worker text, $5 alone boolean (the worker holds no
-- other unit), $6 max_running bigint (how many segments of the organization may be leased at once)
-- ->  zero or one unit; is_given false: it has failed before, stays ready, and is for a worker that is alone; running
-- bigint: how many segments were leased before
--
-- Locks one unit; SKIP LOCKED because a rescue may hold it. Of an import that is being closed only the closing is
-- given, and a closing is given however much runs. The lane is locked, so nobody else leases units of the organization
-- meanwhile and the count is exact but for those that are just being finished. The import is a scalar subquery on
-- purpose: as a join it is read whole on a table that was never analysed.
WITH leased AS (
    SELECT count(*) AS running
    FROM unit
    WHERE organization_id = $1 AND state = 'leased' AND segment >= 0
),
next AS (
    SELECT import_uid, segment, attempts = 0 OR $5::boolean AS is_given, now() + $3::interval AS lease_until
    FROM unit
    WHERE organization_id = $1
        AND state = 'ready'
        AND ready_at <= now()
        AND (
            segment = -1
            OR (
                (SELECT running FROM leased) < $6::bigint
                AND (
                    SELECT closing IS NULL
                    FROM import
                    WHERE import.organization_id = $1 AND import.uid = unit.import_uid
                )
            )
        )
    ORDER BY turn, import_uid, segment
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE unit
SET state = CASE WHEN next.is_given THEN 'leased' ELSE unit.state END,
    lease_token = CASE WHEN next.is_given THEN $2::uuid END,
    lease_until = CASE WHEN next.is_given THEN next.lease_until END,
    worker = CASE WHEN next.is_given THEN $4::text ELSE unit.worker END
FROM next, leased
WHERE unit.organization_id = $1 AND unit.import_uid = next.import_uid AND unit.segment = next.segment
RETURNING unit.organization_id, unit.import_uid::text AS import_uid, unit.segment, unit.first_row, unit.row_count,
    unit.turn, unit.attempts, unit.lease_token::text AS lease_token, next.is_given, leased.running;
