-- Events by time: a table that grows by time alone loses what is old a partition at a time.
--
--   event_before      what the table held so far, and what comes until partitions have been made ahead; goes like they do
--   event_<day>       from that day on; worker.partitions makes and drops them
--   event_default     what has no partition; its rows go one by one
--
-- The key has to hold the time now; that a number is given once only is the clock's doing. Both indexes are made anew,
-- the one by import after the key: where a table was never analysed they cost the same, and the last one made is taken.
-- No rows are copied. A table that is distributed already has to be undistributed before this, and distributed after.

ALTER TABLE event RENAME TO event_before;

ALTER TABLE event_before DROP CONSTRAINT event_pkey;

DROP INDEX event_by_import, event_by_time;

CREATE TABLE event (
    organization_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    import_uid uuid NOT NULL,
    import_id text NOT NULL,
    kind text NOT NULL,
    previous_status text,
    version bigint NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    snapshot jsonb NOT NULL,
    previous_reference text,
    PRIMARY KEY (organization_id, seq, occurred_at),
    CONSTRAINT kind_is_known CHECK (kind IN ('snapshot', 'transition', 'deleted'))
) PARTITION BY RANGE (occurred_at);

CREATE INDEX event_by_import ON event (organization_id, import_uid, seq);

ALTER TABLE event ATTACH PARTITION event_before
    FOR VALUES FROM (MINVALUE) TO (date_trunc('day', now(), 'UTC') + interval '2 days');

CREATE TABLE event_default PARTITION OF event DEFAULT;

CREATE INDEX event_default_by_time ON event_default (occurred_at);
