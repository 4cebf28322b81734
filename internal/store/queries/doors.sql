-- name: InsertSMPPAccount :exec
INSERT INTO smpp_account (service_id, system_id, password_hash, settings, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: SMPPAccountOf :one
SELECT * FROM smpp_account WHERE service_id = $1;

-- name: SMPPAccountNamed :one
SELECT * FROM smpp_account WHERE system_id = $1;

-- name: UpdateSMPPAccount :execrows
UPDATE smpp_account SET password_hash = $2, settings = $3 WHERE service_id = $1;

-- name: DeleteSMPPAccount :execrows
DELETE FROM smpp_account WHERE service_id = $1;

-- name: SMPPServices :many
SELECT service_id FROM smpp_account;

-- name: InsertSMPPPart :exec
INSERT INTO smpp_part (service_id, name, part, join_id, octets, receipt, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (service_id, name, part) DO UPDATE SET octets = excluded.octets, receipt = excluded.receipt, at = excluded.at;

-- name: SMPPParts :many
SELECT * FROM smpp_part WHERE service_id = $1 AND name = $2 ORDER BY part;

-- name: DeleteSMPPParts :execrows
DELETE FROM smpp_part WHERE service_id = $1 AND name = $2;

-- name: OldSMPPParts :many
SELECT DISTINCT service_id, name FROM smpp_part WHERE at < $1 LIMIT 1000;

-- name: InsertSMPPOwed :exec
INSERT INTO smpp_owed (id, service_id, due_at, until, attempts, message_id, incoming_id, text) VALUES ($1, $2, $3, $4, 0, $5, $6, $7);

-- name: DropSMPPOwed :execrows
DELETE FROM smpp_owed WHERE until < $1;
