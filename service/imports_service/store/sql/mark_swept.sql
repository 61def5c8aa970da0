-- Note that a prefix was emptied, and look once more later.
--
-- $1 organization_id text, $2 import_uid uuid, $3 swept integer (how often it had been), $4 delay interval  ->  nothing
--
-- Locks the row. Of two who have emptied it at once one counts; what was thrown away again meanwhile does not.
UPDATE object_trash
SET swept = swept + 1, not_before = now() + $4
WHERE organization_id = $1 AND import_uid = $2 AND swept = $3;
