-- Count the imports of an organization that wait to be started.
--
-- $1 organization_id text  ->  one row: pending bigint
--
-- Takes no lock. Creations of one organization pass its lane one by one, so the second count of a creation is exact.
SELECT count(*) AS pending
FROM import
WHERE organization_id = $1 AND status = 'pending';
