-- name: InsertApplication :exec
INSERT INTO application (id, account_id, key, secret, name, description, status, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: InsertCredential :exec
INSERT INTO credential (id, account_id, application_id, key_hash, status, rules, allowed_ips, created_at, expires_at, last_use)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0);

-- name: ApplicationByKey :one
SELECT * FROM application WHERE key = $1;

-- name: CredentialByHash :one
SELECT c.*, a.name AS account, a.country, a.operator FROM credential c JOIN account a ON a.id = c.account_id WHERE c.key_hash = $1;

-- name: Credentials :many
SELECT c.*, a.name AS account, p.name AS application, p.key FROM credential c
  JOIN account a ON a.id = c.account_id JOIN application p ON p.id = c.application_id ORDER BY c.id;

-- name: SetCredentialStatus :execrows
UPDATE credential SET status = $2 WHERE id = $1;

-- name: TouchCredential :exec
UPDATE credential SET last_use = $2 WHERE id = $1 AND last_use < $2;
