-- Say when the imports of an organization that wait for others are looked at next.
--
-- $1 organization_id text, $2 delay interval (NULL: not before somebody asks for it)  ->  nothing
--
-- The claim, or the creation, holds the lane's row already.
UPDATE lane
SET release_at = coalesce(now() + $2, 'infinity')
WHERE organization_id = $1;
