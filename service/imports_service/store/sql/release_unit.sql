-- Give a unit back under its lease.
--
-- $1 organization_id text, $2 import_uid uuid, $3 segment integer, $4 lease_token uuid, $5 delay interval,
-- $6 counts as an attempt boolean, $7 attempts allowed integer, $8 error text, $9 a lapsed lease counts boolean
-- ->  zero or one unit; no row means that the lease is lost; given_up says that it was the last attempt, and that the
-- transaction must say how the import ends
--
-- Locks the unit. A lease that has run out counts whatever ended the work, or a transaction that always takes longer
-- would be tried for ever; but not when an outage kept its worker from extending it or from giving the unit back. What
-- nobody will run again becomes void: a unit given up, a segment of an import that is being closed or gone.
WITH held AS (
    SELECT import_uid, segment, attempts + ($6::boolean OR ($9::boolean AND lease_until < now()))::integer AS attempts,
        segment >= 0 AND (
            SELECT count(*)
            FROM import
            WHERE import.organization_id = $1 AND import.uid = unit.import_uid AND import.closing IS NULL
        ) = 0 AS is_needless
    FROM unit
    WHERE organization_id = $1 AND import_uid = $2 AND segment = $3 AND state = 'leased' AND lease_token = $4
    FOR UPDATE
)
UPDATE unit
SET state = CASE WHEN held.is_needless OR held.attempts >= $7 THEN 'void' ELSE 'ready' END,
    ready_at = now() + $5,
    attempts = held.attempts,
    last_error = $8,
    lease_token = NULL,
    lease_until = NULL
FROM held
WHERE unit.organization_id = $1 AND unit.import_uid = held.import_uid AND unit.segment = held.segment
RETURNING unit.import_uid::text AS import_uid, unit.segment, unit.attempts, unit.worker,
    unit.state = 'void' AND NOT held.is_needless AS given_up;
