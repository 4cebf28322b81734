-- +goose Up
-- A list of receivers, which is never changed: a slot that gets another file gets another list, and a batch keeps the one it began
-- with. Its rows are in chunks of as many rows each, but for the last; package campaign knows how they are written.
CREATE TABLE list (
  id         BIGINT PRIMARY KEY,
  service_id BIGINT NOT NULL,
  columns    TEXT NOT NULL, -- names as JSON; empty names where the file had no header
  number     BIGINT NOT NULL, -- the column of the receivers
  records    BIGINT NOT NULL,
  complete   BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE list_chunk (
  list_id BIGINT NOT NULL REFERENCES list (id) ON DELETE CASCADE,
  n       BIGINT NOT NULL,
  rows    BYTEA NOT NULL,
  PRIMARY KEY (list_id, n)
);

CREATE TABLE slot (
  service_id  BIGINT NOT NULL,
  slot        BIGINT NOT NULL CHECK (slot BETWEEN 1 AND 9),
  description TEXT NOT NULL,
  url         TEXT NOT NULL, -- empty: the file is no longer to be had
  auto_update BOOLEAN NOT NULL,
  list_id     BIGINT NOT NULL REFERENCES list (id),
  updated_at  BIGINT NOT NULL,
  PRIMARY KEY (service_id, slot)
);
CREATE INDEX slot_list ON slot (list_id);

-- A batch sends a text to a list. next is the first row that has not been planned: it changes in the transaction that accepts the
-- messages of the rows before it. wake_at is when somebody has to look at it, 0 = never.
CREATE TABLE batch (
  id            BIGINT PRIMARY KEY,
  uuid          TEXT NOT NULL UNIQUE,
  service_id    BIGINT NOT NULL,
  credential_id BIGINT NOT NULL,
  query_id      TEXT NOT NULL,
  name          TEXT NOT NULL,
  text          TEXT NOT NULL,
  sender        TEXT NOT NULL,
  for_response  BOOLEAN NOT NULL,
  no_stop       BOOLEAN NOT NULL,
  class         TEXT NOT NULL,
  tag           TEXT NOT NULL,
  slot          BIGINT NOT NULL, -- 0: the receivers were given
  list_id       BIGINT NOT NULL REFERENCES list (id),
  settings      TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('PENDING', 'INSERTING', 'INSERTED', 'COMPLETED', 'TO_CANCEL', 'CANCELING', 'CANCELED', 'FAILED')),
  paused        BOOLEAN NOT NULL,
  reason        TEXT NOT NULL, -- of the pause or failure
  total         BIGINT NOT NULL,
  next          BIGINT NOT NULL CHECK (next >= 0),
  messages      BIGINT NOT NULL,
  errors        BIGINT NOT NULL,
  credits       BIGINT NOT NULL,
  estimate      BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  started_at    BIGINT NOT NULL,
  finished_at   BIGINT NOT NULL,
  due_at        BIGINT NOT NULL, -- as ordered, 0 = at once
  hold_until    BIGINT NOT NULL,
  canary_at     BIGINT NOT NULL, -- when the last message of the canary was accepted
  passed_at     BIGINT NOT NULL, -- when the canary had passed
  wake_at       BIGINT NOT NULL,
  hidden        BOOLEAN NOT NULL
);
CREATE INDEX batch_service ON batch (service_id, id);
CREATE INDEX batch_wake ON batch (wake_at) WHERE wake_at > 0;
CREATE INDEX batch_list ON batch (list_id);

CREATE TABLE batch_job (
  batch_id BIGINT NOT NULL,
  job_id   BIGINT NOT NULL,
  count    BIGINT NOT NULL,
  PRIMARY KEY (batch_id, job_id)
);
CREATE INDEX batch_job_job ON batch_job (job_id);

CREATE TABLE batch_error (
  batch_id BIGINT NOT NULL,
  n        BIGINT NOT NULL,
  line     BIGINT NOT NULL,
  receiver TEXT NOT NULL,
  reason   TEXT NOT NULL,
  message  TEXT NOT NULL,
  PRIMARY KEY (batch_id, n)
);

-- +goose Down
DROP TABLE batch_error;
DROP TABLE batch_job;
DROP TABLE batch;
DROP TABLE slot;
DROP TABLE list_chunk;
DROP TABLE list;
