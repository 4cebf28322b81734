-- +goose Up
-- The ways in beside the API.

-- Users of a service, who send over http2sms with login and password. password_hash is what auth.HashPassword gives, quota_left
-- is in hundredths of a credit (NULL = no limit), ip_restrictions a JSON array of addresses and networks (empty = from anywhere).
CREATE TABLE sms_user (
  id              INTEGER PRIMARY KEY,
  service_id      INTEGER NOT NULL REFERENCES service (id),
  login           TEXT NOT NULL,
  password_hash   TEXT NOT NULL,
  quota_status    TEXT NOT NULL DEFAULT 'inactive' CHECK (quota_status IN ('active', 'inactive')),
  quota_left      INTEGER,
  ip_restrictions TEXT NOT NULL DEFAULT '[]',
  callback        TEXT NOT NULL DEFAULT '',
  stop_callback   TEXT NOT NULL DEFAULT '',
  created_at      INTEGER NOT NULL,
  UNIQUE (service_id, login)
);

-- A service that may be used over SMPP. settings is JSON: allowed addresses, throughput, window, dialect.
CREATE TABLE smpp_account (
  service_id    INTEGER PRIMARY KEY REFERENCES service (id),
  system_id     TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  settings      TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) WITHOUT ROWID;

-- Parts of long messages whose other parts have not come yet. name says which message of the service they belong to.
CREATE TABLE smpp_part (
  service_id INTEGER NOT NULL,
  name       TEXT NOT NULL,
  part       INTEGER NOT NULL,
  join_id    INTEGER NOT NULL, -- of all parts of the message: what the client knows them by
  octets     BLOB NOT NULL,
  receipt    BOOLEAN NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (service_id, name, part)
) WITHOUT ROWID;
CREATE INDEX smpp_part_at ON smpp_part (at);

-- What clients over SMPP are still to be told: a receipt (message_id), a reply (incoming_id), or text for what never became a
-- message. A node that delivers it moves due_at ahead of the time that it may take, so that no other node does the same.
CREATE TABLE smpp_owed (
  id          INTEGER PRIMARY KEY,
  service_id  INTEGER NOT NULL,
  due_at      INTEGER NOT NULL,
  until       INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  message_id  INTEGER NOT NULL,
  incoming_id INTEGER NOT NULL,
  text        TEXT NOT NULL
);
CREATE INDEX smpp_owed_due ON smpp_owed (service_id, due_at, id);
CREATE INDEX smpp_owed_until ON smpp_owed (until);

-- How the client of a job over SMPP is to be told what became of its messages; empty = not at all.
ALTER TABLE job ADD COLUMN receipt_to TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE job DROP COLUMN receipt_to;
DROP TABLE smpp_owed;
DROP TABLE smpp_part;
DROP TABLE smpp_account;
DROP TABLE sms_user;
