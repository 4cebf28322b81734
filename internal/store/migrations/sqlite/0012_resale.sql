-- +goose Up
-- Who may do what in an account, who resells to whom, and what operators have done.

-- What operators changed or tried to: written before it is done, and once more with what came of it. account, person and client are
-- names, since the log outlives them; empty = the caller could not be proven.
CREATE TABLE operator_log (
  id            INTEGER PRIMARY KEY,
  at            INTEGER NOT NULL,
  account       TEXT NOT NULL,
  person        TEXT NOT NULL,
  client        TEXT NOT NULL,
  credential_id INTEGER NOT NULL,
  address       TEXT NOT NULL,
  query_id      TEXT NOT NULL,
  operation     TEXT NOT NULL,
  path          TEXT NOT NULL,
  parameters    TEXT NOT NULL,
  outcome       TEXT NOT NULL CHECK (outcome IN ('begun', 'done', 'failed', 'refused')),
  status        INTEGER NOT NULL, -- of HTTP, 0 = none yet
  result        TEXT NOT NULL
);
CREATE INDEX operator_log_at ON operator_log (at, id);

-- A person who signs in to an account is a row of account as well, so that all ways to sign in are hers: employer is the account, and
-- her name begins with its name and a slash. role is what she may do there, 'removed' when she is gone.
--
-- operator_role is what an operator account may do on the platform, or a person of one.
--
-- reseller is the account that a sub-account was made by; suspended says why an account may not send,
-- empty = it may, and suspended_by which reseller said so, 0 = the operator.
ALTER TABLE account ADD COLUMN employer INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
ALTER TABLE account ADD COLUMN operator_role TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE account ADD COLUMN reseller INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN resells BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN suspended TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN suspended_by INTEGER NOT NULL DEFAULT 0;
CREATE INDEX account_employer ON account (employer) WHERE employer <> 0;
CREATE INDEX account_reseller ON account (reseller) WHERE reseller <> 0;

-- The person who made a key, application or service account, 0 = the account itself or its operator. It never does more than she may.
ALTER TABLE credential ADD COLUMN person_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE application ADD COLUMN person_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE oauth_client ADD COLUMN person_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX credential_person ON credential (person_id) WHERE person_id <> 0;

-- What a reseller shows its sub-accounts, and which of its services their credits come from (0 = none is chosen).
CREATE TABLE resale (
  account_id INTEGER PRIMARY KEY REFERENCES account (id),
  brand      TEXT NOT NULL,
  seller     TEXT NOT NULL,
  pay_to     TEXT NOT NULL,
  terms      TEXT NOT NULL,
  service_id INTEGER NOT NULL
);

-- Its price list, as the table price.
CREATE TABLE resale_price (
  account_id INTEGER NOT NULL REFERENCES account (id),
  country    TEXT NOT NULL,
  quantity   INTEGER NOT NULL CHECK (quantity > 0),
  currency   TEXT NOT NULL,
  credit     INTEGER NOT NULL CHECK (credit >= 0),
  PRIMARY KEY (account_id, country, quantity)
);

-- Who sells an order's credits: 0 = the platform. Each seller counts its own invoices.
ALTER TABLE orders ADD COLUMN reseller INTEGER NOT NULL DEFAULT 0;
DROP INDEX orders_invoice;
CREATE UNIQUE INDEX orders_invoice ON orders (reseller, invoice) WHERE invoice > 0;
CREATE INDEX orders_reseller ON orders (reseller, id) WHERE reseller <> 0;

-- Counts the changes of keys, applications, service accounts and who they belong to: what is remembered of them holds while it stays.
INSERT INTO sequence (name, next) VALUES ('auth', 1);

-- +goose Down
DELETE FROM sequence WHERE name = 'auth';
DROP INDEX orders_reseller;
DROP INDEX orders_invoice;
CREATE UNIQUE INDEX orders_invoice ON orders (invoice) WHERE invoice > 0;
ALTER TABLE orders DROP COLUMN reseller;
DROP TABLE resale_price;
DROP TABLE resale;
DROP INDEX credential_person;
ALTER TABLE oauth_client DROP COLUMN person_id;
ALTER TABLE application DROP COLUMN person_id;
ALTER TABLE credential DROP COLUMN person_id;
DROP INDEX account_reseller;
DROP INDEX account_employer;
ALTER TABLE account DROP COLUMN suspended_by;
ALTER TABLE account DROP COLUMN suspended;
ALTER TABLE account DROP COLUMN resells;
ALTER TABLE account DROP COLUMN reseller;
ALTER TABLE account DROP COLUMN operator_role;
ALTER TABLE account DROP COLUMN role;
ALTER TABLE account DROP COLUMN employer;
DROP TABLE operator_log;
