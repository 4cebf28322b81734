-- name: InsertApplication :exec
INSERT INTO application (id, account_id, key, secret, name, description, status, created_at, person_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: InsertCredential :exec
INSERT INTO credential (id, account_id, application_id, key_hash, status, rules, allowed_ips, created_at, expires_at, last_use, person_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10);

-- name: ApplicationByKey :one
SELECT * FROM application WHERE key = $1;

-- name: CredentialByHash :one
SELECT c.*, a.name AS account, a.country, a.operator, a.operator_role, COALESCE(p.name, '') AS person, COALESCE(p.role, '') AS role,
       COALESCE(p.operator_role, '') AS person_operator_role
  FROM credential c JOIN account a ON a.id = c.account_id LEFT JOIN account p ON p.id = c.person_id WHERE c.key_hash = $1;

-- name: Credentials :many
SELECT c.*, a.name AS account, p.name AS application, p.key FROM credential c
  JOIN account a ON a.id = c.account_id JOIN application p ON p.id = c.application_id ORDER BY c.id;

-- name: EndCredential :one
UPDATE credential SET status = 'expired' WHERE id = $1 RETURNING account_id;

-- name: TouchCredentialRefusal :exec
UPDATE credential SET last_refusal = $2, refusal = $3 WHERE id = $1 AND last_refusal < $2;

-- name: InsertCredentialRequest :exec
INSERT INTO credential_request (token_hash, credential_id, redirection) VALUES ($1, $2, $3);

-- name: CredentialRequest :one
SELECT c.*, r.redirection, p.name AS application, p.description, p.key, a.name AS owner FROM credential_request r
  JOIN credential c ON c.id = r.credential_id JOIN application p ON p.id = c.application_id JOIN account a ON a.id = p.account_id
 WHERE r.token_hash = $1;

-- name: AnswerCredential :execrows
UPDATE credential SET account_id = $2, status = $3, expires_at = $4, person_id = $5, rules = $6 WHERE id = $1 AND status = 'pendingValidation';

-- name: SetCredentialIPs :execrows
UPDATE credential SET allowed_ips = $3 WHERE id = $1 AND account_id = $2;

-- name: CredentialsOfAccount :many
SELECT c.*, p.name AS application, p.key FROM credential c JOIN application p ON p.id = c.application_id WHERE c.account_id = $1 ORDER BY c.id;

-- name: CredentialOfAccount :one
SELECT c.*, p.name AS application, p.key FROM credential c JOIN application p ON p.id = c.application_id WHERE c.id = $1 AND c.account_id = $2;

-- name: DeleteCredential :execrows
DELETE FROM credential WHERE id = $1 AND account_id = $2;

-- name: DropUnanswered :exec
DELETE FROM credential WHERE status = 'pendingValidation' AND expires_at < $1;

-- name: ApplicationsOfAccount :many
SELECT * FROM application WHERE account_id = $1 ORDER BY id;

-- name: ApplicationByID :one
SELECT * FROM application WHERE id = $1;

-- name: DeleteCredentialsOfApplication :exec
DELETE FROM credential WHERE application_id = $1;

-- name: DeleteApplication :execrows
DELETE FROM application WHERE id = $1 AND account_id = $2;

-- name: AuthRev :one
SELECT next FROM sequence WHERE name = 'auth';

-- name: BumpAuth :one
UPDATE sequence SET next = next + 1 WHERE name = 'auth' RETURNING next;

-- name: NoteAuthChange :exec
INSERT INTO auth_change (rev, account_id) VALUES ($1, $2);

-- name: DropAuthChanges :exec
DELETE FROM auth_change WHERE rev <= $1;

-- name: AccountsOfApplication :many
SELECT DISTINCT account_id FROM credential WHERE application_id = $1;
