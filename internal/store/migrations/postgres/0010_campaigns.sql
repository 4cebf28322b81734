-- +goose Up
-- The batch that a job belongs to, 0 = none or older than this. counted tells that all of a batch's messages have counters.
ALTER TABLE job ADD COLUMN batch_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN counted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE batch ADD COLUMN quote_id TEXT NOT NULL DEFAULT '';

-- How many messages of a batch stand where: measure and value are those of tally, and 'handed' counts what was ever handed to an
-- operator. Writers that could wait for each other have slots of their own.
CREATE TABLE batch_tally (
  batch_id BIGINT NOT NULL,
  measure  TEXT NOT NULL CHECK (measure IN ('waiting', 'indoubt', 'sent', 'buffered', 'delivered', 'failed', 'expired', 'refused',
                                            'cancelled', 'optout', 'handed')),
  value    BIGINT NOT NULL,
  slot     BIGINT NOT NULL,
  n        BIGINT NOT NULL,
  credits  BIGINT NOT NULL,
  PRIMARY KEY (batch_id, measure, value, slot)
);

-- What batches would cost, for an hour. parts says it for each step: where it ends, its credits, messages and fingerprint.
CREATE TABLE batch_quote (
  id         TEXT PRIMARY KEY,
  service_id BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  request    BYTEA NOT NULL, -- hash of what was asked for
  list_id    BIGINT NOT NULL, -- 0: the receivers were given
  credits    BIGINT NOT NULL,
  content    TEXT NOT NULL,
  parts      TEXT NOT NULL,
  used_by    TEXT NOT NULL -- the batch that is charged so, empty = none yet
);
CREATE INDEX batch_quote_service ON batch_quote (service_id, at);
CREATE INDEX batch_quote_at ON batch_quote (at);

-- A list whose numbers are looked up before those that are of no use are taken out. The look-ups are paid when it is made; next is the
-- first row whose number was not asked for yet.
CREATE TABLE cleaning (
  task_id    BIGINT PRIMARY KEY,
  service_id BIGINT NOT NULL,
  user_id    BIGINT NOT NULL,
  slot       BIGINT NOT NULL,
  list_id    BIGINT NOT NULL REFERENCES list (id),
  questions  BIGINT NOT NULL, -- that were paid
  asked      BIGINT NOT NULL,
  next       BIGINT NOT NULL
);
CREATE INDEX cleaning_list ON cleaning (list_id);
ALTER TABLE hlr ADD COLUMN cleaning_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX hlr_cleaning ON hlr (cleaning_id, status, id) WHERE cleaning_id > 0;

-- +goose Down
DROP INDEX hlr_cleaning;
ALTER TABLE hlr DROP COLUMN cleaning_id;
DROP TABLE cleaning;
DROP TABLE batch_quote;
DROP TABLE batch_tally;
ALTER TABLE batch DROP COLUMN quote_id;
ALTER TABLE batch DROP COLUMN counted;
ALTER TABLE job DROP COLUMN batch_id;
