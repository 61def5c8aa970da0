-- Have the objects under a prefix deleted, not before a while has passed.
--
-- $1 organization_id text, $2 import_uid uuid, $3 prefix text, $4 delay interval  ->  nothing
--
-- Locks nothing that exists. The delay lets writers with an old lease come to their end.
INSERT INTO object_trash (organization_id, import_uid, prefix, not_before)
VALUES ($1, $2, $3, now() + $4)
ON CONFLICT (organization_id, import_uid) DO NOTHING;
