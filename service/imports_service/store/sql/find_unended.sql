-- Find those of some imports that have not ended; one that is gone has.
--
-- $1 organization_id text, $2 uids text[]  ->  rows: uid text
--
-- Takes no lock: what ends meanwhile is found by the first look at the import that waits for it. The status is judged
-- outside on purpose: inside, all unfinished imports are read for each on a table that was never analysed.
SELECT found.uid
FROM unnest($2::text[]) AS wanted (uid)
CROSS JOIN LATERAL (
    SELECT import.uid::text AS uid, status
    FROM import
    WHERE organization_id = $1 AND import.uid = wanted.uid::uuid
    LIMIT 1
) AS found
WHERE found.status IN ('pending', 'in_progress');
