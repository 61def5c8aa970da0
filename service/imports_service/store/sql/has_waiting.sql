-- Say whether an organization has imports that wait for others.
--
-- $1 organization_id text  ->  one row: waiting boolean
--
-- Takes no lock. A creation cannot slip in between: it waits for the lane that the claim holds.
SELECT EXISTS (
    SELECT FROM import WHERE organization_id = $1 AND status = 'pending' AND after <> '{}'
) AS waiting;
