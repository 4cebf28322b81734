-- +goose Up
-- A list of receivers, which is never changed: a slot that gets another file gets another list, and a batch keeps the one it began
-- with. Its rows are in chunks of as many rows each, but for the last; package campaign knows how they are written.
CREATE TABLE list (
  id         INTEGER PRIMARY KEY,
  service_id INTEGER NOT NULL,
  columns    TEXT NOT NULL, -- names as JSON; empty names where the file had no header
  number     INTEGER NOT NULL, -- the column of the receivers
  records    INTEGER NOT NULL,
  complete   BOOLEAN NOT NULL,
  created_at INTEGER NOT NULL
);

CREATE TABLE list_chunk (
  list_id INTEGER NOT NULL REFERENCES list (id) ON DELETE CASCADE,
  n       INTEGER NOT NULL,
  rows    BLOB NOT NULL,
  PRIMARY KEY (list_id, n)
);

CREATE TABLE slot (
  service_id  INTEGER NOT NULL,
  slot        INTEGER NOT NULL CHECK (slot BETWEEN 1 AND 9),
  description TEXT NOT NULL,
  url         TEXT NOT NULL, -- empty: the file is no longer to be had
  auto_update BOOLEAN NOT NULL,
  list_id     INTEGER NOT NULL REFERENCES list (id),
  updated_at  INTEGER NOT NULL,
  PRIMARY KEY (service_id, slot)
) WITHOUT ROWID;
CREATE INDEX slot_list ON slot (list_id);

-- A batch sends a text to a list. next is the first row that has not been planned: it changes in the transaction that accepts the
-- messages of the rows before it. wake_at is when somebody has to look at it, 0 = never.
CREATE TABLE batch (
  id            INTEGER PRIMARY KEY,
  uuid          TEXT NOT NULL UNIQUE,
  service_id    INTEGER NOT NULL,
  credential_id INTEGER NOT NULL,
  query_id      TEXT NOT NULL,
  name          TEXT NOT NULL,
  text          TEXT NOT NULL,
  sender        TEXT NOT NULL,
  for_response  BOOLEAN NOT NULL,
  no_stop       BOOLEAN NOT NULL,
  class         TEXT NOT NULL,
  tag           TEXT NOT NULL,
  slot          INTEGER NOT NULL, -- 0: the receivers were given
  list_id       INTEGER NOT NULL REFERENCES list (id),
  settings      TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('PENDING', 'INSERTING', 'INSERTED', 'COMPLETED', 'TO_CANCEL', 'CANCELING', 'CANCELED', 'FAILED')),
  paused        BOOLEAN NOT NULL,
  reason        TEXT NOT NULL, -- of the pause or failure
  total         INTEGER NOT NULL,
  next          INTEGER NOT NULL CHECK (next >= 0),
  messages      INTEGER NOT NULL,
  errors        INTEGER NOT NULL,
  credits       INTEGER NOT NULL,
  estimate      INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  started_at    INTEGER NOT NULL,
  finished_at   INTEGER NOT NULL,
  due_at        INTEGER NOT NULL, -- as ordered, 0 = at once
  hold_until    INTEGER NOT NULL,
  canary_at     INTEGER NOT NULL, -- when the last message of the canary was accepted
  passed_at     INTEGER NOT NULL, -- when the canary had passed
  wake_at       INTEGER NOT NULL,
  hidden        BOOLEAN NOT NULL
);
CREATE INDEX batch_service ON batch (service_id, id);
CREATE INDEX batch_wake ON batch (wake_at) WHERE wake_at > 0;
CREATE INDEX batch_list ON batch (list_id);

CREATE TABLE batch_job (
  batch_id INTEGER NOT NULL,
  job_id   INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (batch_id, job_id)
) WITHOUT ROWID;
CREATE INDEX batch_job_job ON batch_job (job_id);

CREATE TABLE batch_error (
  batch_id INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  line     INTEGER NOT NULL,
  receiver TEXT NOT NULL,
  reason   TEXT NOT NULL,
  message  TEXT NOT NULL,
  PRIMARY KEY (batch_id, n)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE batch_error;
DROP TABLE batch_job;
DROP TABLE batch;
DROP TABLE slot;
DROP TABLE list_chunk;
DROP TABLE list;
