-- Make the segment that waited for this one ready.
--
-- $1 organization_id text, $2 import_uid uuid, $3 segment integer (the next one), $4 turn bigint (not before this one)
-- ->  nothing
--
-- Locks the next unit after this one, in the transaction of the fence.
UPDATE unit
SET state = 'ready', ready_at = now(), turn = greatest(turn, $4)
WHERE organization_id = $1 AND import_uid = $2 AND segment = $3 AND state = 'waiting';
