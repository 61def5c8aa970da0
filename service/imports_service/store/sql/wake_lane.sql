-- Say that an organization has a unit ready.
--
-- $1 organization_id text  ->  nothing
--
-- Locks the lane, therefore in a transaction of its own after the commit that made the unit ready.
UPDATE lane
SET wake_at = now()
WHERE organization_id = $1 AND wake_at > now();
