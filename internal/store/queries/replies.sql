-- name: IncomingByID :one
SELECT * FROM incoming WHERE service_id = $1 AND id = $2;

-- name: DeleteIncoming :execrows
DELETE FROM incoming WHERE service_id = $1 AND id = $2;

-- name: OptOuts :many
SELECT DISTINCT receiver FROM optout WHERE service_id = $1 AND (outgoing_id = $2 OR $2 = 0) ORDER BY receiver;

-- name: OptOut :one
SELECT * FROM optout WHERE service_id = $1 AND receiver = $2 ORDER BY scope LIMIT 1;

-- name: OptOutsAfter :many
SELECT * FROM optout WHERE service_id = $1 AND receiver >= $2 AND (receiver > $2 OR scope > $3) ORDER BY receiver, scope LIMIT $4;

-- name: HasOptOuts :one
SELECT EXISTS (SELECT 1 FROM optout WHERE service_id = $1);

-- name: DeleteOptOut :execrows
DELETE FROM optout WHERE service_id = $1 AND receiver = $2;
