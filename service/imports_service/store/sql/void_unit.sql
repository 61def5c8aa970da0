-- Give a unit up: nobody will run it again.
--
-- $1 organization_id text, $2 import_uid uuid, $3 segment integer  ->  nothing
--
-- Locks the unit, before the import's row.
UPDATE unit
SET state = 'void', lease_token = NULL, lease_until = NULL
WHERE organization_id = $1 AND import_uid = $2 AND segment = $3 AND state <> 'done';
