-- +goose Up
-- How the messages of a job are counted: -1 = not at all, since there were no counters then; 0 = without its tag, 1 = with it.
ALTER TABLE job ADD COLUMN tally INTEGER NOT NULL DEFAULT -1 CHECK (tally BETWEEN -1 AND 1);
DROP INDEX job_tag;
CREATE INDEX job_tag ON job (service_id, tag, tally, id);

-- How many messages stand where. Each counts under the tag '', and again under its own tag if that is counted. The day is that of
-- the job in Europe/Paris, as 20261123. value is the PTT of messages that failed, expired or were refused, and the class of
-- time of measure 'time' (sms.TimeClass). Writers that could wait for each other have slots of their own; the sum counts.
CREATE TABLE tally (
  service_id INTEGER NOT NULL,
  tag        TEXT NOT NULL,
  day        INTEGER NOT NULL,
  sender     TEXT NOT NULL,
  country    TEXT NOT NULL,
  carrier_id INTEGER NOT NULL,
  measure    TEXT NOT NULL CHECK (measure IN ('waiting', 'indoubt', 'sent', 'buffered', 'delivered', 'failed', 'expired', 'refused',
                                              'cancelled', 'optout', 'time')),
  value      INTEGER NOT NULL,
  slot       INTEGER NOT NULL,
  n          INTEGER NOT NULL,
  parts      INTEGER NOT NULL,
  credits    INTEGER NOT NULL,
  PRIMARY KEY (service_id, tag, day, sender, country, carrier_id, measure, value, slot)
) WITHOUT ROWID;

-- What orders would cost, for an hour. used_by is the job that was charged so, 0 = none yet.
CREATE TABLE quote (
  id         TEXT PRIMARY KEY,
  service_id INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  credits    INTEGER NOT NULL,
  messages   INTEGER NOT NULL,
  hash       BLOB NOT NULL, -- of what each receiver would get
  content    TEXT NOT NULL,
  used_by    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX quote_service ON quote (service_id, at);
CREATE INDEX quote_at ON quote (at);

-- +goose Down
DROP TABLE quote;
DROP TABLE tally;
DROP INDEX job_tag;
ALTER TABLE job DROP COLUMN tally;
CREATE INDEX job_tag ON job (service_id, tag, id);
