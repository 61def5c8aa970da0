-- Read the pending imports of an organization in the order in which they will have their turn.
--
-- $1 organization_id text  ->  rows: uid text
--
-- Takes no lock. Pending imports are bounded by the quota and have an index of their own. Those that wait for others
-- are before nobody: they come last.
SELECT uid::text AS uid
FROM import
WHERE organization_id = $1 AND status = 'pending'
ORDER BY after <> '{}', turn, uid;
