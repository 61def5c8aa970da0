-- Say that the events of an organization up to a number may be gone, if it has not been said.
--
-- $1 organization_id text, $2 floor bigint  ->  nothing
--
-- Locks the clock. A floor never sinks.
UPDATE organization_clock
SET floor = $2
WHERE organization_id = $1 AND floor < $2;
