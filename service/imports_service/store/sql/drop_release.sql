-- Look at an organization without imports that wait for others no more, until one is created.
--
-- $1 organization_id text  ->  nothing
--
-- The claim holds the lane's row already.
UPDATE lane
SET release_at = 'infinity'
WHERE organization_id = $1;
