-- +goose Up
-- exact tells that estimate is what all rows of a batch cost, or were charged; else it is a guess from the first ones.
ALTER TABLE batch ADD COLUMN exact BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE batch SET exact = TRUE WHERE total <= 5000 OR quote_id <> '';
UPDATE batch SET estimate = credits, exact = TRUE WHERE NOT exact AND next >= total;

-- +goose Down
ALTER TABLE batch DROP COLUMN exact;
