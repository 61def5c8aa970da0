-- What a watch of an organization needs to judge an import before a change: the reference that it had. NULL where it
-- had none, and in events of older versions.

ALTER TABLE event ADD COLUMN previous_reference text;
