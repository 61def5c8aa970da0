-- Outcomes move into the object store after the end of their import, one object an import.
--
-- place: where in the object the segment's outcomes begin; its issues follow them. NULL: they are in this row. Of a row
-- that has moved, outcomes is empty (which no release can read, so that none shows it as rows without an outcome), issues
-- and summary are NULL, and the sizes say how many bytes there are (issues_size NULL: no issues). The counts stay.
--
-- outcomes_token, outcomes_lease_until: who is moving the outcomes, and until when nobody else will.

ALTER TABLE outcome
    ADD COLUMN place bigint,
    ADD COLUMN outcomes_size integer,
    ADD COLUMN issues_size integer;

ALTER TABLE import
    ADD COLUMN outcomes_moved boolean NOT NULL DEFAULT false,
    ADD COLUMN outcomes_token uuid,
    ADD COLUMN outcomes_lease_until timestamptz;

CREATE INDEX import_unmoved ON import (coalesce(completed_at, interrupted_at))
    WHERE status IN ('completed', 'interrupted') AND NOT outcomes_moved;
