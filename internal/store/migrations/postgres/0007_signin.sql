-- +goose Up
-- How the owner of an account signs in. The failures of a name are counted whether there is such an account or not, so
-- that nobody learns which there are.

CREATE TABLE login (
  account_id BIGINT PRIMARY KEY REFERENCES account (id),
  password   TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  otp_secret BYTEA NOT NULL,
  otp_step   BIGINT NOT NULL,
  recovery   TEXT NOT NULL
);

CREATE TABLE login_attempt (
  name     TEXT PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_at  BIGINT NOT NULL,
  until    BIGINT NOT NULL
);

CREATE TABLE session (
  id         BIGINT PRIMARY KEY,
  account_id BIGINT NOT NULL REFERENCES account (id),
  token_hash BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  address    TEXT NOT NULL,
  agent      TEXT NOT NULL
);
CREATE INDEX session_account ON session (account_id);

-- A consumer key that waits for its approval: where the owner of an account finds it, and where his browser goes then. Until
-- then it is among those of the application's account.
CREATE TABLE credential_request (
  token_hash    BYTEA PRIMARY KEY,
  credential_id BIGINT NOT NULL UNIQUE REFERENCES credential (id) ON DELETE CASCADE,
  redirection   TEXT NOT NULL
);
ALTER TABLE credential ADD COLUMN last_refusal BIGINT NOT NULL DEFAULT 0;
ALTER TABLE credential ADD COLUMN refusal TEXT NOT NULL DEFAULT '';
CREATE INDEX credential_application ON credential (application_id);
CREATE INDEX application_account ON application (account_id);

-- Service accounts of OAuth2, and the tokens they have got.
CREATE TABLE oauth_client (
  id            BIGINT PRIMARY KEY,
  account_id    BIGINT NOT NULL REFERENCES account (id),
  client_id     TEXT NOT NULL UNIQUE,
  secret_hash   BYTEA NOT NULL,
  name          TEXT NOT NULL,
  description   TEXT NOT NULL,
  callback_urls TEXT NOT NULL,
  actions       TEXT NOT NULL,
  services      TEXT NOT NULL,
  created_at    BIGINT NOT NULL
);
CREATE INDEX oauth_client_account ON oauth_client (account_id);

CREATE TABLE bearer (
  token_hash         BYTEA PRIMARY KEY,
  oauth_client_id BIGINT NOT NULL REFERENCES oauth_client (id) ON DELETE CASCADE,
  expires_at         BIGINT NOT NULL
);
CREATE INDEX bearer_oauth_client ON bearer (oauth_client_id);

-- What a customer says of himself.
CREATE TABLE profile (
  account_id BIGINT PRIMARY KEY REFERENCES account (id),
  content    TEXT NOT NULL
);

-- +goose Down
DROP TABLE profile;
DROP TABLE bearer;
DROP TABLE oauth_client;
DROP TABLE credential_request;
DROP TABLE session;
DROP TABLE login_attempt;
DROP TABLE login;
DROP INDEX application_account;
DROP INDEX credential_application;
ALTER TABLE credential DROP COLUMN refusal;
ALTER TABLE credential DROP COLUMN last_refusal;
