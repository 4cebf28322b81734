-- name: Restrictions :many
SELECT * FROM restriction ORDER BY id;

-- name: InsertRestriction :exec
INSERT INTO restriction (id, country, prefix, operators, code, substitution, messages) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: DeleteRestriction :execrows
DELETE FROM restriction WHERE id = $1;

-- name: InsertTemplate :execrows
INSERT INTO template (service_id, name, activity, message, description, reason, comment, status, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING;

-- name: Templates :many
SELECT * FROM template WHERE service_id = $1 ORDER BY name;

-- name: Template :one
SELECT * FROM template WHERE service_id = $1 AND name = $2;

-- name: UpdateTemplate :execrows
UPDATE template SET activity = $3, message = $4, description = $5, comment = $6, status = $7, changed_at = $8
 WHERE service_id = $1 AND name = $2;

-- name: DeleteTemplate :execrows
DELETE FROM template WHERE service_id = $1 AND name = $2;

-- name: TemplatesByStatus :many
SELECT t.*, s.name AS service, a.name AS account FROM template t
  JOIN service s ON s.id = t.service_id JOIN account a ON a.id = s.account_id
 WHERE t.status = $1 OR $1 = '' ORDER BY t.changed_at, t.name;

-- name: InsertPhonebook :exec
INSERT INTO phonebook (key, service_id, name, phone_key, rev, created_at) VALUES ($1, $2, $3, $4, 1, $5);

-- name: Phonebooks :many
SELECT * FROM phonebook WHERE service_id = $1 ORDER BY created_at, key;

-- name: Phonebook :one
SELECT * FROM phonebook WHERE service_id = $1 AND key = $2;

-- name: RenamePhonebook :execrows
UPDATE phonebook SET name = $3, rev = rev + 1 WHERE service_id = $1 AND key = $2;

-- name: TouchPhonebook :execrows
UPDATE phonebook SET rev = rev + 1 WHERE service_id = $1 AND key = $2;

-- name: DeletePhonebook :execrows
DELETE FROM phonebook WHERE service_id = $1 AND key = $2;

-- name: DeleteContactsOf :exec
DELETE FROM contact WHERE book = $1;

-- name: CountContacts :one
SELECT COUNT(*) FROM contact WHERE book = $1;

-- name: InsertContact :exec
INSERT INTO contact (id, book, name, surname, team, home_phone, home_mobile, work_phone, work_mobile)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: Contacts :many
SELECT * FROM contact WHERE book = $1 ORDER BY id;

-- name: Contact :one
SELECT * FROM contact WHERE book = $1 AND id = $2;

-- name: UpdateContact :execrows
UPDATE contact SET name = $3, surname = $4, team = $5, home_phone = $6, home_mobile = $7, work_phone = $8, work_mobile = $9
 WHERE book = $1 AND id = $2;

-- name: DeleteContact :execrows
DELETE FROM contact WHERE book = $1 AND id = $2;

-- name: InsertTask :exec
INSERT INTO task (id, service_id, function, status, step, object, document, rev, message, due_at, created_at, done_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: TaskIDs :many
SELECT id FROM task WHERE service_id = $1 AND (status = $2 OR $2 = '') ORDER BY id;

-- name: Task :one
SELECT * FROM task WHERE service_id = $1 AND id = $2;

-- name: LatestTask :one
SELECT * FROM task WHERE service_id = $1 AND object = $2 AND function = $3 ORDER BY id DESC LIMIT 1;

-- name: OpenTasks :many
SELECT * FROM task WHERE status IN ('todo', 'doing') AND due_at <= $1 AND function = $2 ORDER BY due_at, id LIMIT $3;

-- name: UpdateTask :execrows
UPDATE task SET status = $2, step = $3, message = $4, due_at = $5, done_at = $6, document = $7 WHERE id = $1 AND status IN ('todo', 'doing', 'pause');

-- name: DropOldTasks :exec
DELETE FROM task WHERE done_at > 0 AND done_at < $1;

-- name: LookupIDs :many
SELECT id FROM hlr WHERE service_id = $1 AND cleaning_id = 0 ORDER BY id;

-- name: Lookup :one
SELECT * FROM hlr WHERE service_id = $1 AND id = $2;

-- name: LatestLookup :one
SELECT * FROM hlr WHERE service_id = $1 AND receiver = $2 AND status = 'done' ORDER BY id DESC LIMIT 1;

-- name: OpenLookups :many
SELECT * FROM hlr WHERE carrier_id = $1 AND status IN ('todo', 'doing') AND due_at <= $2 ORDER BY due_at, id LIMIT $3;

-- name: StaleLookups :many
SELECT * FROM hlr WHERE status IN ('todo', 'doing') AND created_at < $1 AND due_at <= $2 ORDER BY id LIMIT $3;

-- name: TakeLookup :execrows
UPDATE hlr SET status = 'doing', attempts = attempts + 1, due_at = $3 WHERE id = $1 AND status IN ('todo', 'doing') AND attempts = $2;

-- name: AnswerLookup :execrows
UPDATE hlr SET status = $2, credits = $3, valid = $4, reachable = $5, roaming = $6, ported = $7, network = $8, error = $9, due_at = $10, done_at = $11
 WHERE id = $1 AND status IN ('todo', 'doing');

-- name: Spend :execrows
UPDATE balance SET available = available - $2, used = used + $2 WHERE service_id = $1 AND available >= $2;

-- name: Unspend :exec
UPDATE balance SET available = available + $2, used = used - $2 WHERE service_id = $1;

-- name: InsertVirtualNumber :exec
INSERT INTO virtual_number (number, id, country, service_id, carrier_id, renewal, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: VirtualNumbers :many
SELECT v.*, s.name AS service, s.account_id FROM virtual_number v JOIN service s ON s.id = v.service_id ORDER BY v.number;

-- name: VirtualNumber :one
SELECT v.*, s.name AS service, s.account_id FROM virtual_number v JOIN service s ON s.id = v.service_id WHERE v.number = $1;

-- name: SetRenewal :execrows
UPDATE virtual_number SET renewal = $2 WHERE number = $1;

-- name: DeleteVirtualNumber :execrows
DELETE FROM virtual_number WHERE number = $1;
