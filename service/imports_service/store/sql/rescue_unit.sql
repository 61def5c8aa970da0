-- Take back one unit of an organization whose lease has run out, and count the attempt.
--
-- $1 organization_id text, $2 delay interval, $3 attempts allowed integer  ->  zero or one unit; given_up says that it
-- was the last attempt, and that the transaction must say how the import ends
--
-- SKIP LOCKED: a locked unit is being finished, or its worker is frozen. One at a time, because giving up locks the
-- import and the clock, and no transaction may lock a second import after the clock. What nobody will run again
-- becomes void: a unit given up, a segment of an import that is being closed or gone.
WITH lapsed AS (
    SELECT import_uid, segment, attempts + 1 AS attempts,
        segment >= 0 AND (
            SELECT count(*)
            FROM import
            WHERE import.organization_id = $1 AND import.uid = unit.import_uid AND import.closing IS NULL
        ) = 0 AS is_needless
    FROM unit
    WHERE organization_id = $1 AND state = 'leased' AND lease_until < now()
    ORDER BY lease_until
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE unit
SET state = CASE WHEN lapsed.is_needless OR lapsed.attempts >= $3 THEN 'void' ELSE 'ready' END,
    ready_at = now() + $2,
    attempts = lapsed.attempts,
    last_error = 'the lease ran out',
    lease_token = NULL,
    lease_until = NULL
FROM lapsed
WHERE unit.organization_id = $1 AND unit.import_uid = lapsed.import_uid AND unit.segment = lapsed.segment
RETURNING unit.import_uid::text AS import_uid, unit.segment, unit.attempts, unit.worker,
    unit.state = 'void' AND NOT lapsed.is_needless AS given_up;
