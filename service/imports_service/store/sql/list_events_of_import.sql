-- Read the events of one import after a number, in order.
--
-- $1 organization_id text, $2 import_uid uuid, $3 seq bigint, $4 limit bigint
-- ->  rows: seq bigint, kind text, previous_status text, previous_reference text,
--     occurred_at timestamptz, snapshot jsonb
--
-- Takes no lock.
SELECT seq, kind, previous_status, previous_reference, occurred_at, snapshot
FROM event
WHERE organization_id = $1 AND import_uid = $2 AND seq > $3
ORDER BY seq
LIMIT $4;
