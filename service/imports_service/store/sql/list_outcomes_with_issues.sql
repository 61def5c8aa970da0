-- Read what became of the rows of those segments in which there was something to say, in order.
--
-- $1 organization_id text, $2 import_uid uuid, $3 first segment integer, $4 limit bigint  ->  outcomes
--
-- Takes no lock. The partial index knows the segments; a clean import of thousands of them costs one look. None of an import whose
-- outcomes have moved into the object store: it has a report.
SELECT segment, created_count, updated_count, unchanged_count, errors_count, warnings_count, outcomes, issues, summary,
    place IS NOT NULL AS is_moved
FROM outcome
WHERE organization_id = $1 AND import_uid = $2 AND segment >= $3 AND issues IS NOT NULL
ORDER BY segment
LIMIT $4;
