-- +goose Up
-- What money passes through beside the books: SMS users with quotas, orders and what they cost, guards against spending.

-- quota_left counts thousandths of a credit, as all amounts do; it is NULL when no quota is active, and what is in it belongs to the
-- account quota of the service's books.
--
-- When the user and his service are told that the quota runs low: alert_threshold in credits, -1 = never. alerted says that it has
-- been told since the quota was above.
ALTER TABLE sms_user ADD COLUMN alert_threshold BIGINT NOT NULL DEFAULT -1;
ALTER TABLE sms_user ADD COLUMN alert_support TEXT NOT NULL DEFAULT 'mail';
ALTER TABLE sms_user ADD COLUMN alert_email TEXT NOT NULL DEFAULT '';
ALTER TABLE sms_user ADD COLUMN alert_number TEXT NOT NULL DEFAULT '';
ALTER TABLE sms_user ADD COLUMN alerted BOOLEAN NOT NULL DEFAULT FALSE;

-- The SMS user that ordered a job, 0 = the owner of the service; and whether the user's quota pays for it.
ALTER TABLE job ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN from_quota BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX job_user ON job (user_id, id) WHERE user_id <> 0;

-- What a service has ordered messages for in an hour and in a day, both counted from 1970 UTC.
ALTER TABLE balance ADD COLUMN hour BIGINT NOT NULL DEFAULT 0;
ALTER TABLE balance ADD COLUMN hour_spent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE balance ADD COLUMN day BIGINT NOT NULL DEFAULT 0;
ALTER TABLE balance ADD COLUMN day_spent BIGINT NOT NULL DEFAULT 0;

-- What a credit costs those who order at least so many, without tax, in millionths of the currency; by the country of the
-- customer, '*' for countries without prices of their own.
CREATE TABLE price (
  country  TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  currency TEXT NOT NULL,
  credit   BIGINT NOT NULL CHECK (credit >= 0),
  PRIMARY KEY (country, quantity)
);

-- The tax on top, in thousandths of a percent.
CREATE TABLE tax (
  country TEXT PRIMARY KEY,
  name    TEXT NOT NULL,
  rate    BIGINT NOT NULL CHECK (rate BETWEEN 0 AND 100000)
);

-- What a fresh installation begins with.
INSERT INTO price (country, quantity, currency, credit) VALUES
  ('ES', 100, 'EUR', 60000), ('ES', 500, 'EUR', 58800), ('ES', 1000, 'EUR', 57600), ('ES', 2500, 'EUR', 56400), ('ES', 5000, 'EUR', 55200), ('ES', 10000, 'EUR', 54000), ('ES', 50000, 'EUR', 52800), ('ES', 100000, 'EUR', 51000),
  ('FR', 100, 'EUR', 60000), ('FR', 500, 'EUR', 58800), ('FR', 1000, 'EUR', 57600), ('FR', 2500, 'EUR', 56400), ('FR', 5000, 'EUR', 55200), ('FR', 10000, 'EUR', 54000), ('FR', 50000, 'EUR', 52800), ('FR', 100000, 'EUR', 51000),
  ('GB', 100, 'GBP', 30000), ('GB', 500, 'GBP', 29400), ('GB', 1000, 'GBP', 28800), ('GB', 2500, 'GBP', 28200), ('GB', 5000, 'GBP', 27600), ('GB', 10000, 'GBP', 27000), ('GB', 50000, 'GBP', 26400), ('GB', 100000, 'GBP', 25500),
  ('IE', 100, 'EUR', 48000), ('IE', 500, 'EUR', 47040), ('IE', 1000, 'EUR', 46080), ('IE', 2500, 'EUR', 45120), ('IE', 5000, 'EUR', 44160), ('IE', 10000, 'EUR', 43200), ('IE', 50000, 'EUR', 42240), ('IE', 100000, 'EUR', 40800),
  ('IT', 100, 'EUR', 60000), ('IT', 500, 'EUR', 58800), ('IT', 1000, 'EUR', 57600), ('IT', 2500, 'EUR', 56400), ('IT', 5000, 'EUR', 55200), ('IT', 10000, 'EUR', 54000), ('IT', 50000, 'EUR', 52800), ('IT', 100000, 'EUR', 51000),
  ('PL', 100, 'PLN', 250000), ('PL', 500, 'PLN', 245000), ('PL', 1000, 'PLN', 240000), ('PL', 2500, 'PLN', 235000), ('PL', 5000, 'PLN', 230000), ('PL', 10000, 'PLN', 225000), ('PL', 50000, 'PLN', 220000), ('PL', 100000, 'PLN', 212500);
INSERT INTO tax (country, name, rate) VALUES
  ('ES', 'IVA', 21000), ('FR', 'TVA', 20000), ('GB', 'VAT', 20000), ('IE', 'VAT', 23000), ('IT', 'IVA', 22000), ('PL', 'VAT', 23000);

-- An order of credits: quantity in thousandths, amounts in millionths of the currency. service_id 0: of a service that does not
-- exist yet, whose channel is meant. key opens the order's page to whoever has its address.
CREATE TABLE orders (
  id           BIGINT PRIMARY KEY,
  account_id   BIGINT NOT NULL REFERENCES account (id),
  service_id   BIGINT NOT NULL,
  service_name TEXT NOT NULL,
  channel      TEXT NOT NULL,
  quantity     BIGINT NOT NULL CHECK (quantity > 0),
  country      TEXT NOT NULL,
  currency     TEXT NOT NULL,
  credit       BIGINT NOT NULL,
  list_credit  BIGINT NOT NULL,
  original     BIGINT NOT NULL,
  net          BIGINT NOT NULL,
  tax_name     TEXT NOT NULL,
  tax_rate     BIGINT NOT NULL,
  tax          BIGINT NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('notPaid', 'delivered', 'cancelled')),
  key          TEXT NOT NULL,
  cause        TEXT NOT NULL, -- 'customer' or 'recredit'
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  settled_at   BIGINT NOT NULL,
  settled_by   TEXT NOT NULL,
  reference    TEXT NOT NULL,
  invoice      BIGINT NOT NULL -- its number, 0 = none yet
);
CREATE UNIQUE INDEX orders_invoice ON orders (invoice) WHERE invoice > 0;
CREATE INDEX orders_service ON orders (service_id) WHERE status = 'notPaid';
CREATE INDEX orders_account ON orders (account_id, id);

-- Payments that were told of, so that none counts twice.
CREATE TABLE payment (
  event    TEXT PRIMARY KEY,
  order_id BIGINT NOT NULL,
  at       BIGINT NOT NULL
);

-- +goose Down
DROP TABLE payment;
DROP TABLE orders;
DROP TABLE tax;
DROP TABLE price;
ALTER TABLE balance DROP COLUMN day_spent;
ALTER TABLE balance DROP COLUMN day;
ALTER TABLE balance DROP COLUMN hour_spent;
ALTER TABLE balance DROP COLUMN hour;
DROP INDEX job_user;
ALTER TABLE job DROP COLUMN from_quota;
ALTER TABLE job DROP COLUMN user_id;
ALTER TABLE sms_user DROP COLUMN alerted;
ALTER TABLE sms_user DROP COLUMN alert_number;
ALTER TABLE sms_user DROP COLUMN alert_email;
ALTER TABLE sms_user DROP COLUMN alert_support;
ALTER TABLE sms_user DROP COLUMN alert_threshold;
