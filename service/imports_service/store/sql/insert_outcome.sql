-- Store what became of the rows of one segment.
--
-- $1 organization_id text, $2 import_uid uuid, $3 segment integer, $4 created, $5 updated, $6 unchanged, $7 failed,
-- $8 with warnings (all integer), $9 outcomes bytea, $10 issues bytea, $11 summary bytea  ->  nothing
--
-- Locks nothing that exists.
INSERT INTO outcome (
    organization_id, import_uid, segment, created_count, updated_count, unchanged_count, errors_count, warnings_count,
    outcomes, issues, summary
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
