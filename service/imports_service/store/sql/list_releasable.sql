-- Find the imports of an organization that wait for others, all of which have ended or are gone.
--
-- $1 organization_id text, $2 limit bigint  ->  rows: uid text, in_order boolean, turn bigint
--
-- Takes no lock: what has ended stays so. Reads the imports that wait, and of what each waits for up to the first that
-- has not ended. The status is a scalar subquery on purpose: as a join imports are read whole on a table that was never
-- analysed. One that is being closed is not released: its closing waits for nothing.
SELECT uid::text AS uid, in_order, turn
FROM import AS waiting
WHERE organization_id = $1
    AND status = 'pending'
    AND after <> '{}'
    AND closing IS NULL
    AND NOT EXISTS (
        SELECT
        FROM unnest(waiting.after) AS awaited (uid)
        WHERE (
            SELECT status
            FROM import
            WHERE import.organization_id = $1 AND import.uid = awaited.uid::uuid
        ) IN ('pending', 'in_progress')
    )
ORDER BY turn, uid
LIMIT $2;
