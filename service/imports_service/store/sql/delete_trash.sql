-- Forget a prefix that was emptied three times.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- Locks the row.
DELETE FROM object_trash
WHERE organization_id = $1 AND import_uid = $2 AND swept > 1;
