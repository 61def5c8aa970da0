-- Retries, whose row numbers are those of the document first sent, and results by outcome.
--
-- last_row is the number of a segment's last row. The row numbers of a retry have gaps, so that the first number and
-- the count do not tell it. NULL (a closing, a segment stored by an earlier version): first_row + row_count - 1.

ALTER TABLE unit ADD COLUMN last_row bigint;

CREATE INDEX outcome_with_errors ON outcome (organization_id, import_uid, segment) WHERE errors_count > 0;
