-- Read an organization's clock.
--
-- $1 organization_id text  ->  zero or one row: seq bigint, floor bigint
--
-- Takes no lock.
SELECT seq, floor
FROM organization_clock
WHERE organization_id = $1;
