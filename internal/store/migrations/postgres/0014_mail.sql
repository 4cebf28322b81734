-- +goose Up
-- Mails that the platform owes, and those it has sent lately. An attempt moves due_at on before it is made, so that another node, or
-- the same one after a crash, makes the next. key is empty where the same mail may be owed twice.
CREATE TABLE mail (
  id          BIGINT PRIMARY KEY,
  service_id  BIGINT NOT NULL,
  kind        TEXT NOT NULL,
  key         TEXT NOT NULL,
  recipient   TEXT NOT NULL,
  reply_to    TEXT NOT NULL,
  in_reply_to TEXT NOT NULL,
  subject     TEXT NOT NULL,
  text        TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  attempts    BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  due_at      BIGINT NOT NULL,
  done_at     BIGINT NOT NULL,
  error       TEXT NOT NULL
);
CREATE UNIQUE INDEX mail_key ON mail (service_id, key) WHERE key <> '';
CREATE INDEX mail_due ON mail (due_at, id) WHERE state = 'waiting';

-- Where a rule forwards replies to, empty for nowhere.
ALTER TABLE keyword ADD COLUMN email TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE keyword DROP COLUMN email;
DROP TABLE mail;
