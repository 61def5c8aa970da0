-- What makes turns fair also for organizations that do not wait all the time.
--
-- lane.rests: when a claim last looked there was nothing to give, or the organization ran as much as it may. Such a lane
-- is left out of the smallest turn of those that wait, and takes that turn itself when it wakes, if its own is smaller.
-- lane.unit_turn: the turn of the unit last given, by which the imports of one organization take turns among themselves;
-- lane.turn counts among organizations alone from here on.
--
-- wake_at orders lanes of the same turn: since when a lane waits. The last index finds the smallest turn of those that wait.

ALTER TABLE lane
    ADD COLUMN rests boolean NOT NULL DEFAULT false,
    ADD COLUMN unit_turn bigint NOT NULL DEFAULT 0;

DROP INDEX lane_awake;

CREATE INDEX lane_awake ON lane (turn, wake_at, organization_id) WHERE wake_at < 'infinity';

CREATE INDEX lane_waiting ON lane (turn) WHERE wake_at < 'infinity' AND NOT rests;
