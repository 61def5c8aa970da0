-- Strike out the segments of an import that will not be run, in the transaction that ends it.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- SKIP LOCKED: a locked segment is about to find out by itself. Locks segments before the import's row.
WITH left_over AS (
    SELECT segment
    FROM unit
    WHERE organization_id = $1 AND import_uid = $2 AND segment >= 0 AND state IN ('waiting', 'ready', 'leased')
    FOR UPDATE SKIP LOCKED
)
UPDATE unit
SET state = 'void', lease_token = NULL, lease_until = NULL
FROM left_over
WHERE unit.organization_id = $1 AND unit.import_uid = $2 AND unit.segment = left_over.segment;
