-- name: InsertPasskey :exec
INSERT INTO passkey (id, account_id, credential_id, domain, content, sign_count, name, created_at, used_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: CountPasskeys :one
SELECT COUNT(*) FROM passkey WHERE account_id = $1;

-- name: PasskeysOfAccount :many
SELECT * FROM passkey WHERE account_id = $1 ORDER BY id;

-- name: PasskeyByCredential :one
SELECT p.*, a.name AS account, a.country, a.operator, a.description FROM passkey p JOIN account a ON a.id = p.account_id WHERE p.credential_id = $1;

-- name: UsePasskey :execrows
UPDATE passkey SET content = $3, sign_count = $4, used_at = $5
    WHERE id = $1 AND account_id = $2 AND (sign_count < $4 OR (sign_count = 0 AND $4 = 0));

-- name: RenamePasskey :execrows
UPDATE passkey SET name = $3 WHERE id = $1 AND account_id = $2;

-- name: DeletePasskey :execrows
DELETE FROM passkey WHERE id = $1 AND account_id = $2;

-- name: DeletePasskeys :exec
DELETE FROM passkey WHERE account_id = $1;

-- name: SpendTicket :execrows
INSERT INTO spent_ticket (hash, until) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING;

-- name: DropSpentTickets :exec
DELETE FROM spent_ticket WHERE until < $1;

-- name: InsertIdentity :execrows
INSERT INTO identity (id, account_id, issuer, subject, label, linked_by, created_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
    ON CONFLICT (issuer, subject) DO NOTHING;

-- name: CountIdentities :one
SELECT COUNT(*) FROM identity WHERE account_id = $1;

-- name: IdentitiesOfAccount :many
SELECT * FROM identity WHERE account_id = $1 ORDER BY id;

-- name: IdentityBySubject :one
SELECT i.*, a.name AS account, a.country, a.operator, a.description FROM identity i JOIN account a ON a.id = i.account_id
    WHERE i.issuer = $1 AND i.subject = $2;

-- name: UseIdentity :exec
UPDATE identity SET label = $2, used_at = $3 WHERE id = $1;

-- name: DeleteIdentity :execrows
DELETE FROM identity WHERE id = $1 AND account_id = $2;

-- name: InsertLoginEvent :exec
INSERT INTO login_event (id, account_id, at, kind, detail, address, agent) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: TrimLoginEvents :exec
DELETE FROM login_event WHERE login_event.account_id = $1
    AND id NOT IN (SELECT e.id FROM login_event e WHERE e.account_id = $1 ORDER BY e.at DESC, e.id DESC LIMIT $2);

-- name: LoginEvents :many
SELECT * FROM login_event WHERE account_id = $1 ORDER BY at DESC, id DESC LIMIT $2;

-- name: AccountsByMail :many
SELECT a.*, p.content FROM profile p JOIN account a ON a.id = p.account_id WHERE p.content LIKE $1 LIMIT 100;
