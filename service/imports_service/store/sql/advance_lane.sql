-- Move an organization's turn on by the rows that were given to a worker.
--
-- $1 organization_id text, $2 turn bigint (that of the claim and the rows), $3 unit_turn bigint (that of the unit)
-- ->  nothing
--
-- The claim holds the lane's row already. From now on the lane waits for its next unit.
UPDATE lane
SET turn = $2, unit_turn = $3, wake_at = now(), rests = false
WHERE organization_id = $1;
