-- Say how large the outcomes of an import's segments are, and which have moved, in order.
--
-- $1 organization_id text, $2 import_uid uuid
-- ->  rows: segment integer, outcomes_size integer, issues_size integer (NULL: no issues), is_moved boolean
--
-- Takes no lock, and reads none of the outcomes.
SELECT
    segment,
    coalesce(outcomes_size, octet_length(outcomes)) AS outcomes_size,
    coalesce(issues_size, octet_length(issues)) AS issues_size,
    place IS NOT NULL AS is_moved
FROM outcome
WHERE organization_id = $1 AND import_uid = $2
ORDER BY segment;
