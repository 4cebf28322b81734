-- name: Prices :many
SELECT * FROM price ORDER BY country, quantity;

-- name: SetPrice :exec
INSERT INTO price (country, quantity, currency, credit) VALUES ($1, $2, $3, $4)
ON CONFLICT (country, quantity) DO UPDATE SET currency = excluded.currency, credit = excluded.credit;

-- name: DeletePrice :execrows
DELETE FROM price WHERE country = $1 AND quantity = $2;

-- name: Taxes :many
SELECT * FROM tax ORDER BY country;

-- name: SetTax :exec
INSERT INTO tax (country, name, rate) VALUES ($1, $2, $3) ON CONFLICT (country) DO UPDATE SET name = excluded.name, rate = excluded.rate;

-- name: DeleteTax :execrows
DELETE FROM tax WHERE country = $1;

-- name: InsertOrder :exec
INSERT INTO orders (id, account_id, service_id, service_name, channel, quantity, country, currency, credit, list_credit, original, net, tax_name,
  tax_rate, tax, status, key, cause, created_at, expires_at, settled_at, settled_by, reference, invoice, reseller, buyer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'notPaid', $16, $17, $18, $19, 0, '', '', 0, $20, '');

-- name: OrderByID :one
SELECT o.*, a.name AS account FROM orders o JOIN account a ON a.id = o.account_id WHERE o.id = $1;

-- name: OrdersOfAccount :many
SELECT id FROM orders WHERE account_id = $1 AND created_at >= $2 AND created_at <= $3 ORDER BY id;

-- name: OrdersByStatus :many
SELECT o.id FROM orders o JOIN account a ON a.id = o.account_id
 WHERE (o.status = $1 OR $1 = '') AND (a.name = $2 OR $2 = '') ORDER BY o.id;

-- name: CountOpenRecredits :one
SELECT COUNT(*) FROM orders WHERE service_id = $1 AND status = 'notPaid' AND cause = 'recredit' AND expires_at > $2;

-- name: TouchOrder :execrows
UPDATE orders SET status = status WHERE id = $1;

-- name: SettleOrder :exec
UPDATE orders SET status = 'delivered', service_id = $2, service_name = $3, settled_at = $4, settled_by = $5, reference = $6, invoice = $7,
  buyer = $8
 WHERE id = $1;

-- name: CancelOrder :exec
UPDATE orders SET status = 'cancelled', settled_at = $2, settled_by = $3 WHERE id = $1;

-- name: LastInvoice :one
SELECT CAST(COALESCE(MAX(invoice), 0) AS bigint) FROM orders WHERE reseller = $1;

-- name: InsertPayment :exec
INSERT INTO payment (event, order_id, at) VALUES ($1, $2, $3);

-- name: LockPlatform :exec
UPDATE balance SET rev = rev WHERE service_id = 0;

-- name: ServicesToRecredit :many
SELECT s.name, b.available FROM service s JOIN balance b ON b.service_id = s.id
 WHERE s.status = 'enable' AND s.settings NOT LIKE '%"AutomaticRecreditAmount":0,%' ORDER BY s.id;
