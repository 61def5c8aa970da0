-- Say whether an organization has an import that has not ended, and so a unit that is not done.
--
-- $1 organization_id text  ->  one row: unfinished boolean
--
-- Takes no lock. A creation cannot slip in between: it waits for the lane that the claim holds.
SELECT EXISTS (
    SELECT FROM import WHERE organization_id = $1 AND status IN ('pending', 'in_progress')
) AS unfinished;
