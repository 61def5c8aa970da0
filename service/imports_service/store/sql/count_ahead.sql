-- Count the pending imports of an organization that have their turn before one of them.
--
-- $1 organization_id text, $2 uid uuid  ->  one row: ahead bigint; 0 when the import is gone
--
-- Locks nothing. Pending imports are bounded by the quota and have an index of their own.
SELECT count(*) AS ahead
FROM import
WHERE organization_id = $1
    AND status = 'pending'
    AND (turn, uid) < (SELECT turn, uid FROM import WHERE organization_id = $1 AND uid = $2);
