-- Keep the objects of an upload for another while.
--
-- $1 organization_id text, $2 uid uuid, $3 lease interval  ->  the uid, or no row when the sweep has taken it
--
-- Locks the upload's row.
UPDATE upload
SET lease_until = now() + $3
WHERE organization_id = $1 AND uid = $2
RETURNING uid::text AS uid;
