-- Look at an organization without unfinished imports no more, until one is created.
--
-- $1 organization_id text  ->  nothing
--
-- The claim holds the lane's row already.
UPDATE lane
SET wake_at = 'infinity'
WHERE organization_id = $1;
