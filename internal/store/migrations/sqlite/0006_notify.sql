-- +goose Up
-- What customers are told, and how. An endpoint is where it goes: four times the id of a webhook or keyword rule; or of a
-- service, plus 0 for answers by SMS, 1 for callBack, 2 for stopCallBack, 3 for cgiUrl.

-- Addresses that get signed JSON, and the secrets that sign it, sealed. old_secret signs as well until old_until.
CREATE TABLE webhook (
  id          INTEGER PRIMARY KEY,
  service_id  INTEGER NOT NULL REFERENCES service (id),
  url         TEXT NOT NULL,
  description TEXT NOT NULL,
  events      TEXT NOT NULL, -- separated by commas, empty = all
  enabled     BOOLEAN NOT NULL,
  secret      BLOB NOT NULL,
  old_secret  BLOB NOT NULL,
  old_until   INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
);
CREATE INDEX webhook_service ON webhook (service_id, id);

-- What a reply that begins with a word leads to.
CREATE TABLE keyword (
  id          INTEGER PRIMARY KEY,
  service_id  INTEGER NOT NULL REFERENCES service (id),
  word        TEXT NOT NULL,
  description TEXT NOT NULL,
  answer      TEXT NOT NULL,
  url         TEXT NOT NULL,
  tag         TEXT NOT NULL,
  opt         TEXT NOT NULL CHECK (opt IN ('', 'in', 'out')),
  created_at  INTEGER NOT NULL,
  UNIQUE (service_id, word)
);

-- What an endpoint is owed, or got lately: a row for each, written in the transaction of what it tells.
CREATE TABLE delivery (
  id         INTEGER PRIMARY KEY,
  service_id INTEGER NOT NULL,
  endpoint   INTEGER NOT NULL,
  subject    INTEGER NOT NULL, -- the message that it is about: those of one are told in order
  event      TEXT NOT NULL,
  notice     TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  attempts   INTEGER NOT NULL,
  replays    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  done_at    INTEGER NOT NULL,
  log        TEXT NOT NULL -- of the attempts
);
CREATE INDEX delivery_due ON delivery (endpoint, due_at, id) WHERE state = 'waiting';
CREATE INDEX delivery_late ON delivery (endpoint, subject) WHERE state = 'waiting' AND attempts > 0;
CREATE INDEX delivery_service ON delivery (service_id, id);

-- Parts of incoming messages, kept until the others have come and a while longer, so that one that comes twice is known.
-- incoming_id is that of the whole message, 0 before.
CREATE TABLE incoming_part (
  id          INTEGER PRIMARY KEY,
  carrier_id  INTEGER NOT NULL,
  sender      TEXT NOT NULL,
  number      TEXT NOT NULL,
  ref         INTEGER NOT NULL,
  total       INTEGER NOT NULL,
  place       INTEGER NOT NULL,
  coding      INTEGER NOT NULL,
  octets      BLOB NOT NULL,
  incoming_id INTEGER NOT NULL,
  at          INTEGER NOT NULL
);
CREATE INDEX incoming_part_message ON incoming_part (carrier_id, sender, number, ref, total);
CREATE INDEX incoming_part_open ON incoming_part (at) WHERE incoming_id = 0;

ALTER TABLE incoming ADD COLUMN parts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE incoming ADD COLUMN credits INTEGER NOT NULL DEFAULT 0;
CREATE INDEX incoming_sender ON incoming (sender, id);

-- +goose Down
DROP INDEX incoming_sender;
ALTER TABLE incoming DROP COLUMN credits;
ALTER TABLE incoming DROP COLUMN parts;
DROP TABLE incoming_part;
DROP TABLE delivery;
DROP TABLE keyword;
DROP TABLE webhook;
