-- Send nudges to every process that listens.
--
-- $1 channel text, $2 payloads text[] (each below 8,000 bytes)  ->  one row per payload
--
-- Run outside any transaction: a commit that notifies takes one lock for the whole cluster, and holds it over the
-- flush to disk of whatever else it wrote.
SELECT pg_notify($1, payload)
FROM unnest($2::text[]) AS payload;
