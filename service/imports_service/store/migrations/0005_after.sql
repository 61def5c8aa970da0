-- Imports that wait for others (spec.after).
--
-- import.after holds the uids of what the import still waits for: ids are used again after a deletion, uids never. It
-- is emptied by the release, which makes the import's units ready; until then all of them are waiting. lane.release_at
-- is when the imports of the organization that wait are looked at next, infinity while there are none.

ALTER TABLE lane ADD COLUMN release_at timestamptz NOT NULL DEFAULT 'infinity';

CREATE INDEX import_waiting ON import (organization_id, turn) WHERE status = 'pending' AND after <> '{}';
