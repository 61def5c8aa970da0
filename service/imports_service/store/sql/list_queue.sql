-- Read the pending imports of an organization in the order in which they will have their turn.
--
-- $1 organization_id text  ->  rows: uid text, running bigint (how many segments of the organization are leased)
--
-- Takes no lock. Pending imports are bounded by the quota and have an index of their own. Those that wait for others
-- are before nobody: they come last. The count is the same in all rows, and made once.
SELECT
    uid::text AS uid,
    (SELECT count(*) FROM unit WHERE organization_id = $1 AND state = 'leased' AND segment >= 0) AS running
FROM import
WHERE organization_id = $1 AND status = 'pending'
ORDER BY after <> '{}', turn, uid;
