-- Take on the moving of an ended import's outcomes, unless somebody else has it.
--
-- $1 organization_id text, $2 uid uuid, $3 token uuid, $4 lease interval
-- ->  zero or one row: was_begun boolean (somebody has begun before, and did not come to the end)
--
-- Locks the import's row; SKIP LOCKED: what is being changed or deleted can wait. Nobody can see it, so the version stays.
WITH free AS (
    SELECT organization_id, uid, outcomes_token IS NOT NULL AS was_begun
    FROM import
    WHERE organization_id = $1
        AND uid = $2
        AND status IN ('completed', 'interrupted')
        AND NOT outcomes_moved
        AND coalesce(outcomes_lease_until, '-infinity') < now()
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE import
SET outcomes_token = $3, outcomes_lease_until = now() + $4::interval
FROM free
WHERE import.organization_id = $1 AND import.uid = $2
RETURNING was_begun;
