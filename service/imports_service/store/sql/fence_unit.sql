-- Finish a unit under its lease, as the first statement of the transaction that does its work.
--
-- $1 organization_id text, $2 import_uid uuid, $3 segment integer, $4 lease_token uuid
-- ->  zero or one row: done_at timestamptz; no row means that the lease is lost, and the transaction must roll back
--
-- Locks the unit until the end of the transaction: nobody else can be given it meanwhile.
UPDATE unit
SET state = 'done', done_at = now(), lease_until = NULL
WHERE organization_id = $1 AND import_uid = $2 AND segment = $3 AND state = 'leased' AND lease_token = $4
RETURNING done_at;
