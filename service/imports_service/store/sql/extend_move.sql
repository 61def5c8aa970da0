-- Go on moving an import's outcomes, for another lease from now.
--
-- $1 organization_id text, $2 uid uuid, $3 token uuid, $4 lease interval
-- ->  the uid, or no row when somebody else has it or the import is gone
--
-- Locks the import's row: in a transaction nobody can take over, or delete the import, before its end.
UPDATE import
SET outcomes_lease_until = now() + $4::interval
WHERE organization_id = $1 AND uid = $2 AND outcomes_token = $3
RETURNING uid::text AS uid;
