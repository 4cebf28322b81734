-- name: TakeIDs :one
UPDATE sequence SET next = next + $2 WHERE name = $1 RETURNING next;

-- name: HideMessage :execrows
UPDATE message SET hidden = TRUE WHERE id = $1 AND NOT hidden;

-- name: WaitingMessage :one
SELECT state, attempts, accepted FROM message WHERE id = $1;

-- name: CancelWaiting :one
UPDATE message SET state = 'cancelled', done_at = $2
 WHERE id = $1 AND state IN ('held', 'scheduled', 'queued') RETURNING id, service_id, job_id, credits;

-- name: QueueOfService :many
SELECT first_id, last_id, carrier_id, attempts FROM queue WHERE service_id = $1 ORDER BY first_id;

-- name: TouchRun :exec
UPDATE queue SET touched = TRUE WHERE service_id = $1 AND first_id <= $2 AND last_id >= $2;

-- name: InsertClaim :exec
INSERT INTO claim (id, node, carrier_id, at, first_id, last_id, runs) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: DeleteClaim :exec
DELETE FROM claim WHERE id = $1;

-- name: Events :many
SELECT * FROM event WHERE message_id = $1 ORDER BY at, id;

-- name: Parked :many
SELECT p.id, p.ref, p.receiver, p.state, p.ptt, p.error, p.raw, p.done_at, p.received_at, c.name AS carrier FROM parked p JOIN carrier c ON c.id = p.carrier_id ORDER BY p.id DESC LIMIT $1;

-- name: Lanes :many
SELECT carrier_id, lane, CAST(SUM(last_id - first_id + 1) AS bigint) AS messages, CAST(MIN(due_at) AS bigint) AS oldest
  FROM queue GROUP BY carrier_id, lane ORDER BY carrier_id, lane;

-- name: Conversation :one
SELECT c.*, j.sender, j.tag FROM conversation c JOIN message m ON m.id = c.message_id JOIN job j ON j.id = m.job_id
 WHERE c.number = $1 AND c.receiver = $2;

-- name: InsertOptOut :execrows
INSERT INTO optout (service_id, receiver, scope, source, words, outgoing_id, incoming_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING;

-- name: DropIdempotency :exec
DELETE FROM idempotency WHERE at < $1;

-- name: ReceiverJob :one
SELECT m.service_id, m.id, j.sender, j.tag FROM message m JOIN job j ON j.id = m.job_id WHERE m.id = $1;
