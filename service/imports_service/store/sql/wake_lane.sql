-- Say that an organization has a unit ready.
--
-- $1 organization_id text  ->  nothing
--
-- Locks the lane, therefore in a transaction of its own after the commit that made the unit ready. Whether the lane rests
-- is no condition: one that it does not meet now would not wait for the claim that is just putting it to rest. A lane
-- asleep has no unfinished import; it is left to creation, which knows its turn.
UPDATE lane
SET wake_at = now()
WHERE organization_id = $1 AND wake_at < 'infinity';
