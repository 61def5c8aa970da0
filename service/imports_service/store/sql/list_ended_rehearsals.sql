-- Find rehearsals that have ended or are gone, and whose overlay may not be empty.
--
-- $1 limit bigint  ->  rows: organization_id text, import_uid text
--
-- Takes no lock: it reads all organizations, and emptying an overlay twice at once does no harm. The sub-select keeps
-- the planner at one index look-up per rehearsal on a table that was never analysed.
SELECT rehearsal.organization_id, rehearsal.import_uid::text AS import_uid
FROM rehearsal
WHERE coalesce(
    (
        SELECT import.status
        FROM import
        WHERE import.organization_id = rehearsal.organization_id AND import.uid = rehearsal.import_uid
    ),
    'gone'
) NOT IN ('pending', 'in_progress')
LIMIT $1;
