package store

import (
	"context"
	"encoding/json"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Restrictions lists what operators do to messages, by id.
func (s *Store) Restrictions(ctx context.Context) ([]sms.Restriction, error) {
	rows, err := s.read.Restrictions(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Restriction, len(rows))
	for i, row := range rows {
		all[i] = sms.Restriction{
			ID: row.ID, Country: row.Country, Prefix: row.Prefix, Operators: row.Operators, Code: row.Code, Substitution: row.Substitution,
		}
		if err := json.Unmarshal([]byte(row.Messages), &all[i].Messages); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// AddRestriction adds one; its id is filled in.
func (s *Store) AddRestriction(ctx context.Context, r *sms.Restriction) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	r.ID = id
	messages, err := json.Marshal(r.Messages)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		return t.InsertRestriction(ctx, query.InsertRestrictionParams{
			ID: id, Country: r.Country, Prefix: r.Prefix, Operators: r.Operators, Code: r.Code, Substitution: r.Substitution, Messages: string(messages),
		})
	})
}

// DeleteRestriction removes one. Error: NoObject.
func (s *Store) DeleteRestriction(ctx context.Context, id int64) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteRestriction(ctx, id)
		return changed(n, err, "id", id)
	})
}
