-- Record an event under the number that the clock has just given.
--
-- $1 organization_id text, $2 seq bigint, $3 import_uid uuid, $4 import_id text, $5 kind text, $6 previous_status text,
-- $7 version bigint, $8 snapshot jsonb, $9 previous_reference text  ->  nothing
--
-- Locks nothing that exists.
INSERT INTO event (organization_id, seq, import_uid, import_id, kind, previous_status, version, snapshot, previous_reference)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
