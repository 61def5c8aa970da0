-- Delete the events of an organization up to its floor that have no partition.
--
-- $1 organization_id text, $2 floor bigint  ->  nothing; the tag says how many there were
--
-- Locks rows that nobody changes, under the clock's lock.
DELETE FROM event_default
WHERE organization_id = $1 AND seq <= $2;
