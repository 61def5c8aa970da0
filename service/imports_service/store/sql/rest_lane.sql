-- Look at an organization with nothing to claim, or that runs as much as it may, again a little later.
--
-- $1 organization_id text, $2 rest interval  ->  nothing
--
-- The claim holds the lane's row already.
UPDATE lane
SET wake_at = now() + $2, rests = true
WHERE organization_id = $1;
