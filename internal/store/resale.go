package store

import (
	"context"

	"ramier/internal/sms"
)

// AccountByID gives an account. Error: NoObject.
func (s *Store) AccountByID(ctx context.Context, id int64) (sms.Account, error) {
	row, err := s.read.AccountByID(ctx, id)
	return accountFrom(row), found(err, "account", id)
}
