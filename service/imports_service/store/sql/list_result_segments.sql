-- Find the next segments of an import with rows of certain outcomes, and read what became of their rows.
--
-- $1 organization_id text, $2 import_uid uuid, $3 first segment integer, $4 created, $5 updated, $6 unchanged,
-- $7 failed, $8 not finished (boolean: which are wanted), $9 enough rows, $10 enough bytes, $11 limit (bigint)
-- ->  rows: segment integer, first_row bigint, last_row bigint, row_count integer (of a segment that is not finished,
--     else NULL), outcomes bytea, issues bytea, place bigint (where in the import's object they are; NULL: they are given
--     here), outcomes_size integer, issues_size integer (NULL: no issues), has_more boolean; one row of NULL when there
--     are none, and no row when the import is gone
--
-- Takes no lock. A branch that is not wanted reads nothing; failed rows have an index of their own, so that a clean
-- import of thousands of segments costs one look. Ends with the segment that makes it enough; rows of the first one do
-- not count, as some of them may have been read before. No outcomes are read but those that are given.
WITH found AS (
    (
        SELECT segment, NULL::bigint AS first_row, NULL::bigint AS last_row, NULL::integer AS row_count, outcomes, issues,
            place, coalesce(outcomes_size, octet_length(outcomes)) AS outcomes_size,
            coalesce(issues_size, octet_length(issues)) AS issues_size,
            CASE WHEN $4 THEN created_count ELSE 0 END + CASE WHEN $5 THEN updated_count ELSE 0 END
                + CASE WHEN $6 THEN unchanged_count ELSE 0 END + errors_count AS matches
        FROM outcome
        WHERE organization_id = $1 AND import_uid = $2 AND segment >= $3 AND $7::boolean AND errors_count > 0
        ORDER BY segment
        LIMIT $11 + 1
    )
    UNION ALL
    (
        SELECT segment, NULL, NULL, NULL, outcomes, issues,
            place, coalesce(outcomes_size, octet_length(outcomes)), coalesce(issues_size, octet_length(issues)),
            CASE WHEN $4 THEN created_count ELSE 0 END + CASE WHEN $5 THEN updated_count ELSE 0 END
                + CASE WHEN $6 THEN unchanged_count ELSE 0 END
        FROM outcome
        WHERE organization_id = $1 AND import_uid = $2 AND segment >= $3
            AND (
                $4::boolean AND created_count > 0
                OR $5::boolean AND updated_count > 0
                OR $6::boolean AND unchanged_count > 0
            )
            AND NOT ($7 AND errors_count > 0)
        ORDER BY segment
        LIMIT $11 + 1
    )
    UNION ALL
    (
        SELECT segment, first_row, coalesce(last_row, first_row + row_count - 1), row_count, NULL, NULL,
            NULL, NULL, NULL, row_count
        FROM unit
        WHERE organization_id = $1 AND import_uid = $2 AND segment >= $3 AND $8::boolean AND state <> 'done'
        ORDER BY segment
        LIMIT $11 + 1
    )
),
counted AS (
    SELECT segment, first_row, last_row, row_count, outcomes, issues, place, outcomes_size, issues_size,
        coalesce(sum(CASE WHEN segment > $3 THEN matches ELSE 0 END) OVER before, 0) AS rows_before,
        coalesce(sum(outcomes_size + coalesce(issues_size, 0)) OVER before, 0) AS bytes_before,
        count(1) OVER before AS segments_before,
        count(1) OVER () AS segments
    FROM found
    WINDOW before AS (ORDER BY segment ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT segment, first_row, last_row, row_count, outcomes, issues, place, outcomes_size, issues_size,
    segments > count(segment) OVER () AS has_more
FROM import
LEFT JOIN counted ON rows_before < $9 AND bytes_before < $10 AND segments_before < $11
WHERE organization_id = $1 AND uid = $2
ORDER BY segment;
