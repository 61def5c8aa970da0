-- Find the first segment of an import in which a row of this number, or a later one, stands.
--
-- $1 organization_id text, $2 import_uid uuid, $3 row number bigint  ->  zero or one row: segment integer
--
-- Takes no lock. Reads the import's own segments in order, up to the one that it finds.
SELECT segment
FROM unit
WHERE organization_id = $1
    AND import_uid = $2
    AND segment >= 0
    AND coalesce(last_row, first_row + row_count - 1) >= $3
ORDER BY segment
LIMIT 1;
