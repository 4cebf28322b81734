-- +goose Up
-- Payments by card, refunds, and rates that begin later or are a customer's own.

-- The pages of a payment provider where an order can be paid, or could: attempts count from 1. url is empty once it has ended.
CREATE TABLE checkout (
  order_id   INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  session    TEXT NOT NULL,
  url        TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (order_id, attempt)
);

-- What of an order was paid back. number is that of the credit note; quantity (thousandths of a credit) is what was paid back for,
-- owed what of it could not be taken from the service yet.
CREATE TABLE refund (
  number     INTEGER PRIMARY KEY CHECK (number > 0),
  order_id   INTEGER NOT NULL REFERENCES orders (id),
  service_id INTEGER NOT NULL,
  quantity   INTEGER NOT NULL CHECK (quantity >= 0),
  owed       INTEGER NOT NULL CHECK (owed BETWEEN 0 AND quantity),
  net        INTEGER NOT NULL,
  tax        INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  done_by    TEXT NOT NULL,
  reference  TEXT NOT NULL
);
CREATE INDEX refund_order ON refund (order_id);
CREATE INDEX refund_owed ON refund (service_id) WHERE owed > 0;

-- The rates beside the table rate: those of a customer (account_id, 0 = all customers), and those that begin at a time. credits is
-- NULL where a rate ends.
CREATE TABLE tariff (
  account_id INTEGER NOT NULL,
  country    TEXT NOT NULL,
  begins_at  INTEGER NOT NULL,
  credits    INTEGER CHECK (credits >= 0),
  PRIMARY KEY (account_id, country, begins_at)
) WITHOUT ROWID;

-- Services that have been told that their credits run low, since when.
CREATE TABLE low_balance (
  service_id INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL
);

-- +goose Down
DROP TABLE low_balance;
DROP TABLE tariff;
DROP TABLE refund;
DROP TABLE checkout;
