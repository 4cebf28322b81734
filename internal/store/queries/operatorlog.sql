-- name: InsertOperatorLog :exec
INSERT INTO operator_log (id, at, account, person, client, credential_id, address, query_id, operation, path, parameters, outcome, status, result)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: EndOperatorLog :exec
UPDATE operator_log SET outcome = $2, status = $3, result = $4 WHERE id = $1;

-- name: OperatorLogs :many
SELECT l.* FROM operator_log l
 WHERE (l.account = $1 OR $1 = '') AND (l.person = $2 OR $2 = '') AND (l.operation = $3 OR $3 = '') AND (l.outcome = $4 OR $4 = '')
   AND (l.credential_id = $5 OR $5 = 0) AND l.at >= $6 AND l.at <= $7 AND (l.at < $8 OR l.at = $8 AND l.id < $9)
 ORDER BY l.at DESC, l.id DESC LIMIT $10;

-- name: OperatorLogByID :one
SELECT * FROM operator_log WHERE id = $1;

-- name: DropOperatorLogs :exec
DELETE FROM operator_log WHERE at < $1;
