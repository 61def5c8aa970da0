-- Say that the events of an organization from before a time may be gone, if it has not been said.
--
-- $1 organization_id text, $2 before timestamptz  ->  nothing
--
-- Locks the clock. A floor never sinks.
UPDATE organization_clock
SET floor = old.seq
FROM (
    SELECT max(seq) AS seq
    FROM event
    WHERE organization_id = $1 AND occurred_at < $2
) AS old
WHERE organization_id = $1 AND floor < old.seq;
