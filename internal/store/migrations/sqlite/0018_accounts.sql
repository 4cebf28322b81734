-- +goose Up
-- Whom the latest changes of keys, applications, service accounts and people were about: only what is remembered of them is read anew. rev is
-- that of the sequence 'auth'.
CREATE TABLE auth_change (
  rev        INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  PRIMARY KEY (rev, account_id)
);

-- Refunds whose money goes back over the payment provider. number is that of the credit note; payment and id are the provider's names of what
-- was paid, and of the refund. It is asked for until it has answered, always under the same key.
CREATE TABLE card_refund (
  number   INTEGER PRIMARY KEY REFERENCES refund (number),
  payment  TEXT NOT NULL,
  amount   INTEGER NOT NULL CHECK (amount > 0), -- in the currency's smallest unit
  currency TEXT NOT NULL,
  state    TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
  id       TEXT NOT NULL,
  error    TEXT NOT NULL,
  begun_at INTEGER NOT NULL
);
CREATE INDEX card_refund_waiting ON card_refund (number) WHERE state = 'waiting';
CREATE INDEX card_refund_id ON card_refund (id) WHERE id <> '';

-- +goose Down
DROP TABLE card_refund;
DROP TABLE auth_change;
