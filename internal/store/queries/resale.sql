-- name: InsertSubAccount :exec
INSERT INTO account (id, name, country, description, operator, created_at, reseller) VALUES ($1, $2, $3, $4, FALSE, $5, $6);

-- name: SubAccounts :many
SELECT * FROM account WHERE reseller = $1 ORDER BY id;

-- name: CountSubAccounts :one
SELECT COUNT(*) FROM account WHERE reseller = $1;

-- name: AccountByID :one
SELECT * FROM account WHERE id = $1;

-- name: Resale :one
SELECT * FROM resale WHERE account_id = $1;

-- name: SetResale :exec
INSERT INTO resale (account_id, brand, seller, pay_to, terms, service_id) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (account_id) DO UPDATE SET brand = excluded.brand, seller = excluded.seller, pay_to = excluded.pay_to, terms = excluded.terms,
   service_id = excluded.service_id;

-- name: ResalePrices :many
SELECT * FROM resale_price WHERE account_id = $1 ORDER BY country, quantity;

-- name: SetResalePrice :exec
INSERT INTO resale_price (account_id, country, quantity, currency, credit) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, country, quantity) DO UPDATE SET currency = excluded.currency, credit = excluded.credit;

-- name: DeleteResalePrice :execrows
DELETE FROM resale_price WHERE account_id = $1 AND country = $2 AND quantity = $3;

-- name: OrdersOfReseller :many
SELECT o.id FROM orders o JOIN account a ON a.id = o.account_id
 WHERE o.reseller = $1 AND (o.status = $2 OR $2 = '') AND (a.name = $3 OR $3 = '') ORDER BY o.id;

-- name: UpdateSubAccount :exec
UPDATE account SET description = $2, suspended = $3, suspended_by = $4 WHERE id = $1;

-- name: BumpAccount :exec
UPDATE balance SET rev = rev + 1 WHERE service_id IN (SELECT id FROM service WHERE account_id = $1);
