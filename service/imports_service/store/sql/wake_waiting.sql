-- Have the imports of an organization that wait for others looked at by the next claim.
--
-- $1 organization_id text  ->  nothing
--
-- Locks the lane, therefore in a transaction of its own after the commit that ended or removed what is waited for. A
-- lane asleep has no unfinished import, and so none that waits.
UPDATE lane
SET wake_at = least(wake_at, now()), release_at = now()
WHERE organization_id = $1 AND wake_at < 'infinity';
