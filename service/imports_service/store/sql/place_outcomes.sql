-- Say where in the import's object the outcomes of some segments are, and let go of them here.
--
-- $1 organization_id text, $2 import_uid uuid, $3 first segment integer, $4 last segment integer, $5 segments,
-- $6 places, $7 sizes of outcomes, $8 sizes of issues (NULL: no issues; all text[])  ->  nothing
--
-- Locks rows that nobody changes but the import's deletion, under the import's lock. The first and the last keep it from
-- comparing thousands of segments with each other on a table that was never analysed.
UPDATE outcome
SET outcomes = '',
    issues = NULL,
    summary = NULL,
    place = moved.place::bigint,
    outcomes_size = moved.outcomes_size::integer,
    issues_size = moved.issues_size::integer
FROM unnest($5::text[], $6::text[], $7::text[], $8::text[]) AS moved (segment, place, outcomes_size, issues_size)
WHERE outcome.organization_id = $1
    AND outcome.import_uid = $2
    AND outcome.segment BETWEEN $3 AND $4
    AND outcome.segment = moved.segment::integer
    AND outcome.place IS NULL;
