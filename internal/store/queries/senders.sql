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
