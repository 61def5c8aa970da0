-- Rehearsals: imports that only say what they would do.
--
--   rehearsal             one row per rehearsal whose overlay may not be empty; goes with the last of it
--   rehearsal_resource    the overlay: what the earlier rows of one rehearsal would have made of the environment
--
-- In the overlay is_removed says that the resource would be gone; such a row has neither key nor owner. Its indexes are
-- those of resource, and partial for the same reason. The one on key is not unique: what others import meanwhile can
-- give a resource the key of one that is only rehearsed, and a rehearsal must come to its end all the same.

CREATE TABLE rehearsal (
    organization_id text COLLATE "C" NOT NULL,
    import_uid uuid NOT NULL,
    PRIMARY KEY (organization_id, import_uid)
);

CREATE TABLE rehearsal_resource (
    organization_id text COLLATE "C" NOT NULL,
    import_uid uuid NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    owner_id text COLLATE "C",
    attributes jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    is_removed boolean NOT NULL,
    PRIMARY KEY (organization_id, import_uid, resource_type, id)
);

CREATE INDEX rehearsal_resource_by_key ON rehearsal_resource (organization_id, import_uid, resource_type, key)
    WHERE key IS NOT NULL;

CREATE INDEX rehearsal_resource_by_owner ON rehearsal_resource (organization_id, import_uid, owner_id)
    WHERE owner_id IS NOT NULL;
