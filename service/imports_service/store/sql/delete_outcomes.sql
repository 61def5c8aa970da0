-- Delete some outcomes of an import that is being deleted, or is gone.
--
-- $1 organization_id text, $2 import_uid uuid, $3 how many integer  ->  nothing; the tag says how many there were
--
-- Locks rows that nobody changes. By ctid: a join reads all outcomes on a table that was never analysed.
DELETE FROM outcome
WHERE organization_id = $1
    AND ctid = ANY (
        ARRAY(
            SELECT ctid
            FROM outcome
            WHERE organization_id = $1 AND import_uid = $2
            LIMIT $3
            FOR UPDATE SKIP LOCKED
        )
    );
