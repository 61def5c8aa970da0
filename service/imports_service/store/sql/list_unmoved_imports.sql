-- Find ended imports whose outcomes are not in the object store yet, and which nobody is moving.
--
-- $1 age interval (since the end), $2 limit bigint  ->  rows: organization_id text, uid text
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used.
SELECT organization_id, uid::text AS uid
FROM import
WHERE status IN ('completed', 'interrupted')
    AND NOT outcomes_moved
    AND coalesce(completed_at, interrupted_at) < now() - $1::interval
    AND coalesce(outcomes_lease_until, '-infinity') < now()
ORDER BY coalesce(completed_at, interrupted_at)
LIMIT $2;
