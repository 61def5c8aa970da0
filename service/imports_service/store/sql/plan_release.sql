-- Say when the imports of an organization that wait for others are looked at next.
--
-- $1 organization_id text, $2 delay interval  ->  nothing
--
-- The claim, or the creation, holds the lane's row already.
UPDATE lane
SET release_at = now() + $2
WHERE organization_id = $1;
