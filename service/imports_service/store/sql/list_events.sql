-- Read the events of an organization after a number, in order.
--
-- $1 organization_id text, $2 seq bigint, $3 limit bigint
-- ->  rows: seq bigint, kind text, previous_status text, previous_reference text,
--     occurred_at timestamptz, snapshot jsonb
--
-- Takes no lock.
SELECT seq, kind, previous_status, previous_reference, occurred_at, snapshot
FROM event
WHERE organization_id = $1 AND seq > $2
ORDER BY seq
LIMIT $3;
