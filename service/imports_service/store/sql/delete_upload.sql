-- Hand the objects of an upload over, in the transaction that creates the import.
--
-- $1 organization_id text, $2 uid uuid  ->  the uid, or no row when the sweep has taken it: then roll back
--
-- Locks the upload's row; a sweep that is taking it is waited for.
DELETE FROM upload
WHERE organization_id = $1 AND uid = $2
RETURNING uid::text AS uid;
