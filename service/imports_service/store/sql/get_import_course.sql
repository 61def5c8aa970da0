-- Say whether the segments of an import run one after the other, and how many are left to run.
--
-- $1 organization_id text, $2 uid uuid  ->  zero or one row: in_order boolean, segments_left integer
--
-- Takes no lock. In order, the segments left are the one that is ready and all after it.
SELECT in_order, segments_left
FROM import
WHERE organization_id = $1 AND uid = $2;
