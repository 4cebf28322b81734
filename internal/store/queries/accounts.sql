-- name: InsertAccount :exec
INSERT INTO account (id, name, country, description, operator, created_at, operator_role, resells, reseller)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: Accounts :many
SELECT * FROM account WHERE employer = 0 ORDER BY id;

-- name: AccountByName :one
SELECT * FROM account WHERE name = $1;

-- name: UpdateAccount :exec
UPDATE account SET country = $2, description = $3, operator = $4, operator_role = $5, resells = $6, suspended = $7, suspended_by = $8 WHERE id = $1;

-- name: InsertService :exec
INSERT INTO service (id, account_id, name, description, channel, status, settings, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: InsertBalance :exec
INSERT INTO balance (service_id, available, held, quota, used, issued, rev) VALUES ($1, 0, 0, 0, 0, 0, 1);

-- name: Services :many
SELECT s.*, a.name AS account, a.country, a.suspended FROM service s JOIN account a ON a.id = s.account_id ORDER BY s.id;

-- name: ServicesOfAccount :many
SELECT name FROM service WHERE account_id = $1 ORDER BY id;

-- name: ServiceByName :one
SELECT s.*, a.name AS account, a.country, a.suspended FROM service s JOIN account a ON a.id = s.account_id WHERE s.name = $1;

-- name: ServiceByID :one
SELECT s.*, a.name AS account, a.country, a.suspended FROM service s JOIN account a ON a.id = s.account_id WHERE s.id = $1;

-- name: UpdateService :exec
UPDATE service SET description = $2, channel = $3, status = $4, settings = $5 WHERE id = $1;

-- name: Balance :one
SELECT * FROM balance WHERE service_id = $1;

-- name: Bump :exec
UPDATE balance SET rev = rev + 1 WHERE service_id = $1;

-- name: Grant :one
UPDATE balance SET available = available + $2, issued = issued - $2
 WHERE service_id = $1 AND available + $2 >= 0 RETURNING *;

-- name: ReleaseHeld :exec
UPDATE balance SET held = held - $2, available = available + $2 WHERE service_id = $1;

-- name: InsertLedger :exec
INSERT INTO ledger (id, service_id, at, kind, debit, credit, amount, job_id, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
