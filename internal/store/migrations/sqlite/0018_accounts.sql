-- +goose Up
-- Whom the latest changes of keys, applications, service accounts and people were about: only what is remembered of them is read anew. rev is
-- that of the sequence 'auth'.
CREATE TABLE auth_change (
  rev        INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  PRIMARY KEY (rev, account_id)
);

-- +goose Down
DROP TABLE auth_change;
