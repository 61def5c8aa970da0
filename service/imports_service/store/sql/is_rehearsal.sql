-- Say whether an import only rehearses.
--
-- $1 organization_id text, $2 uid uuid  ->  zero or one row: validate_only boolean
--
-- Takes no lock; it never changes.
SELECT validate_only
FROM import
WHERE organization_id = $1 AND uid = $2;
