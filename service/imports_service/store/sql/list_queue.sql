-- Read the pending imports of an organization in the order in which they will have their turn.
--
-- $1 organization_id text  ->  rows: uid text
--
-- Takes no lock. Pending imports are bounded by the quota and have an index of their own.
SELECT uid::text AS uid
FROM import
WHERE organization_id = $1 AND status = 'pending'
ORDER BY turn, uid;
