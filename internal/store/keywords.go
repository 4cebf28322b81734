package store

import (
	"context"

	"ramier/internal/sms"
)

const keywordColumns = "id, service_id, word, description, answer, url, tag, opt, created_at, email"

func scanKeyword(r interface{ Scan(...any) error }) (k sms.KeywordRule, err error) {
	var created int64
	err = r.Scan(&k.ID, &k.ServiceID, &k.Word, &k.Description, &k.Answer, &k.URL, &k.Tag, &k.Opt, &created, &k.Email)
	k.CreatedAt = fromMicros(created)
	return k, err
}

// Keywords lists the keyword rules of a service by id.
func (s *Store) Keywords(ctx context.Context, service int64) ([]sms.KeywordRule, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT "+keywordColumns+" FROM keyword WHERE service_id = $1 ORDER BY id", service)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var all []sms.KeywordRule
	for rows.Next() {
		k, err := scanKeyword(rows)
		if err != nil {
			return nil, unavailable(err)
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// Keyword gives a keyword rule of a service. Error: NoObject.
func (s *Store) Keyword(ctx context.Context, service, id int64) (sms.KeywordRule, error) {
	k, err := scanKeyword(s.reads.QueryRowContext(ctx, "SELECT "+keywordColumns+" FROM keyword WHERE service_id = $1 AND id = $2", service, id))
	return k, found(err, "id", id)
}

// AddKeyword makes a keyword rule; its id is filled in. Error: Conflict if the service has one for the word, or too many.
func (s *Store) AddKeyword(ctx context.Context, k *sms.KeywordRule) (err error) {
	if k.ID, err = s.objectID(ctx); err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		if err := t.room(ctx, "keyword", k.ServiceID); err != nil {
			return err
		}
		_, err := t.db.ExecContext(ctx, "INSERT INTO keyword ("+keywordColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			k.ID, k.ServiceID, k.Word, k.Description, k.Answer, k.URL, k.Tag, k.Opt, micros(k.CreatedAt), k.Email)
		return taken(err, "There is a rule for the word %s already", k.Word)
	})
}

// ChangeKeyword saves a keyword rule. Errors: NoObject; Conflict if the service has another one for the word.
func (s *Store) ChangeKeyword(ctx context.Context, k sms.KeywordRule) error {
	err := s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, `UPDATE keyword SET word = $1, description = $2, answer = $3, url = $4, tag = $5, opt = $6, email = $7
			WHERE id = $8 AND service_id = $9`, k.Word, k.Description, k.Answer, k.URL, k.Tag, k.Opt, k.Email, k.ID, k.ServiceID)
		if err != nil {
			return taken(err, "There is a rule for the word %s already", k.Word)
		}
		return oneRow(res, err, k.ID)
	})
	s.owed.changed(k.ServiceID)
	return err
}

// DeleteKeyword removes a keyword rule. Error: NoObject.
func (s *Store) DeleteKeyword(ctx context.Context, service, id int64) error {
	return s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "DELETE FROM keyword WHERE id = $1 AND service_id = $2", id, service)
		return oneRow(res, err, id)
	})
}
