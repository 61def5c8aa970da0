-- Find ended imports whose files have not been looked through for what a lost closing left behind.
--
-- $1 age interval (since the end), $2 limit bigint
-- ->  rows: organization_id text, uid text, attachment text, failed_inputs text
--
-- Takes no lock: it reads all organizations; looking through files twice does no harm.
SELECT organization_id, uid::text AS uid, attachment, failed_inputs
FROM import
WHERE status IN ('completed', 'interrupted')
    AND NOT files_swept
    AND coalesce(completed_at, interrupted_at) < now() - $1::interval
ORDER BY coalesce(completed_at, interrupted_at)
LIMIT $2;
