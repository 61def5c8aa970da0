-- Become the owner of the objects of an import that does not exist yet.
--
-- $1 organization_id text, $2 uid uuid, $3 lease interval  ->  nothing
--
-- Locks nothing that exists. To be committed before the first object is stored.
INSERT INTO upload (organization_id, uid, lease_until)
VALUES ($1, $2, now() + $3);
