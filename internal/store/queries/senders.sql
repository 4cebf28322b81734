-- name: InsertSender :execrows
INSERT INTO sender (service_id, sender, type, status, description, reason, comment, referer, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING;

-- name: Senders :many
SELECT * FROM sender WHERE service_id = $1 ORDER BY sender;

-- name: Sender :one
SELECT * FROM sender WHERE service_id = $1 AND sender = $2;

-- name: UpdateSender :execrows
UPDATE sender SET status = $3, description = $4, comment = $5 WHERE service_id = $1 AND sender = $2;

-- name: DeleteSender :execrows
DELETE FROM sender WHERE service_id = $1 AND sender = $2;

-- name: SendersByStatus :many
SELECT n.*, s.name AS service FROM sender n JOIN service s ON s.id = n.service_id
 WHERE n.status = $1 OR $1 = '' ORDER BY n.created_at, n.sender;

-- name: OwnNames :many
SELECT sender, referer FROM own_name WHERE account_id = $1 ORDER BY sender;

-- name: InsertOwnName :execrows
INSERT INTO own_name (account_id, sender, referer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: DeleteOwnName :execrows
DELETE FROM own_name WHERE account_id = $1 AND sender = $2;

-- name: SetSenderCode :exec
INSERT INTO sender_code (service_id, sender, code, attempts, expires_at) VALUES ($1, $2, $3, 0, $4)
ON CONFLICT (service_id, sender) DO UPDATE SET code = excluded.code, attempts = 0, expires_at = excluded.expires_at;

-- name: SenderCode :one
SELECT * FROM sender_code WHERE service_id = $1 AND sender = $2;

-- name: CountSenderCode :exec
UPDATE sender_code SET attempts = attempts + 1 WHERE service_id = $1 AND sender = $2;

-- name: DeleteSenderCode :exec
DELETE FROM sender_code WHERE service_id = $1 AND sender = $2;

-- name: DeleteDocumentsOfSender :exec
DELETE FROM document WHERE service_id = $1 AND kind = 'sender' AND sender = $2;
