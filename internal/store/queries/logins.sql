-- name: SetLogin :exec
INSERT INTO login (account_id, password, changed_at, otp_secret, otp_step, recovery) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account_id) DO UPDATE SET password = excluded.password, changed_at = excluded.changed_at, otp_secret = excluded.otp_secret,
       otp_step = excluded.otp_step, recovery = excluded.recovery;

-- name: LoginByAccount :one
SELECT * FROM login WHERE account_id = $1;

-- name: LockLogin :exec
UPDATE login SET otp_step = otp_step WHERE account_id = $1;

-- name: LockLoginAttempt :one
INSERT INTO login_attempt (name, failures, last_at, until) VALUES ($1, 0, 0, 0) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING *;

-- name: SetLoginAttempt :exec
INSERT INTO login_attempt (name, failures, last_at, until) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, until = excluded.until;

-- name: DropLoginAttempt :exec
DELETE FROM login_attempt WHERE name = $1;

-- name: DropLoginAttempts :exec
DELETE FROM login_attempt WHERE last_at < $1;

-- name: InsertSession :exec
INSERT INTO session (id, account_id, token_hash, created_at, used_at, expires_at, address, agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: SessionByHash :one
SELECT s.*, a.name AS account, a.country, a.operator, a.description, a.role, a.operator_role, a.employer, COALESCE(e.name, '') AS employer_name,
       COALESCE(e.operator, FALSE) AS employer_operator, COALESCE(r.brand, '') AS brand
  FROM session s JOIN account a ON a.id = s.account_id LEFT JOIN account e ON e.id = a.employer
  LEFT JOIN resale r ON r.account_id = COALESCE(e.reseller, a.reseller)
 WHERE s.token_hash = $1 AND a.role <> 'removed';

-- name: SessionsOfAccount :many
SELECT * FROM session WHERE account_id = $1 AND expires_at > $2 ORDER BY id;

-- name: TouchSession :exec
UPDATE session SET used_at = $2 WHERE id = $1;

-- name: DeleteSession :execrows
DELETE FROM session WHERE id = $1 AND account_id = $2;

-- name: DeleteSessionsExcept :exec
DELETE FROM session WHERE account_id = $1 AND id <> $2;

-- name: DropSessions :exec
DELETE FROM session WHERE expires_at < $1;

-- name: DropAttemptsOf :exec
DELETE FROM login_attempt WHERE name LIKE $1;

-- name: TrimSessions :exec
DELETE FROM session WHERE session.account_id = $1 AND id NOT IN (SELECT s.id FROM session s WHERE s.account_id = $1 ORDER BY s.created_at DESC, s.id DESC LIMIT $2);
