-- Find the uids of imports by the ids that callers know.
--
-- $1 organization_id text, $2 import_ids text[]  ->  rows: import_id text, uid text; none for an id that is not taken
--
-- Takes no lock.
SELECT found.import_id, found.uid
FROM unnest($2::text[]) AS wanted (import_id)
CROSS JOIN LATERAL (
    SELECT import.import_id, import.uid::text AS uid
    FROM import
    WHERE organization_id = $1 AND import.import_id = wanted.import_id
    LIMIT 1
) AS found;
