-- Say until when there have been events that had no partition.
--
-- no parameters  ->  one row: occurred_at timestamptz (NULL: no such event is left)
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used.
SELECT max(occurred_at) AS occurred_at
FROM event_default;
