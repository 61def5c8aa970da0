-- Find rehearsals that have ended or are gone, and whose overlay may not be empty.
--
-- $1 limit bigint  ->  rows: organization_id text, import_uid text
--
-- Takes no lock: it reads all organizations, and emptying an overlay twice at once does no harm.
SELECT rehearsal.organization_id, rehearsal.import_uid::text AS import_uid
FROM rehearsal
WHERE NOT EXISTS (
    SELECT 1
    FROM import
    WHERE import.organization_id = rehearsal.organization_id
        AND import.uid = rehearsal.import_uid
        AND import.status IN ('pending', 'in_progress')
)
LIMIT $1;
