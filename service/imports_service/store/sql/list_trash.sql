-- Find prefixes whose time has come, longest due first.
--
-- $1 limit bigint  ->  rows: organization_id text, import_uid text, prefix text, swept integer
--
-- Takes no lock: sweeping a prefix twice at once does no harm.
SELECT organization_id, import_uid::text AS import_uid, prefix, swept
FROM object_trash
WHERE not_before <= now()
ORDER BY not_before
LIMIT $1;
