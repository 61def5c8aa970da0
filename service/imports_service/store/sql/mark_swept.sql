-- Note that a prefix was emptied, and look once more later.
--
-- $1 organization_id text, $2 import_uid uuid, $3 delay interval  ->  nothing
--
-- Locks the row.
UPDATE object_trash
SET swept = swept + 1, not_before = now() + $3
WHERE organization_id = $1 AND import_uid = $2;
