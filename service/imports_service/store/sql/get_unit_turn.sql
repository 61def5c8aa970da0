-- Read the turn of the unit that an organization was last given.
--
-- $1 organization_id text  ->  zero or one row: unit_turn bigint
--
-- Takes no lock: what it says may be a little old.
SELECT unit_turn
FROM lane
WHERE organization_id = $1;
