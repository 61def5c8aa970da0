-- Delete the units of an import that is being deleted, or is gone.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- SKIP LOCKED: a unit that is just being claimed stays, and goes with what is left of the import's objects. By ctid: a
-- join compares thousands of units with each other on a table that was never analysed.
DELETE FROM unit
WHERE organization_id = $1
    AND ctid = ANY (
        ARRAY(
            SELECT ctid
            FROM unit
            WHERE organization_id = $1 AND import_uid = $2
            FOR UPDATE SKIP LOCKED
        )
    );
