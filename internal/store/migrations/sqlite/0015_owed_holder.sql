-- +goose Up
-- The node that is telling a client over SMPP what it is owed; empty = none. After a crash a node knows by it what it had begun, and
-- need not wait until the time for that is over.
ALTER TABLE smpp_owed ADD COLUMN holder TEXT NOT NULL DEFAULT '';
CREATE INDEX smpp_owed_holder ON smpp_owed (holder) WHERE holder <> '';

-- +goose Down
DROP INDEX smpp_owed_holder;
ALTER TABLE smpp_owed DROP COLUMN holder;
