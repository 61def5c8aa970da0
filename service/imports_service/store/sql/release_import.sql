-- Note that an import waits for no other any more.
--
-- $1 organization_id text, $2 uid uuid, $3 turns bigint (by which its turn comes later than was said at the creation)
-- ->  zero or one row: uid text; none when it does not wait, or is gone
--
-- Locks the import's row, after its segments. It is progress, which no event records.
UPDATE import
SET after = '{}', turn = turn + $3, version = version + 1
WHERE organization_id = $1 AND uid = $2 AND status = 'pending' AND closing IS NULL AND after <> '{}'
RETURNING uid::text AS uid;
