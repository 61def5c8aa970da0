-- Say whether the segments of an import run one after the other.
--
-- $1 organization_id text, $2 uid uuid  ->  zero or one row: in_order boolean
--
-- Takes no lock; it never changes.
SELECT in_order
FROM import
WHERE organization_id = $1 AND uid = $2;
