-- name: InsertPerson :exec
INSERT INTO account (id, name, country, description, operator, created_at, employer, role, operator_role)
VALUES ($1, $2, $3, $4, FALSE, $5, $6, $7, $8);

-- name: PeopleOfAccount :many
SELECT * FROM account WHERE employer = $1 AND role <> 'removed' ORDER BY id;

-- name: CountPeople :one
SELECT COUNT(*) FROM account WHERE employer = $1 AND role <> 'removed';

-- name: UpdatePerson :exec
UPDATE account SET description = $2, role = $3, operator_role = $4 WHERE id = $1;

-- name: RemovePerson :exec
UPDATE account SET name = $2, role = 'removed', operator_role = 'none' WHERE id = $1;

-- name: DeleteLogin :exec
DELETE FROM login WHERE account_id = $1;

-- name: DeleteSessionsOf :exec
DELETE FROM session WHERE account_id = $1;

-- name: EndCredentialsOfPerson :exec
UPDATE credential SET status = 'expired' WHERE person_id = $1 AND status IN ('validated', 'pendingValidation');

-- name: DeleteClientsOfPerson :exec
DELETE FROM oauth_client WHERE person_id = $1;

