-- Store a new import, pending.
--
-- $1 organization_id text, $2 uid uuid, $3 import_id text, $4 etag text, $5 resource_type text, $6 spec jsonb,
-- $7 reference text, $8 creator text, $9 trace_context text, $10 retry_of text, $11 in_order boolean, $12 turn bigint,
-- $13 inputs_size bigint, $14 segments_left integer, $15 validate_only boolean, $16 after text[]
-- ->  the import, or no row when the import_id is taken
--
-- Waits for another creation of the same import_id to commit or to roll back.
INSERT INTO import (
    organization_id, uid, import_id, etag, resource_type, spec, reference, creator, trace_context, retry_of, in_order,
    turn, inputs_size, segments_left, validate_only, after
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (organization_id, import_id) DO NOTHING
RETURNING
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after;
