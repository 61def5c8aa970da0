-- Delete some of a rehearsal's overlay.
--
-- $1 organization_id text, $2 import_uid uuid, $3 how many integer  ->  nothing; the tag says how many there were
--
-- SKIP LOCKED: several may empty one overlay at once. By ctid: a join reads all overlays on a table that was never
-- analysed.
DELETE FROM rehearsal_resource
WHERE organization_id = $1
    AND ctid = ANY (
        ARRAY(
            SELECT ctid
            FROM rehearsal_resource
            WHERE organization_id = $1 AND import_uid = $2
            LIMIT $3
            FOR UPDATE SKIP LOCKED
        )
    );
