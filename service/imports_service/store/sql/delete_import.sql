-- Delete an import's row.
--
-- $1 organization_id text, $2 uid uuid  ->  the uid, or no row when it was gone
--
-- Locks the import's row; the caller has locked it already.
DELETE FROM import
WHERE organization_id = $1 AND uid = $2
RETURNING uid::text AS uid;
