-- Move an organization's turn on by the rows that were given to a worker.
--
-- $1 organization_id text, $2 rows bigint (at least 1)  ->  nothing
--
-- The claim holds the lane's row already.
UPDATE lane
SET turn = turn + $2
WHERE organization_id = $1;
