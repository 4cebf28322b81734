package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddDocument adds the record of a file; its content comes later. Error: TooLarge past the number of documents that a customer may
// have.
func (s *Store) AddDocument(ctx context.Context, d sms.Document) error {
	return s.write(ctx, other, func(t *tx) error { return s.addDocument(ctx, t, d) })
}

func (s *Store) addDocument(ctx context.Context, t *tx, d sms.Document) error {
	tags, err := json.Marshal(d.Tags)
	if err != nil {
		return err
	}
	use, err := t.DocumentUse(ctx, d.AccountID)
	if err != nil {
		return err
	}
	if use.Documents >= sms.MaxDocuments {
		return sms.Errorf(sms.TooLarge, "there are %d documents already, as many as may be: delete some under /me/document", use.Documents)
	}
	return t.InsertDocument(ctx, query.InsertDocumentParams{
		ID: d.ID, AccountID: d.AccountID, ServiceID: d.ServiceID, Kind: d.Kind, Sender: d.Sender, Name: d.Name, Description: d.Description,
		Tags: string(tags), Secret: s.sealer.Seal(d.Secret), CreatedAt: micros(d.CreatedAt), ExpiresAt: micros(d.ExpiresAt),
	})
}

// Documents lists the ids of a customer's documents of a kind, the oldest first: of a service and sender for supporting documents, 0
// and empty for those of /me/document. Those whose time is over are left out.
func (s *Store) Documents(ctx context.Context, account, service int64, kind, sender string, now time.Time) ([]string, error) {
	ids, err := s.read.DocumentIDs(ctx, query.DocumentIDsParams{AccountID: account, ServiceID: service, Kind: kind, Sender: sender, ExpiresAt: micros(now)})
	if err != nil {
		return nil, unavailable(err)
	}
	return ids, nil
}

// Document gives a document of a customer. Error: NoObject, also for one of somebody else.
func (s *Store) Document(ctx context.Context, account int64, id string) (sms.Document, error) {
	d, err := s.AnyDocument(ctx, id)
	if err == nil && d.AccountID != account {
		return sms.Document{}, noObject("id", id)
	}
	return d, err
}

// AnyDocument gives a document of whomever it is: for those who know its secret, and for the operator. Error: NoObject.
func (s *Store) AnyDocument(ctx context.Context, id string) (sms.Document, error) {
	row, err := s.read.Document(ctx, id)
	if err != nil {
		return sms.Document{}, found(err, "id", id)
	}
	return s.documentFrom(row)
}

func (s *Store) documentFrom(row query.Document) (sms.Document, error) {
	secret, err := s.sealer.Open(row.Secret)
	if err != nil {
		return sms.Document{}, err
	}
	d := sms.Document{
		ID: row.ID, AccountID: row.AccountID, ServiceID: row.ServiceID, Kind: row.Kind, Sender: row.Sender, Name: row.Name,
		Description: row.Description, Secret: secret, Upload: row.Upload, Size: row.Size, CreatedAt: fromMicros(row.CreatedAt),
		ExpiresAt: fromMicros(row.ExpiresAt), UploadedAt: fromMicros(row.UploadedAt),
	}
	return d, json.Unmarshal([]byte(row.Tags), &d.Tags)
}

// ChangeDocument saves a document's name, description and end. Error: NoObject.
func (s *Store) ChangeDocument(ctx context.Context, d sms.Document) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.UpdateDocument(ctx, query.UpdateDocumentParams{ID: d.ID, Name: d.Name, Description: d.Description, ExpiresAt: micros(d.ExpiresAt)})
		return changed(n, err, "id", d.ID)
	})
}

// DeleteDocument removes a document with its content. Error: NoObject.
func (s *Store) DeleteDocument(ctx context.Context, d sms.Document) error {
	return s.write(ctx, other, func(t *tx) error {
		row, err := t.Document(ctx, d.ID)
		if err != nil {
			return found(err, "id", d.ID)
		}
		if err := t.DeletePieces(ctx, row.Upload); err != nil {
			return err
		}
		_, err = t.DeleteDocument(ctx, d.ID)
		return err
	})
}

// piece is how many bytes of a content one row has. They go into the store one by one, so that no other write waits long for them.
const piece = 256 << 10

// SetContent reads the content of a document to its end and puts it in the place of what was there. Until it is complete nothing
// changes. Errors: TooLarge past the limits, NoObject if the document is gone, and those of r.
func (s *Store) SetContent(ctx context.Context, d sms.Document, r io.Reader, at time.Time) (size int64, err error) {
	return s.setContent(ctx, d, r, at, room{sms.MaxDocument, sms.MaxDocumentsBytes})
}

// SetExport is SetContent for a file that the platform makes, which may be larger.
func (s *Store) SetExport(ctx context.Context, d sms.Document, r io.Reader, at time.Time) (size int64, err error) {
	return s.setContent(ctx, d, r, at, room{sms.MaxExport, sms.MaxExportsBytes})
}

// room is how many bytes a document may have, and all documents of its customer together.
type room struct{ one, all int64 }

func (s *Store) setContent(ctx context.Context, d sms.Document, r io.Reader, at time.Time, most room) (size int64, err error) {
	upload, err := s.objectID(ctx)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			s.dropUpload(ctx, upload)
		}
	}()
	buffer := make([]byte, piece)
	for n := int64(0); ; n++ {
		length, err := io.ReadFull(r, buffer)
		if size += int64(length); size > most.one {
			return 0, sms.Errorf(sms.TooLarge, "The document has more than %d bytes", most.one)
		}
		if length > 0 {
			if err := s.addPiece(ctx, upload, n, buffer[:length]); err != nil {
				return 0, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	return size, s.finishUpload(ctx, d, upload, size, at, most.all)
}

func (s *Store) addPiece(ctx context.Context, upload, n int64, content []byte) error {
	return s.write(ctx, other, func(t *tx) error {
		return t.InsertPiece(ctx, query.InsertPieceParams{Upload: upload, N: n, At: time.Now().UnixMicro(), Content: content})
	})
}

func (s *Store) finishUpload(ctx context.Context, d sms.Document, upload, size int64, at time.Time, all int64) error {
	return s.write(ctx, other, func(t *tx) error {
		row, err := t.Document(ctx, d.ID)
		if err != nil {
			return found(err, "id", d.ID)
		}
		use, err := t.DocumentUse(ctx, row.AccountID)
		if err != nil {
			return err
		}
		if use.Bytes-row.Size+size > all {
			return sms.Errorf(sms.TooLarge, "all documents together would have more than %d bytes: delete some under /me/document", all)
		}
		if row.Upload != 0 {
			if err := t.DeletePieces(ctx, row.Upload); err != nil {
				return err
			}
		}
		_, err = t.SetContent(ctx, query.SetContentParams{ID: d.ID, Upload: upload, Size: size, UploadedAt: micros(at)})
		return err
	})
}

// dropUpload removes what has come of an upload that failed; if it cannot, DropDocuments will.
func (s *Store) dropUpload(ctx context.Context, upload int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.write(ctx, other, func(t *tx) error { return t.DeletePieces(ctx, upload) }); err != nil {
		s.log.Warn("cannot remove a broken upload", "error", err)
	}
}

// Content reads what a document holds, piece by piece. Reading fails if it is replaced or deleted meanwhile.
func (s *Store) Content(ctx context.Context, d sms.Document) io.Reader {
	return &content{ctx: ctx, s: s, d: d}
}

type content struct {
	ctx  context.Context // of the one who reads
	s    *Store
	d    sms.Document
	n    int64
	read int64
	rest []byte
}

func (c *content) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.read >= c.d.Size {
			return 0, io.EOF
		}
		next, err := c.s.read.Piece(c.ctx, query.PieceParams{Upload: c.d.Upload, N: c.n})
		if err != nil {
			return 0, fmt.Errorf("the document %s was replaced or deleted while it was read: %w", c.d.ID, found(err, "id", c.d.ID))
		}
		c.rest, c.n, c.read = next, c.n+1, c.read+int64(len(next))
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// lostAfter is how long the pieces of an upload are kept that nothing refers to: it may still be under way.
const lostAfter = 24 * time.Hour

// DropDocuments removes documents whose time is over, and what broken uploads have left.
func (s *Store) DropDocuments(ctx context.Context, now time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		err := t.DropExpiredDocuments(ctx, micros(now))
		if err == nil {
			err = t.DropLostPieces(ctx, time.Now().Add(-lostAfter).UnixMicro())
		}
		return err
	})
}

// AllowOrigin lets pages of a web origin use the addresses of a customer's documents.
func (s *Store) AllowOrigin(ctx context.Context, account int64, origin string) error {
	const most = 50
	return s.write(ctx, other, func(t *tx) error {
		all, err := t.Origins(ctx, account)
		if err == nil && len(all) >= most {
			return sms.Errorf(sms.TooLarge, "there are %d origins already, as many as may be", len(all))
		}
		if err != nil {
			return err
		}
		return t.InsertOrigin(ctx, query.InsertOriginParams{AccountID: account, Origin: origin})
	})
}

// Origins lists the web origins that may use the addresses of a customer's documents.
func (s *Store) Origins(ctx context.Context, account int64) ([]string, error) {
	all, err := s.read.Origins(ctx, account)
	if err != nil {
		return nil, unavailable(err)
	}
	return all, nil
}
