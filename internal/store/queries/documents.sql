-- name: InsertDocument :exec
INSERT INTO document (id, account_id, service_id, kind, sender, name, description, tags, secret, upload, size, created_at, expires_at, uploaded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: DocumentIDs :many
SELECT id FROM document WHERE account_id = $1 AND service_id = $2 AND kind = $3 AND sender = $4 AND (expires_at = 0 OR expires_at > $5) ORDER BY created_at, id;

-- name: Document :one
SELECT * FROM document WHERE id = $1;

-- name: DocumentUse :one
SELECT COUNT(*) AS documents, CAST(COALESCE(SUM(size), 0) AS bigint) AS bytes FROM document WHERE account_id = $1;

-- name: UpdateDocument :execrows
UPDATE document SET name = $2, description = $3, expires_at = $4 WHERE id = $1;

-- name: SetContent :execrows
UPDATE document SET upload = $2, size = $3, uploaded_at = $4 WHERE id = $1;

-- name: DeleteDocument :execrows
DELETE FROM document WHERE id = $1;

-- name: InsertPiece :exec
INSERT INTO document_piece (upload, n, at, content) VALUES ($1, $2, $3, $4);

-- name: Piece :one
SELECT content FROM document_piece WHERE upload = $1 AND n = $2;

-- name: DeletePieces :exec
DELETE FROM document_piece WHERE upload = $1;

-- name: DropExpiredDocuments :exec
DELETE FROM document WHERE expires_at > 0 AND expires_at <= $1;

-- name: DropLostPieces :exec
DELETE FROM document_piece WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM document d WHERE d.upload = document_piece.upload);

-- name: InsertOrigin :exec
INSERT INTO document_origin (account_id, origin) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: Origins :many
SELECT origin FROM document_origin WHERE account_id = $1 ORDER BY origin;
