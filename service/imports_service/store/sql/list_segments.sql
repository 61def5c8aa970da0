-- Read the segments of an import, in order.
--
-- $1 organization_id text, $2 import_uid uuid, $3 first segment integer, $4 limit bigint
-- ->  rows: segment integer, first_row bigint, row_count integer, state text
--
-- Takes no lock.
SELECT segment, first_row, row_count, state
FROM unit
WHERE organization_id = $1 AND import_uid = $2 AND segment >= $3
ORDER BY segment
LIMIT $4;
