-- Say whether an upload still owns its objects.
--
-- $1 organization_id text, $2 uid uuid  ->  zero or one row: uid text
--
-- Takes no lock: one whose import is just being created is still there.
SELECT uid::text AS uid
FROM upload
WHERE organization_id = $1 AND uid = $2;
