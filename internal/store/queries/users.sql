-- name: InsertUser :exec
INSERT INTO sms_user (id, service_id, login, password_hash, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: Users :many
SELECT login FROM sms_user WHERE service_id = $1 ORDER BY login;

-- name: UserByLogin :one
SELECT * FROM sms_user WHERE service_id = $1 AND login = $2;

-- name: UpdateUser :exec
UPDATE sms_user SET password_hash = $2, quota_status = $3, quota_left = $4, ip_restrictions = $5, callback = $6, stop_callback = $7,
  alert_threshold = $8, alert_support = $9, alert_email = $10, alert_number = $11, alerted = $12 WHERE id = $1;

-- name: DeleteUser :exec
DELETE FROM sms_user WHERE id = $1;

-- name: CountActiveUsers :one
SELECT COUNT(*) FROM sms_user WHERE service_id = $1 AND quota_status = 'active';

-- name: MoveQuota :execrows
UPDATE balance SET available = available - $2, quota = quota + $2 WHERE service_id = $1 AND available >= $2 AND quota + $2 >= 0;

-- name: Withdraw :execrows
UPDATE balance SET available = available - $2, issued = issued + $2 WHERE service_id = $1 AND available >= $2;

-- name: ReleaseQuota :exec
UPDATE balance SET held = held - $2, quota = quota + $2 WHERE service_id = $1;

-- name: RefillQuota :exec
UPDATE sms_user SET quota_left = quota_left + $2 WHERE id = $1;

-- name: QuotaUserOfJob :one
SELECT u.id FROM job j JOIN sms_user u ON u.id = j.user_id WHERE j.id = $1 AND j.from_quota AND u.quota_status = 'active';

-- name: LowUsers :many
SELECT u.*, s.name AS service FROM sms_user u JOIN service s ON s.id = u.service_id
 WHERE u.quota_status = 'active' AND u.alert_threshold >= 0 AND u.quota_left <= u.alert_threshold * 1000 AND NOT u.alerted ORDER BY u.id LIMIT 1000;

-- name: MarkAlerted :exec
UPDATE sms_user SET alerted = TRUE WHERE id = $1;

-- name: ForgetAlerts :exec
UPDATE sms_user SET alerted = FALSE WHERE alerted AND (quota_status <> 'active' OR quota_left > alert_threshold * 1000);
