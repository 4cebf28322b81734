-- +goose Up
-- How the owner of an account signs in beside a password: passkeys, and identities that a company's OpenID provider vouches for.

-- A passkey works at one domain. content is the record of WebAuthn (public key, flags, what it was made with), sealed;
-- sign_count is what the device has counted, which only grows.
CREATE TABLE passkey (
  id            INTEGER PRIMARY KEY,
  account_id    INTEGER NOT NULL REFERENCES account (id),
  credential_id BLOB NOT NULL UNIQUE,
  domain        TEXT NOT NULL,
  content       BLOB NOT NULL,
  sign_count    INTEGER NOT NULL,
  name          TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  used_at       INTEGER NOT NULL
);
CREATE INDEX passkey_account ON passkey (account_id, id);

CREATE TABLE identity (
  id         INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id),
  issuer     TEXT NOT NULL,
  subject    TEXT NOT NULL,
  label      TEXT NOT NULL, -- whom the issuer calls it, for people
  linked_by  TEXT NOT NULL CHECK (linked_by IN ('operator', 'owner', 'claim', 'mail')),
  created_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL,
  UNIQUE (issuer, subject)
);
CREATE INDEX identity_account ON identity (account_id, id);

-- Challenges and states that have been answered: none counts twice.
CREATE TABLE spent_ticket (
  hash  BLOB PRIMARY KEY,
  until INTEGER NOT NULL
);

-- What happened to an account's ways in, for its owner to see.
CREATE TABLE login_event (
  id         INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id),
  at         INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  detail     TEXT NOT NULL,
  address    TEXT NOT NULL,
  agent      TEXT NOT NULL
);
CREATE INDEX login_event_account ON login_event (account_id, at);

-- +goose Down
DROP TABLE login_event;
DROP TABLE spent_ticket;
DROP TABLE identity;
DROP TABLE passkey;
