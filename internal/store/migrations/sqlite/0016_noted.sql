-- +goose Up
-- What carriers have answered to messages of a claim that is in hand, before it is written into the messages: often their receipts
-- come soon, and both are written at once. It goes with its claim.
CREATE TABLE noted (
  claim_id INTEGER NOT NULL,
  id       INTEGER NOT NULL,
  answers  TEXT NOT NULL, -- JSON: message, reference, attempt, revision of the carrier, time of the answer
  PRIMARY KEY (claim_id, id)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE noted;
