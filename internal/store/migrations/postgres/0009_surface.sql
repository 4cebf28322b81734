-- +goose Up
-- What the rest of OVH's operations need: slots of SMS users, chat pages of virtual numbers, a log of calls.

-- A slot belongs to a service (user_id 0) or to one of its SMS users.
ALTER TABLE slot ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE slot DROP CONSTRAINT slot_pkey;
ALTER TABLE slot ADD PRIMARY KEY (service_id, user_id, slot);

-- What was written to a number, for its own list and its chat page.
CREATE INDEX incoming_number ON incoming (service_id, number, id);

-- A page that shows a virtual number's conversations to whoever has its address. secret is sealed; the key in the address comes from it.
CREATE TABLE chat_access (
  number     TEXT PRIMARY KEY REFERENCES virtual_number (number) ON DELETE CASCADE,
  id         BIGINT NOT NULL UNIQUE,
  secret     BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

-- The calls of a customer, the latest of them. They are written in groups, and may lack the last second before a crash. The id of one is
-- its time.
CREATE TABLE api_call (
  account_id BIGINT NOT NULL REFERENCES account (id),
  id         BIGINT NOT NULL,
  method     TEXT NOT NULL,
  path       TEXT NOT NULL,
  route      TEXT NOT NULL,
  ip         TEXT NOT NULL, -- empty when it is not known
  PRIMARY KEY (account_id, id)
);

-- +goose Down
DROP TABLE api_call;
DROP TABLE chat_access;
DROP INDEX incoming_number;
DELETE FROM slot WHERE user_id <> 0;
ALTER TABLE slot DROP CONSTRAINT slot_pkey;
ALTER TABLE slot ADD PRIMARY KEY (service_id, slot);
ALTER TABLE slot DROP COLUMN user_id;
