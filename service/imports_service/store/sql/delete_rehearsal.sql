-- Forget a rehearsal whose overlay is empty.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- Locks the row, if nothing of the overlay is left.
DELETE FROM rehearsal
WHERE organization_id = $1
    AND import_uid = $2
    AND NOT EXISTS (
        SELECT 1
        FROM rehearsal_resource
        WHERE organization_id = $1 AND import_uid = $2
    );
