-- The first schema. Every key begins with organization_id, so that every table can be distributed by it.
--
--   import                one row per import; its counters are the progress that watchers see
--   creation_request      which request id made which import
--   unit                  the lease table: the segments of an import, and its closing
--   lane                  one row per organization: whose turn it is
--   outcome               what became of the rows of one segment
--   import_report         the logs and the summary of an ended import
--   resource              the environments of all organizations
--   organization_clock    numbers the events of an organization in commit order
--   event                 what watchers are told; refers to nothing and outlives its import
--   upload                owns objects before their import exists
--   object_trash          owns objects after their import is gone
--
-- One statement ends with a semicolon at the end of a line, and nothing else does.

CREATE TABLE import (
    organization_id text COLLATE "C" NOT NULL,
    uid uuid NOT NULL,
    import_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    etag text NOT NULL,
    resource_type text NOT NULL,
    spec jsonb NOT NULL,
    reference text,
    creator text NOT NULL,
    trace_context text,
    validate_only boolean NOT NULL DEFAULT false,
    after text[] NOT NULL DEFAULT '{}',
    retry_of text,
    status text NOT NULL DEFAULT 'pending',
    closing text,
    in_order boolean NOT NULL,
    turn bigint NOT NULL,
    inputs_size bigint NOT NULL,
    segments_left integer NOT NULL,
    created_count bigint NOT NULL DEFAULT 0,
    updated_count bigint NOT NULL DEFAULT 0,
    unchanged_count bigint NOT NULL DEFAULT 0,
    errors_count bigint NOT NULL DEFAULT 0,
    warnings_count bigint NOT NULL DEFAULT 0,
    not_processed_count bigint NOT NULL DEFAULT 0,
    attachment text,
    failed_inputs text,
    files_swept boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    interrupted_at timestamptz,
    interrupt_requested_at timestamptz,
    expires_at timestamptz,
    PRIMARY KEY (organization_id, uid),
    CONSTRAINT status_is_known CHECK (status IN ('pending', 'in_progress', 'completed', 'interrupted')),
    CONSTRAINT closing_is_known CHECK (closing IN ('completed', 'requested', 'too_many_errors', 'fault')),
    CONSTRAINT ended_means_closed CHECK (status IN ('pending', 'in_progress') OR closing IS NOT NULL),
    CONSTRAINT ended_rows_add_up CHECK (
        status IN ('pending', 'in_progress')
        OR created_count + updated_count + unchanged_count + errors_count + not_processed_count = inputs_size
    ),
    CONSTRAINT rows_never_exceed_inputs CHECK (
        created_count + updated_count + unchanged_count + errors_count <= inputs_size
    )
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);

CREATE UNIQUE INDEX import_by_id ON import (organization_id, import_id);

CREATE INDEX import_by_time ON import (organization_id, created_at, uid);

CREATE INDEX import_by_size ON import (organization_id, inputs_size, uid);

CREATE INDEX import_unfinished ON import (organization_id, status) WHERE status IN ('pending', 'in_progress');

CREATE INDEX import_expiring ON import (expires_at) WHERE expires_at IS NOT NULL;

CREATE INDEX import_unswept ON import (coalesce(completed_at, interrupted_at))
    WHERE status IN ('completed', 'interrupted') AND NOT files_swept;

CREATE TABLE creation_request (
    organization_id text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    content_sha256 bytea NOT NULL,
    document_sha256 bytea,
    import_uid uuid NOT NULL,
    import_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, request_id)
);

CREATE INDEX creation_request_by_time ON creation_request (created_at);

-- segment counts from 0; the closing has segment -1. state: waiting (for the segment before it), ready, leased,
-- done, void (the import ended without it).
CREATE TABLE unit (
    organization_id text COLLATE "C" NOT NULL,
    import_uid uuid NOT NULL,
    segment integer NOT NULL,
    first_row bigint NOT NULL,
    row_count integer NOT NULL,
    turn bigint NOT NULL,
    state text NOT NULL,
    ready_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    lease_token uuid,
    lease_until timestamptz,
    worker text,
    last_error text,
    done_at timestamptz,
    PRIMARY KEY (organization_id, import_uid, segment),
    CONSTRAINT state_is_known CHECK (state IN ('waiting', 'ready', 'leased', 'done', 'void')),
    CONSTRAINT leased_means_held CHECK (
        (state = 'leased') = (lease_until IS NOT NULL) AND (state <> 'leased' OR lease_token IS NOT NULL)
    )
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);

CREATE INDEX unit_ready ON unit (organization_id, turn, import_uid, segment) WHERE state = 'ready';

CREATE INDEX unit_leased ON unit (lease_until) WHERE state = 'leased';

CREATE INDEX unit_held ON unit (organization_id, lease_token) WHERE state = 'leased';

CREATE TABLE lane (
    organization_id text COLLATE "C" NOT NULL PRIMARY KEY,
    turn bigint NOT NULL,
    wake_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

CREATE INDEX lane_awake ON lane (turn) WHERE wake_at < 'infinity';

CREATE INDEX lane_by_turn ON lane (turn);

-- outcomes: one byte a row, the ids and the keys, compressed; issues: each distinct one once, and which rows have
-- them, compressed; summary: per severity, code and attribute the count, the first rows and a sample.
CREATE TABLE outcome (
    organization_id text COLLATE "C" NOT NULL,
    import_uid uuid NOT NULL,
    segment integer NOT NULL,
    created_count integer NOT NULL,
    updated_count integer NOT NULL,
    unchanged_count integer NOT NULL,
    errors_count integer NOT NULL,
    warnings_count integer NOT NULL,
    outcomes bytea NOT NULL,
    issues bytea,
    summary bytea,
    PRIMARY KEY (organization_id, import_uid, segment)
);

ALTER TABLE outcome ALTER COLUMN outcomes SET STORAGE EXTERNAL;

ALTER TABLE outcome ALTER COLUMN issues SET STORAGE EXTERNAL;

CREATE INDEX outcome_with_issues ON outcome (organization_id, import_uid, segment) WHERE issues IS NOT NULL;

CREATE TABLE import_report (
    organization_id text COLLATE "C" NOT NULL,
    import_uid uuid NOT NULL,
    report bytea NOT NULL,
    PRIMARY KEY (organization_id, import_uid)
);

-- attributes: the settable attributes and the to-one references under their input keys (shipping_category_id).
-- The index on key is partial on purpose: a full one ties with the primary key in the planner on a table that was
-- never analysed, and a look-up by id then reads the whole organization. No other index may begin with
-- (organization_id, resource_type).
CREATE TABLE resource (
    organization_id text COLLATE "C" NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    owner_id text COLLATE "C",
    attributes jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_import text NOT NULL,
    PRIMARY KEY (organization_id, resource_type, id)
) WITH (fillfactor = 90);

CREATE UNIQUE INDEX resource_by_key ON resource (organization_id, resource_type, key) WHERE key IS NOT NULL;

CREATE INDEX resource_by_owner ON resource (organization_id, owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE organization_clock (
    organization_id text COLLATE "C" NOT NULL PRIMARY KEY,
    seq bigint NOT NULL,
    floor bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

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
    PRIMARY KEY (organization_id, seq),
    CONSTRAINT kind_is_known CHECK (kind IN ('snapshot', 'transition', 'deleted'))
);

CREATE INDEX event_by_import ON event (organization_id, import_uid, seq);

CREATE INDEX event_by_time ON event (occurred_at);

CREATE TABLE upload (
    organization_id text COLLATE "C" NOT NULL,
    uid uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    PRIMARY KEY (organization_id, uid)
);

CREATE INDEX upload_by_lease ON upload (lease_until);

-- swept counts the passes that found the prefix and emptied it; the row goes after the second.
CREATE TABLE object_trash (
    organization_id text COLLATE "C" NOT NULL,
    import_uid uuid NOT NULL,
    prefix text NOT NULL,
    not_before timestamptz NOT NULL,
    swept integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, import_uid)
);

CREATE INDEX object_trash_by_time ON object_trash (not_before);
