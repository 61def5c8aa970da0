-- Say where in the import's object the outcomes of some segments are, and let go of them here.
--
-- $1 organization_id text, $2 import_uid uuid, $3 first segment integer, $4 last segment integer, $5 segments integer[],
-- $6 places bigint[], $7 sizes of outcomes integer[], $8 sizes of issues integer[] (NULL: no issues)  ->  nothing
--
-- Locks rows that nobody changes but the import's deletion, under the import's lock. The first and the last keep it from
-- comparing thousands of segments with each other on a table that was never analysed.
UPDATE outcome
SET outcomes = '',
    issues = NULL,
    summary = NULL,
    place = moved.place,
    outcomes_size = moved.outcomes_size,
    issues_size = moved.issues_size
FROM unnest($5::integer[], $6::bigint[], $7::integer[], $8::integer[])
    AS moved (segment, place, outcomes_size, issues_size)
WHERE outcome.organization_id = $1
    AND outcome.import_uid = $2
    AND outcome.segment BETWEEN $3 AND $4
    AND outcome.segment = moved.segment
    AND outcome.place IS NULL;
