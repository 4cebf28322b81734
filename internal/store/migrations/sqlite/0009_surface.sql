-- +goose Up
-- What the rest of OVH's operations need: slots of SMS users, chat pages of virtual numbers, a log of calls.

-- A slot belongs to a service (user_id 0) or to one of its SMS users.
CREATE TABLE slot_of_user (
  service_id  INTEGER NOT NULL,
  user_id     INTEGER NOT NULL,
  slot        INTEGER NOT NULL CHECK (slot BETWEEN 1 AND 9),
  description TEXT NOT NULL,
  url         TEXT NOT NULL, -- empty: the file is no longer to be had
  auto_update BOOLEAN NOT NULL,
  list_id     INTEGER NOT NULL REFERENCES list (id),
  updated_at  INTEGER NOT NULL,
  PRIMARY KEY (service_id, user_id, slot)
) WITHOUT ROWID;
INSERT INTO slot_of_user (service_id, user_id, slot, description, url, auto_update, list_id, updated_at)
  SELECT service_id, 0, slot, description, url, auto_update, list_id, updated_at FROM slot;
DROP TABLE slot;
ALTER TABLE slot_of_user RENAME TO slot;
CREATE INDEX slot_list ON slot (list_id);

-- What was written to a number, for its own list and its chat page.
CREATE INDEX incoming_number ON incoming (service_id, number, id);

-- A page that shows a virtual number's conversations to whoever has its address. secret is sealed; the key in the address comes from it.
CREATE TABLE chat_access (
  number     TEXT PRIMARY KEY REFERENCES virtual_number (number) ON DELETE CASCADE,
  id         INTEGER NOT NULL UNIQUE,
  secret     BLOB NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The calls of a customer, the latest of them. They are written in groups, and may lack the last second before a crash. The id of one is
-- its time.
CREATE TABLE api_call (
  account_id INTEGER NOT NULL REFERENCES account (id),
  id         INTEGER NOT NULL,
  method     TEXT NOT NULL,
  path       TEXT NOT NULL,
  route      TEXT NOT NULL,
  ip         TEXT NOT NULL, -- empty when it is not known
  PRIMARY KEY (account_id, id)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE api_call;
DROP TABLE chat_access;
DROP INDEX incoming_number;
CREATE TABLE slot_of_service (
  service_id  INTEGER NOT NULL,
  slot        INTEGER NOT NULL CHECK (slot BETWEEN 1 AND 9),
  description TEXT NOT NULL,
  url         TEXT NOT NULL,
  auto_update BOOLEAN NOT NULL,
  list_id     INTEGER NOT NULL REFERENCES list (id),
  updated_at  INTEGER NOT NULL,
  PRIMARY KEY (service_id, slot)
) WITHOUT ROWID;
INSERT INTO slot_of_service SELECT service_id, slot, description, url, auto_update, list_id, updated_at FROM slot WHERE user_id = 0;
DROP TABLE slot;
ALTER TABLE slot_of_service RENAME TO slot;
CREATE INDEX slot_list ON slot (list_id);
