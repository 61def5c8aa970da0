-- Take a lapsed upload, in the transaction that puts its objects into the trash.
--
-- $1 organization_id text, $2 uid uuid  ->  the uid, or no row when it was extended, handed over or taken
--
-- Locks the upload's row.
DELETE FROM upload
WHERE organization_id = $1 AND uid = $2 AND lease_until < now()
RETURNING uid::text AS uid;
