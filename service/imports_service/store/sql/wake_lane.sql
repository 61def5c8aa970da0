-- Say that an organization has a unit ready.
--
-- $1 organization_id text  ->  nothing
--
-- Locks the lane, therefore in a transaction of its own after the commit that made the unit ready. Without a condition
-- on wake_at: one that the lane does not meet now would not wait for the claim that is just putting it to rest.
UPDATE lane
SET wake_at = now()
WHERE organization_id = $1;
