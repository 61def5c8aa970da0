-- Read what became of the rows of an import's segments, in order.
--
-- $1 organization_id text, $2 import_uid uuid, $3 first segment integer, $4 limit bigint  ->  outcomes
--
-- Takes no lock. Of a segment whose outcomes have moved into the object store only the counts are here.
SELECT segment, created_count, updated_count, unchanged_count, errors_count, warnings_count, outcomes, issues, summary,
    place IS NOT NULL AS is_moved
FROM outcome
WHERE organization_id = $1 AND import_uid = $2 AND segment >= $3
ORDER BY segment
LIMIT $4;
