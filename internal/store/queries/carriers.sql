-- name: InsertCarrier :exec
INSERT INTO carrier (id, name, kind, enabled, rev, settings, password, created_at) VALUES ($1, $2, $3, $4, 1, $5, $6, $7);

-- name: Carriers :many
SELECT * FROM carrier ORDER BY id;

-- name: CarrierByName :one
SELECT * FROM carrier WHERE name = $1;

-- name: UpdateCarrier :one
UPDATE carrier SET enabled = $2, settings = $3, password = $4, rev = rev + 1 WHERE id = $1 RETURNING rev;

-- name: InsertCarrierRevision :exec
INSERT INTO carrier_revision (carrier_id, rev, settings) VALUES ($1, $2, $3);

-- name: CarrierRevision :one
SELECT c.id, c.name, c.kind, c.enabled, r.rev, r.settings FROM carrier c JOIN carrier_revision r ON r.carrier_id = c.id
 WHERE c.id = $1 AND r.rev = $2;

-- name: DeleteCarrier :exec
DELETE FROM carrier WHERE id = $1;

-- name: CarrierInUse :one
SELECT (SELECT COUNT(*) FROM route WHERE route.carrier_id = $1) AS routes,
       (SELECT COUNT(*) FROM short_number WHERE short_number.carrier_id = $1) AS numbers,
       (SELECT COUNT(*) FROM queue WHERE queue.carrier_id = $1) AS runs,
       (SELECT COUNT(*) FROM claim WHERE claim.carrier_id = $1) AS claims;

-- name: InsertRoute :exec
INSERT INTO route (id, position, country, prefix, service, sender, tag, carrier_id, description, enabled)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: Routes :many
SELECT * FROM route ORDER BY position, id;

-- name: UpdateRoute :execrows
UPDATE route SET position = $2, country = $3, prefix = $4, service = $5, sender = $6, tag = $7, carrier_id = $8,
  description = $9, enabled = $10 WHERE id = $1;

-- name: DeleteRoute :execrows
DELETE FROM route WHERE id = $1;

-- name: Rates :many
SELECT * FROM rate ORDER BY country;

-- name: SetRate :exec
INSERT INTO rate (country, credits) VALUES ($1, $2) ON CONFLICT (country) DO UPDATE SET credits = excluded.credits;

-- name: ShortNumbers :many
SELECT * FROM short_number ORDER BY number;

-- name: InsertShortNumber :execrows
INSERT INTO short_number (number, country, carrier_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: DeleteShortNumber :execrows
DELETE FROM short_number WHERE number = $1;
