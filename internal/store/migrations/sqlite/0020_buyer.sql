-- +goose Up
-- Whom an invoice is made out to, as it was when the order was paid: the customer's name, address and numbers.
ALTER TABLE orders ADD COLUMN buyer TEXT NOT NULL DEFAULT '';
