-- Strike out the segments of an import that will not be run, in the transaction that ends it.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- SKIP LOCKED: a locked segment is about to find out by itself. Locks segments before the import's row. By ctid: a join
-- compares thousands of segments with each other on a table that was never analysed.
UPDATE unit
SET state = 'void', lease_token = NULL, lease_until = NULL
WHERE organization_id = $1
    AND ctid = ANY (
        ARRAY(
            SELECT ctid
            FROM unit
            WHERE organization_id = $1
                AND import_uid = $2
                AND segment >= 0
                AND state IN ('waiting', 'ready', 'leased')
            FOR UPDATE SKIP LOCKED
        )
    );
