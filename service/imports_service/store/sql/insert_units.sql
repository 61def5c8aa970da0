-- Store the segments of a new import.
--
-- $1 organization_id text, $2 import_uid uuid, $3 segments, $4 first rows, $5 last rows, $6 row counts, $7 turns,
-- $8 states (parallel text[])  ->  nothing
--
-- Locks nothing that exists. All arrays are text: the first array of another type costs a new connection half a
-- second on Citus.
INSERT INTO unit (organization_id, import_uid, segment, first_row, last_row, row_count, turn, state)
SELECT $1, $2, k.segment::integer, k.first_row::bigint, k.last_row::bigint, k.row_count::integer, k.turn::bigint, k.state
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS k (segment, first_row, last_row, row_count, turn, state);
