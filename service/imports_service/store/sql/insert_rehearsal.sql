-- Note that an import rehearses, and that its overlay is to be emptied after its end.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- Locks nothing that exists.
INSERT INTO rehearsal (organization_id, import_uid)
VALUES ($1, $2);
