-- name: InsertServiceAccount :exec
INSERT INTO oauth_client (id, account_id, client_id, secret_hash, name, description, callback_urls, actions, services, created_at,
  person_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: ServiceAccounts :many
SELECT * FROM oauth_client WHERE account_id = $1 ORDER BY client_id;

-- name: ServiceAccountByClientID :one
SELECT * FROM oauth_client WHERE client_id = $1;

-- name: UpdateServiceAccount :exec
UPDATE oauth_client SET name = $2, description = $3, callback_urls = $4, actions = $5, services = $6 WHERE id = $1;

-- name: DeleteServiceAccount :execrows
DELETE FROM oauth_client WHERE client_id = $1 AND account_id = $2;

-- name: InsertBearer :exec
INSERT INTO bearer (token_hash, oauth_client_id, expires_at) VALUES ($1, $2, $3);

-- name: BearerByHash :one
SELECT s.*, b.expires_at, a.name AS account, a.country, COALESCE(p.name, '') AS person, COALESCE(p.role, '') AS role
  FROM bearer b JOIN oauth_client s ON s.id = b.oauth_client_id JOIN account a ON a.id = s.account_id LEFT JOIN account p ON p.id = s.person_id
 WHERE b.token_hash = $1;

-- name: CountBearers :one
SELECT count(*) FROM bearer WHERE oauth_client_id = $1;

-- name: DropBearers :exec
DELETE FROM bearer WHERE expires_at < $1;

-- name: Profile :one
SELECT content FROM profile WHERE account_id = $1;

-- name: SetProfile :exec
INSERT INTO profile (account_id, content) VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET content = excluded.content;
