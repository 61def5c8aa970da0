-- Have the objects under a prefix deleted, not before a while has passed.
--
-- $1 organization_id text, $2 import_uid uuid, $3 prefix text, $4 delay interval  ->  nothing
--
-- Locks the row if there is one. The delay lets writers with an old lease come to their end; what is thrown away again
-- is swept from the start.
INSERT INTO object_trash (organization_id, import_uid, prefix, not_before)
VALUES ($1, $2, $3, now() + $4)
ON CONFLICT (organization_id, import_uid) DO UPDATE
SET not_before = excluded.not_before, swept = 0;
